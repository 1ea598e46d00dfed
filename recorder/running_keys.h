/** Data keys of recordings that are being written, kept in memory that outlives the recorder but
 *  not the machine: after a kill the recorder can repair and sign what it had just written; after a
 *  power cut nobody can. One file per key, 0600, gone when its recording is sealed.
 *
 *  Functions may be called by any thread. Errors are -errno. */
#pragma once

#include "recorder/crypt/data_key.h"

struct running_keys;

/** Opens the directory, which should be of a tmpfs: logs a warning when it is not. */
int running_keys_open(const char *dir, struct running_keys **ret_keys);
/** NULL is fine. */
void running_keys_close(struct running_keys *keys);

int running_keys_put(const struct running_keys *keys, const char *session_id, unsigned number,
		     const struct data_key *key);
/** -ENOENT: not kept, the machine was restarted meanwhile. -EBADMSG: not a key. */
int running_keys_get(const struct running_keys *keys, const char *session_id, unsigned number,
		     struct data_key **ret_key);
/** Removes all keys of a recording. */
void running_keys_forget(const struct running_keys *keys, const char *session_id);
