/** The running console service: everything main puts together, in the order it must be taken
 *  apart again. Main thread. */
#pragma once

#include "base/config.h"

struct service;

/** Whether everything the console needs is set; opens nothing. False and an error that names the
 *  key. */
bool service_check_config(const struct config *config, GError **error);

/** Opens keys, database and port; requests are answered from here on. NULL and an error that names
 *  what is in the way. `config` is borrowed. */
struct service *service_create(const struct config *config, GError **error);

/** Takes no new requests and tells every live page that it is over. */
void service_stop(struct service *service);

/** After service_stop: waits for pages to leave (a second at most), then for running requests. */
void service_destroy(struct service *service);
