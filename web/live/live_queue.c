/* The bounded queue towards one browser. It knows frames only as bytes that may or may not be
 * dropped. */
#include "web/live/live_queue.h"

#include <string.h>

struct live_queued {
	GBytes *frame;
	bool picture;
	uint64_t since_us;
};

static void queued_free(void *item)
{
	struct live_queued *queued = item;

	g_bytes_unref(queued->frame);
	g_free(queued);
}

void live_queue_init(struct live_queue *queue)
{
	*queue = (struct live_queue){.bytes = 0};
	g_queue_init(&queue->frames);
}

void live_queue_finish(struct live_queue *queue)
{
	g_queue_clear_full(&queue->frames, queued_free);
	queue->bytes = queue->head_sent = 0;
}

void live_queue_push(struct live_queue *queue, GBytes *frame, bool picture, uint64_t now_us)
{
	struct live_queued *queued = g_new(struct live_queued, 1);

	*queued = (struct live_queued){.frame = frame, .picture = picture, .since_us = now_us};
	queue->bytes += g_bytes_get_size(frame);
	g_queue_push_tail(&queue->frames, queued);
}

bool live_queue_is_late(const struct live_queue *queue, size_t bytes, uint64_t now_us)
{
	for (const GList *at = queue->frames.head; at != NULL; at = at->next) {
		const struct live_queued *queued = at->data;
		if (queued->picture)
			return queue->bytes + bytes > LIVE_QUEUE_MAX_BYTES ||
			       now_us > queued->since_us + LIVE_QUEUE_MAX_AGE_US;
	}
	return false;
}

unsigned live_queue_drop_pictures(struct live_queue *queue)
{
	unsigned dropped = 0;

	for (GList *at = queue->frames.head, *next; at != NULL; at = next) {
		struct live_queued *queued = at->data;
		next = at->next;
		if (!queued->picture || (at == queue->frames.head && queue->head_sent > 0))
			continue;
		queue->bytes -= g_bytes_get_size(queued->frame);
		queued_free(queued);
		g_queue_delete_link(&queue->frames, at);
		dropped++;
	}
	return dropped;
}

size_t live_queue_take(struct live_queue *queue, char *buffer, size_t max_bytes)
{
	size_t done = 0;

	while (done < max_bytes && !g_queue_is_empty(&queue->frames)) {
		struct live_queued *queued = g_queue_peek_head(&queue->frames);
		gsize size;
		const char *bytes = g_bytes_get_data(queued->frame, &size);
		size_t n = MIN(size - queue->head_sent, max_bytes - done);
		memcpy(buffer + done, bytes + queue->head_sent, n);
		done += n;
		queue->head_sent += n;
		if (queue->head_sent == size) {
			queue->bytes -= size;
			queue->head_sent = 0;
			queued_free(g_queue_pop_head(&queue->frames));
		}
	}
	return done;
}
