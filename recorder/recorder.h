/** Everything vitrine-recorder consists of, put together from a configuration. Main thread. */
#pragma once

#include "base/config.h"

struct recorder;

/** Whether everything the recorder needs is set; opens nothing. False and an error that names the
 *  key. */
bool recorder_check_config(const struct config *config, GError **error);
/** Opens the store, repairs what was left, listens. NULL and an error that names what is missing or
 *  busy. */
struct recorder *recorder_create(const struct config *config, GError **error);
/** Ends all recordings in order, then calls `stopped`. */
void recorder_stop(struct recorder *recorder, void (*stopped)(void *), void *user);
/** After `stopped`. NULL is fine. */
void recorder_destroy(struct recorder *recorder);
