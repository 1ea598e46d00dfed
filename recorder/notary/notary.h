/** Enters everything that must not vanish into the node log, has heads of it told outside the node,
 *  and has seals stamped. On threads of its own: no call waits for a disk, a database or a network,
 *  and nothing that fails here stops a recording. Any thread. */
#pragma once

#include "base/config.h"
#include "recorder/chain/chain_key.h"

struct notary;

struct notary_settings {
	const char *store_dir, *node;
	const struct chain_key *key;	      /**< shared, must outlive the notary */
	const struct chain_key *previous_key; /**< the same; before the last rotation, NULL: none */
	const char *conninfo, *role;	      /**< NULL: no database, no audit leaves */
	const struct config_log *log;
	const struct config_time_stamp *time_stamp;
};

/** Settings are borrowed for the notary's life. Opens the log on its own thread, adds what
 *  recordings in the store lack there, and goes on. Never fails: a log that cannot be opened is
 *  tried again, one that is broken is left as it is and told about. */
struct notary *notary_create(const struct notary_settings *settings);
/** Writes what is waiting and signs a last head; what is not told or stamped yet waits on
 *  the disk. NULL is fine. */
void notary_destroy(struct notary *notary);

/** Each says that an entry lies in the store; `sha256` is the hash of its JSON in hex. `notary`
 *  NULL (tests): nothing happens. */
void notary_genesis(struct notary *notary, const char *session_id, const char *sha256);
void notary_seal(struct notary *notary, const char *session_id, uint64_t seq, const char *sha256);
void notary_checkpoint(struct notary *notary, const char *session_id, uint64_t seq,
		       const char *sha256);
void notary_deletion(struct notary *notary, const char *session_id, const char *sha256);
