/** Everything vitrine-recorder consists of, put together from a configuration. Main thread. */
#pragma once

#include "base/config.h"

struct recorder;

/** Opens the store, repairs what was left, listens. NULL and an error that names what is missing or busy. */
struct recorder *recorder_create(const struct config *config, GError **error);
/** Ends all recordings in order, then calls `stopped`. */
void recorder_stop(struct recorder *recorder, void (*stopped)(void *), void *user);
/** After `stopped`. NULL is fine. */
void recorder_destroy(struct recorder *recorder);
