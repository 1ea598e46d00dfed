/** A listening TCP socket on the main loop. */
#pragma once

#include "base/config.h"
#include "gateway/address.h"

#include <glib.h>

struct listener;

/** An accepted connection: `fd` is taken by the callee; close-on-exec, blocking, no delay,
 *  keep-alive. Main loop. */
typedef void (*listener_accepted)(int fd, const struct address *from, void *user_data);

/** Binds and listens. NULL and a G_IO_ERROR whose text names address and port (a busy one,
 *  no right to bind, ...). */
struct listener *listener_create(const struct config_listen *listen, listener_accepted accepted,
				 void *user_data, GError **error);
void listener_destroy(struct listener *listener); /**< NULL is fine */

/** The port it listens on. */
uint16_t listener_port(const struct listener *listener);
