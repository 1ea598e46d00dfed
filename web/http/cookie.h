/** The Cookie header (RFC 6265 5.4) and the one cookie we set. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** "__Host-": browsers accept it only over TLS, for this very host, path "/", and no
 *  sub-domain can plant it. */
#define COOKIE_LOGIN "__Host-vitrine"

/** Value of cookie `name` in a Cookie header, or NULL. When the name stands there twice the answer
 *  is NULL: somebody planted one.
 *  Free with g_free. `header` may be NULL. */
char *cookie_get(const char *header, const char *name);

/** Set-Cookie value for the login cookie: Secure, HttpOnly, SameSite=Strict. An empty value with
 *  max_age_s 0 removes it. */
char *cookie_set_login(const char *value, uint32_t max_age_s);
