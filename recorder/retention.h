/** Deletes what is due on this node: looks when it is told to and every ten minutes, on a thread
 *  of its own, at leisure. */
#pragma once

#include "recorder/chain/own_tombstone.h"
#include "recorder/store/store.h"

struct retention;

struct retention_settings {
	struct store *store;  /**< shared, must outlive it */
	struct own_keys keys; /**< likewise */
	const char *conninfo, *role, *node;
	/** Of each recording that is gone, with the SHA-256 of its tombstone's JSON. On
	 *  the thread; may be NULL. */
	void (*deleted)(void *user, const char *session_id, const char *sha256);
	void *user;
};

struct retention *retention_create(const struct retention_settings *settings);
/** Looks now. Any thread. */
void retention_wake(struct retention *retention);
/** Waits for the recording that is being deleted; the rest goes on at the next start. NULL is
 *  fine. */
void retention_destroy(struct retention *retention);
