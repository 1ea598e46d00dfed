/** All running recordings by session id: what the gateway asks is carried out here, what recordings
 *  report goes back through `send`. Main thread. */
#pragma once

#include "recorder/recovery.h"

struct registry;

/** Sends a message to the gateway; lost when there is none. */
typedef void (*registry_send_fn)(void *user, enum recorder_type type, const void *message);

struct registry_settings {
	struct recording_services services; /**< but `openers`, which are the registry's own */
	uint64_t reserve_bytes;
	registry_send_fn send;
	void *user;
};

/** Finds what a recorder before us left open; it waits for its session for a while, then it is
 *  sealed as ended by fault. */
struct registry *registry_create(const struct registry_settings *settings);
/** Every recording must be closed; waits for those that are still being opened. */
void registry_destroy(struct registry *registry);

/** Takes `session_fd`. The answer is OPENED, once the recording is there for good: it is opened on
 *  another thread, and what follows for it waits. */
void registry_open(struct registry *registry, const struct recorder_open *open, int session_fd);
/** The answer is TAKEN. */
void registry_event(struct registry *registry, const struct recorder_event *event);
/** The answer is SEALED, or TAKEN when there is nothing to close. */
void registry_close(struct registry *registry, const struct recorder_close *close);

/** Ends every recording; `done` is called once all are closed (at once when there is none). */
void registry_stop(struct registry *registry, enum end_reason reason, void (*done)(void *),
		   void *user);

uint64_t registry_reserve_bytes(const struct registry *registry);
/** Free space now, and whether new recordings are taken. Below an eighth of the reserve running
 *  ones are ended, while there is room to seal them. */
void registry_storage(struct registry *registry, struct recorder_storage *ret);
