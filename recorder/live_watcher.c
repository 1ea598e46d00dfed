/* A watcher's queue. It must not know recordings; it never blocks. */
#include "recorder/live_watcher.h"

#include "base/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

GBytes *live_packet(uint16_t kind, uint16_t flags, const void *first, size_t first_bytes,
		    const void *second, size_t second_bytes)
{
	GByteArray *packet =
		g_byte_array_sized_new((guint)(LIVE_HEADER_BYTES + first_bytes + second_bytes));

	wire_put_u32(packet, (uint32_t)(LIVE_HEADER_BYTES - 4 + first_bytes + second_bytes));
	wire_put_u32(packet, kind | (uint32_t)flags << 16);
	g_byte_array_append(packet, first, (guint)first_bytes);
	if (second_bytes > 0)
		g_byte_array_append(packet, second, (guint)second_bytes);
	return g_byte_array_free_to_bytes(packet);
}

/* The header, which has to say how long the rest is. */
static bool is_kind(const uint8_t *bytes, size_t length, enum live_kind kind)
{
	struct wire_reader r;

	wire_reader_init(&r, bytes, length);
	return length >= LIVE_HEADER_BYTES && wire_get_u32(&r) == length - 4 &&
	       wire_get_u32(&r) == kind;
}

bool live_watch_parse(const uint8_t *bytes, size_t length, struct live_request *ret)
{
	if (!is_kind(bytes, length, LIVE_WATCH) ||
	    message_decode(&live_request_type, bytes + LIVE_HEADER_BYTES,
			   length - LIVE_HEADER_BYTES, ret) < 0)
		return false;
	if (ret->session_id[0] != '\0' && ret->account[0] != '\0')
		return true;
	message_clear(&live_request_type, ret);
	return false;
}

bool live_refresh_parse(const uint8_t *bytes, size_t length)
{
	return length == LIVE_HEADER_BYTES && is_kind(bytes, length, LIVE_REFRESH);
}

bool live_watcher_flush(struct live_watcher *watcher)
{
	GBytes *head;

	while (!watcher->broken && (head = g_queue_peek_head(&watcher->packets)) != NULL) {
		gsize length;
		const uint8_t *bytes = g_bytes_get_data(head, &length);
		ssize_t n = send(watcher->fd, bytes + watcher->sent_of_head,
				 length - watcher->sent_of_head, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n < 0) {
			watcher->broken = true;
			break;
		}
		watcher->sent_of_head += (size_t)n;
		if (watcher->sent_of_head < length)
			continue;
		watcher->sent_of_head = 0;
		watcher->queued_bytes -= length;
		g_bytes_unref(g_queue_pop_head(&watcher->packets));
	}
	return false;
}

void live_watcher_push(struct live_watcher *watcher, GBytes *packet)
{
	watcher->queued_bytes += g_bytes_get_size(packet);
	g_queue_push_tail(&watcher->packets, g_bytes_ref(packet));
	live_watcher_flush(watcher);
}

void live_watcher_drop_queue(struct live_watcher *watcher)
{
	guint keep = watcher->sent_of_head > 0 ? 1 : 0;

	while (g_queue_get_length(&watcher->packets) > keep) {
		GBytes *last = g_queue_pop_tail(&watcher->packets);
		watcher->queued_bytes -= g_bytes_get_size(last);
		g_bytes_unref(last);
	}
}
