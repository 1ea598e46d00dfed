/** The running gateway: everything main puts together, in the order it must be taken apart
 *  again. */
#pragma once

#include "base/config.h"

#include <stdbool.h>

struct gateway;

/** Whether everything the gateway needs is set; opens nothing. False and an error that names the
 *  key. */
bool gateway_check_config(const struct config *config, GError **error);

/** Opens ports, keys, database and session processes. NULL and an error that names what is in the
 *  way. */
struct gateway *gateway_create(const struct config *config, GError **error);

/** Turns new viewers away and ends the sessions in order; `stopped` runs when the last one is gone
 *  (at the latest after a few seconds, by force). */
void gateway_stop(struct gateway *gateway, void (*stopped)(void *user_data), void *user_data);

/** After gateway_stop has finished, or a gateway that never served. NULL is fine. */
void gateway_destroy(struct gateway *gateway);
