/* A growing queue of bytes. It must not know where they come from. */
#include "gateway/vnc/byte_queue.h"

#include <glib.h>
#include <string.h>

size_t byte_queue_length(const struct byte_queue *queue)
{
	return queue->end - queue->at;
}

uint8_t *byte_queue_room(struct byte_queue *queue)
{
	if (queue->at == queue->end)
		queue->at = queue->end = 0;
	if (queue->size - queue->end < BYTE_QUEUE_CHUNK_BYTES && queue->at > 0) {
		memmove(queue->bytes, queue->bytes + queue->at, byte_queue_length(queue));
		queue->end -= queue->at;
		queue->at = 0;
	}
	if (queue->size - queue->end < BYTE_QUEUE_CHUNK_BYTES) {
		queue->size = MAX(queue->size * 2, queue->end + BYTE_QUEUE_CHUNK_BYTES);
		queue->bytes = g_realloc(queue->bytes, queue->size);
	}
	return queue->bytes + queue->end;
}

void byte_queue_shrink(struct byte_queue *queue)
{
	if (queue->at != queue->end || queue->size <= 4 * BYTE_QUEUE_CHUNK_BYTES)
		return;
	g_free(queue->bytes);
	*queue = (struct byte_queue){0};
}

void byte_queue_finish(struct byte_queue *queue)
{
	g_free(queue->bytes);
	*queue = (struct byte_queue){0};
}
