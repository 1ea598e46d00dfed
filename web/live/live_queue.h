/** Frames waiting for one browser, bounded: when it cannot keep up, pictures are
 *  dropped, never stored for later.
 *
 *  Not locked; live_page guards it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Beyond this much waiting, pictures are dropped. A single larger picture is still taken
 *  when nothing else waits. */
#define LIVE_QUEUE_MAX_BYTES (2u << 20)
/** Beyond this age of the oldest waiting picture, too: a supervisor wants to see what is, not what
 *  was. */
#define LIVE_QUEUE_MAX_AGE_US 1500000u

struct live_queue {
	GQueue frames; /**< struct live_queued */
	size_t bytes;
	size_t head_sent; /**< bytes of the first frame that are on their way already */
};

void live_queue_init(struct live_queue *queue);
void live_queue_finish(struct live_queue *queue);

/** Takes `frame`. `picture`: it may be dropped later. */
void live_queue_push(struct live_queue *queue, GBytes *frame, bool picture, uint64_t now_us);

/** True when a picture of `bytes` should not be added any more. */
bool live_queue_is_late(const struct live_queue *queue, size_t bytes, uint64_t now_us);

/** Drops all pictures but a half-sent one. Returns how many. */
unsigned live_queue_drop_pictures(struct live_queue *queue);

/** Moves up to max_bytes to `buffer`; returns their number, 0 when empty. */
size_t live_queue_take(struct live_queue *queue, char *buffer, size_t max_bytes);
