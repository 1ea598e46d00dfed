/** Gets time stamps for seals, and for checkpoints when the configuration says so. What is asked
 *  for waits on the disk until it is answered, through crashes and days without an authority. A
 *  thread of its own; the calls return at once but for a small synced file. */
#pragma once

#include "base/config.h"

struct stamper;

/** Settings are borrowed for the stamper's life; without a URL nothing is asked for. */
struct stamper *stamper_create(const char *store_dir, const struct config_time_stamp *settings);
/** NULL is fine. */
void stamper_destroy(struct stamper *stamper);

/** Wishes for a stamp over an entry's hash (hex). */
void stamper_add(struct stamper *stamper, const char *session_id, uint64_t seq, const char *sha256);
/** Whether a checkpoint of this recording is due for a stamp; when true, it counts as
 *  asked for. Any thread. */
bool stamper_wants_checkpoint(struct stamper *stamper, const char *session_id);

/** The recording is over. Any thread. */
void stamper_forget(struct stamper *stamper, const char *session_id);

/** Wishes that wait; tries that failed since the start. Any thread. */
void stamper_counts(struct stamper *stamper, uint64_t *ret_waiting, uint64_t *ret_failed);
