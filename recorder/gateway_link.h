/** The gateway's connection to the recorder: one at a time, over the recorder's socket. Main
 *  thread. */
#pragma once

#include "recorder/registry.h"

struct gateway_link;

/** Listens. The registry is set afterwards, because it sends through this link. Returns 0 or
 *  -errno. */
int gateway_link_create(const char *socket_path, struct gateway_link **ret_link);
void gateway_link_destroy(struct gateway_link *link);

/** From now on connections are accepted and their messages carried out. */
void gateway_link_serve(struct gateway_link *link, struct registry *registry);

/** A registry_send_fn; `user` is the link. */
void gateway_link_send(void *user, enum recorder_type type, const void *message);
