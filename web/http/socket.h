/** The listening socket, made by us so that a busy port is told in plain words. */
#pragma once

#include <glib.h>
#include <stdint.h>

/** Binds and listens on a numeric address. A close-on-exec descriptor, or -1 and
 *  HTTP_ERROR_LISTEN. */
int socket_listen(const char *address, uint16_t port, GError **error);
