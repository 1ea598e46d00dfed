/** Bytes on their way in one direction: written at the end, read from the front. Whoever fills it
 *  bounds it, by not asking for room any more. One thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** How much one read may bring. */
#define BYTE_QUEUE_CHUNK_BYTES 65536u

/** Zeroed: an empty one. What waits are the bytes from `at` to `end`; a reader moves `at`, a writer
 *  moves `end`. */
struct byte_queue {
	uint8_t *bytes;
	size_t at, end, size;
};

/** How many bytes wait. */
size_t byte_queue_length(const struct byte_queue *queue);
/** Room for one chunk behind `end`; may move what waits. Valid until the next call. */
uint8_t *byte_queue_room(struct byte_queue *queue);
/** Gives the memory of a burst back once the queue is empty. */
void byte_queue_shrink(struct byte_queue *queue);
/** Frees what waits. */
void byte_queue_finish(struct byte_queue *queue);
