/** Is the target who it must be? Decides by the pin or the CA that came with the grant. Knows
 *  OpenSSL, not FreeRDP. */
#pragma once

#include "gateway/session/back.h"

#include <stddef.h>

/** Checks the certificate a target showed in its TLS handshake.
 *  pem         leaf first, then what the target sent to help, as one PEM text; need not be
 *              NUL-terminated
 *  ret_detail  after a refusal: why, for the log (g_malloc); untouched otherwise
 *
 *  A pin (target->certificate_sha256: hex, colons and case do not matter) decides alone. Without a
 *  pin the leaf must chain to a certificate of target->ca_pem, be valid now, be meant for servers
 *  and name target->host. Without either nothing is accepted.
 *  Any thread. Returns 0; -EACCES: not this target, or nothing to know it by;
 *  -EPROTO: not a certificate. */
int rdp_certificate_check(const struct back_target *target, const void *pem, size_t length,
			  char **ret_detail);
