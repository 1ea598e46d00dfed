/** How the node log fares, for those who watch over the node: a small file beside it that the
 *  recorder writes and the web program reads. Nothing in it proves anything. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct log_status {
	bool open; /**< the log takes leaves */
	uint64_t leaves, signed_leaves;
	uint64_t heads_told, heads_failed; /**< to places outside, since the recorder's start */
	uint64_t stamps_waiting, stamps_failed;
};

/** Returns 0 or -errno. */
int log_status_write(const char *store_dir, const struct log_status *status);
/** -ENOENT: there is no log, or no recorder has written yet; -EPROTO: not a status. */
int log_status_read(const char *store_dir, struct log_status *ret);
