/* From the recorder's socket to the browser's stream: cutting packets, bounded queue, and a whole
 * page over a fake recorder. */
#include "base/clock.h"
#include "base/wire.h"
#include "ipc/live_proto.h"
#include "web/live/live_demux.h"
#include "web/live/live_frame.h"
#include "web/live/live_hub.h"
#include "web/live/live_queue.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SESSION "01234567-89ab-cdef-0123-456789abcdef"

static void put_packet(GByteArray *out, unsigned kind, unsigned flags, const void *payload,
		       size_t length)
{
	wire_put_u32(out, (uint32_t)(LIVE_HEADER_BYTES - 4 + length));
	wire_put_u32(out, kind | flags << 16);
	g_byte_array_append(out, payload, (guint)length);
}

static void put_open(GByteArray *out)
{
	g_autoptr(GByteArray) payload = g_byte_array_new();

	wire_put_u32(payload, 640);
	wire_put_u32(payload, 360);
	g_byte_array_append(payload, (const uint8_t *)"avc1.42c01e", 11);
	put_packet(out, LIVE_OPEN, 0, payload->data, payload->len);
}

static void put_unit(GByteArray *out, bool key, uint64_t pts_us, const void *unit, size_t length)
{
	g_autoptr(GByteArray) payload = g_byte_array_new();

	wire_put_u64(payload, pts_us);
	g_byte_array_append(payload, unit, (guint)length);
	put_packet(out, LIVE_UNIT, key ? LIVE_KEY : 0, payload->data, payload->len);
}

/* The same bytes in pieces of every size give the same packets. */
static void demux_however_cut(void)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	put_open(bytes);
	put_unit(bytes, true, 1234567, "IDR", 3);
	put_packet(bytes, LIVE_END, 0, "terminated", 10);
	for (size_t piece = 1; piece <= bytes->len; piece++) {
		struct live_demux demux;
		struct live_packet packet;
		g_autoptr(GString) seen = g_string_new(NULL);
		live_demux_init(&demux);
		for (size_t at = 0; at < bytes->len; at += piece) {
			live_demux_feed(&demux, bytes->data + at, MIN(piece, bytes->len - at));
			while (live_demux_next(&demux, &packet) == 1)
				g_string_append_printf(
					seen, "%u/%u:%.*s|", packet.kind, packet.flags,
					packet.kind == LIVE_END ? (int)packet.length : 0,
					(const char *)packet.payload);
		}
		g_assert_cmpstr(seen->str, ==, "2/0:|3/1:|4/0:terminated|");
		live_demux_finish(&demux);
	}
}

static void demux_refuses(void)
{
	static const uint32_t lengths[] = {0, 3, LIVE_MAX_BYTES + 1, UINT32_MAX};

	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		struct live_demux demux;
		struct live_packet packet;
		wire_put_u32(bytes, lengths[i]);
		wire_put_u32(bytes, LIVE_UNIT);
		live_demux_init(&demux);
		live_demux_feed(&demux, bytes->data, bytes->len);
		g_assert_cmpint(live_demux_next(&demux, &packet), ==, -EPROTO);
		live_demux_finish(&demux);
	}
}

static void packets_are_checked(void)
{
	uint8_t open[8 + 80] = {0x80, 2, 0, 0, 0x68, 1, 0, 0, 'a', 'v', 'c', '1', '.', '4', '2'};
	g_autofree char *codec = NULL;
	uint32_t width, height;
	uint64_t pts_us;
	const uint8_t *unit;
	size_t length;

	g_assert_true(live_packet_open(&(struct live_packet){.payload = open, .length = 15}, &width,
				       &height, &codec));
	g_assert_cmpuint(width, ==, 640);
	g_assert_cmpuint(height, ==, 360);
	g_assert_cmpstr(codec, ==, "avc1.42");
	static const size_t bad_lengths[] = {0, 4, 8, 16, sizeof(open)};
	for (size_t i = 0; i < G_N_ELEMENTS(bad_lengths); i++)
		g_assert_false(live_packet_open(
			&(struct live_packet){.payload = open, .length = bad_lengths[i]}, &width,
			&height, &codec));
	open[3] = 1; /* 16 million pixels wide */
	g_assert_false(live_packet_open(&(struct live_packet){.payload = open, .length = 15},
					&width, &height, &codec));
	g_assert_false(live_packet_unit(&(struct live_packet){.payload = open, .length = 8},
					&pts_us, &unit, &length));
	g_assert_false(live_packet_unit(&(struct live_packet){.payload = open, .length = 5},
					&pts_us, &unit, &length));
}

static void frame_layout(void)
{
	g_autoptr(GBytes) frame =
		live_frame_new(LIVE_FRAME_UNIT, LIVE_FRAME_KEY, 3, 0x0102030405060708, "xyz", 3);
	static const uint8_t expected[] = {15, 0, 0, 0, 2, 1, 3,   0,	8,  7,
					   6,  5, 4, 3, 2, 1, 'x', 'y', 'z'};
	gsize length;
	const uint8_t *bytes = g_bytes_get_data(frame, &length);

	g_assert_cmpmem(bytes, length, expected, sizeof(expected));
}

static GBytes *filled(char letter, size_t length)
{
	return g_bytes_new_take(g_strnfill(length, letter), length);
}

static void queue_drops_only_pictures(void)
{
	struct live_queue queue;
	char out[16] = "";

	live_queue_init(&queue);
	live_queue_push(&queue, filled('a', 4), true, 0);
	g_assert_cmpuint(live_queue_take(&queue, out, 1), ==, 1);
	live_queue_push(&queue, filled('b', 2), true, 0);
	live_queue_push(&queue, filled('n', 2), false, 0);
	live_queue_push(&queue, filled('c', 2), true, 0);
	/* The half-sent picture stays, or the stream would be torn. */
	g_assert_cmpuint(live_queue_drop_pictures(&queue), ==, 2);
	g_assert_cmpuint(live_queue_take(&queue, out, sizeof(out)), ==, 5);
	g_assert_cmpmem(out, 5, "aaann", 5);
	g_assert_cmpuint(queue.bytes, ==, 0);
	live_queue_finish(&queue);
}

static void queue_is_late(void)
{
	struct live_queue queue;

	live_queue_init(&queue);
	g_assert_false(live_queue_is_late(&queue, LIVE_QUEUE_MAX_BYTES * 2, 0));
	live_queue_push(&queue, filled('n', 4), false, 0);
	g_assert_false(live_queue_is_late(&queue, 1, 10 * LIVE_QUEUE_MAX_AGE_US));
	live_queue_push(&queue, filled('a', 4), true, 100);
	g_assert_false(live_queue_is_late(&queue, 1, 100 + LIVE_QUEUE_MAX_AGE_US));
	g_assert_true(live_queue_is_late(&queue, 1, 101 + LIVE_QUEUE_MAX_AGE_US));
	g_assert_true(live_queue_is_late(&queue, LIVE_QUEUE_MAX_BYTES, 100));
	live_queue_finish(&queue);
}

/* A recorder that this test plays by hand, on the same main loop as the page. */
struct stage {
	char *directory, *path;
	int listener, link;
	struct live_hub *hub;
	struct http_stream *stream;
};

static void stage_accept(struct stage *stage)
{
	uint8_t head[LIVE_HEADER_BYTES], payload[256];
	struct live_request request;

	while ((stage->link = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpint(recv(stage->link, head, sizeof(head), MSG_WAITALL), ==, sizeof(head));
	g_assert_cmpuint(head[4], ==, LIVE_WATCH);
	size_t length = head[0] - 4u;
	g_assert_cmpint(recv(stage->link, payload, length, MSG_WAITALL), ==, (ssize_t)length);
	g_assert_cmpint(message_decode(&live_request_type, payload, length, &request), ==, 0);
	g_assert_cmpstr(request.session_id, ==, SESSION);
	g_assert_cmpstr(request.account, ==, "wendy");
	g_assert_cmpstr(request.address, ==, "192.0.2.7");
	message_clear(&live_request_type, &request);
}

/* The page asks on the connection that it has: to the recording it is one watching. */
static void stage_hear_refresh(struct stage *stage)
{
	uint8_t head[LIVE_HEADER_BYTES];
	ssize_t n;

	while ((n = recv(stage->link, head, sizeof(head), MSG_DONTWAIT)) < 0)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpint(n, ==, sizeof(head));
	g_assert_cmpuint(head[0], ==, 4);
	g_assert_cmpuint(head[4], ==, LIVE_REFRESH);
}

static void stage_open(struct stage *stage)
{
	const char *const ids[] = {SESSION, NULL};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autoptr(GBytes) tag = g_bytes_new_static("tag", 3);

	stage->directory = g_dir_make_tmp("vitrine-live-XXXXXX", NULL);
	stage->path = g_build_filename(stage->directory, "live", NULL);
	g_strlcpy(address.sun_path, stage->path, sizeof(address.sun_path));
	stage->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(stage->listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(stage->listener, 4), ==, 0);
	stage->hub = live_hub_create(stage->path);
	const struct live_page_owner owner = {"wendy", "192.0.2.7", tag};
	stage->stream = live_page_open(stage->hub, ids, &owner);
	g_assert_nonnull(stage->stream);
	stage_accept(stage);
}

static void stage_close(struct stage *stage)
{
	/* As the server does for an answer that is gone. */
	http_stream_release(stage->stream);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(live_hub_count(stage->hub), ==, 0);
	live_hub_destroy(stage->hub);
	close(stage->listener);
	close(stage->link);
	g_unlink(stage->path);
	g_rmdir(stage->directory);
	g_free(stage->path);
	g_free(stage->directory);
}

static void stage_send(struct stage *stage, const GByteArray *bytes)
{
	for (size_t at = 0; at < bytes->len;) {
		ssize_t n = send(stage->link, bytes->data + at, bytes->len - at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			at += (size_t)n;
		else if (errno == EPIPE || errno == ECONNRESET)
			return; /* the page has left to join anew */
		g_main_context_iteration(NULL, FALSE);
	}
}

/* Reads the page until `n` frames came; tells them as "kind/flags/length ". */
static char *stage_read(struct stage *stage, unsigned n)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	GString *seen = g_string_new(NULL);
	char buffer[4096];
	size_t at = 0;

	while (n > 0) {
		ssize_t got = http_stream_read(stage->stream, buffer, sizeof(buffer));
		if (got < 0) {
			g_string_append(seen, "end");
			break;
		}
		g_byte_array_append(bytes, (uint8_t *)buffer, (guint)got);
		for (; n > 0 && bytes->len - at >= 4; n--) {
			uint32_t length = bytes->data[at] | (uint32_t)bytes->data[at + 1] << 8 |
					  (uint32_t)bytes->data[at + 2] << 16;
			if (bytes->len - at - 4 < length)
				break;
			g_string_append_printf(seen, "%u/%u/%u ", bytes->data[at + 4],
					       bytes->data[at + 5], length - 12);
			at += 4 + length;
		}
		g_main_context_iteration(NULL, FALSE);
	}
	return g_string_free(seen, FALSE);
}

static void page_passes_pictures_on(void)
{
	struct stage stage;
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	stage_open(&stage);
	g_assert_cmpuint(live_hub_count(stage.hub), ==, 1);
	put_open(bytes);
	put_unit(bytes, true, 1, "IDR!", 4);
	put_unit(bytes, false, 2, "P", 1);
	put_packet(bytes, 77, 0, "from a newer recorder", 21);
	put_packet(bytes, LIVE_END, 0, "terminated", 10);
	stage_send(&stage, bytes);
	g_autofree char *seen = stage_read(&stage, 5);
	g_assert_cmpstr(seen, ==, "1/0/19 2/1/4 2/0/1 3/0/10 end");
	stage_close(&stage);
}

static void page_survives_the_recorder(void)
{
	struct stage stage;
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	stage_open(&stage);
	put_open(bytes);
	put_unit(bytes, true, 1, "IDR", 3);
	stage_send(&stage, bytes);
	close(stage.link);
	g_autofree char *before = stage_read(&stage, 3);
	g_assert_cmpstr(before, ==, "1/0/19 2/1/3 4/0/0 ");
	stage_accept(&stage);
	/* Nothing is shown before a key picture. */
	g_byte_array_set_size(bytes, 0);
	put_open(bytes);
	put_unit(bytes, false, 2, "P", 1);
	put_unit(bytes, true, 3, "IDR", 3);
	stage_send(&stage, bytes);
	g_autofree char *after = stage_read(&stage, 2);
	g_assert_cmpstr(after, ==, "1/0/19 2/1/3 ");
	stage_close(&stage);
}

/* A browser that reads nothing: memory stays bounded, and it begins anew with a key. */
static void page_skips_ahead(void)
{
	struct stage stage;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree char *picture = g_strnfill(LIVE_QUEUE_MAX_BYTES / 2, 'x');

	stage_open(&stage);
	put_open(bytes);
	for (unsigned i = 0; i < 3; i++)
		put_unit(bytes, i == 0, i, picture, LIVE_QUEUE_MAX_BYTES / 2);
	stage_send(&stage, bytes);
	stage_hear_refresh(&stage);
	g_byte_array_set_size(bytes, 0);
	put_unit(bytes, false, 4, "P", 1);
	put_unit(bytes, true, 5, "IDR", 3);
	stage_send(&stage, bytes);
	g_autofree char *seen = stage_read(&stage, 3);
	g_assert_cmpstr(seen, ==, "1/0/19 5/0/0 2/1/3 ");
	stage_close(&stage);
}

static void page_leaves(void)
{
	struct stage stage;
	g_autoptr(GBytes) tag = g_bytes_new_static("tag", 3), other = g_bytes_new_static("xxx", 3);

	stage_open(&stage);
	g_autoptr(GPtrArray) tags = live_hub_tags(stage.hub);
	g_assert_cmpuint(tags->len, ==, 1);
	live_hub_leave(stage.hub, other, "logged-out");
	live_hub_leave(stage.hub, tag, "logged-out");
	g_autofree char *seen = stage_read(&stage, 2);
	g_assert_cmpstr(seen, ==, "7/0/10 end");
	stage_close(&stage);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/web/live/demux-however-cut", demux_however_cut);
	g_test_add_func("/web/live/demux-refuses", demux_refuses);
	g_test_add_func("/web/live/packets-checked", packets_are_checked);
	g_test_add_func("/web/live/frame-layout", frame_layout);
	g_test_add_func("/web/live/queue-drops", queue_drops_only_pictures);
	g_test_add_func("/web/live/queue-late", queue_is_late);
	g_test_add_func("/web/live/page-pictures", page_passes_pictures_on);
	g_test_add_func("/web/live/page-recorder-away", page_survives_the_recorder);
	g_test_add_func("/web/live/page-skips", page_skips_ahead);
	g_test_add_func("/web/live/page-leaves", page_leaves);
	return g_test_run();
}
