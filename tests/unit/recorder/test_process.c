/* The whole recorder as a process: what was painted is what decodes, the chain holds, watchers see
 * it live, and kill -9 at any moment loses nothing that was signed. */
#include "recorder/chain/verify.h"
#include "recorder/deletion.h"
#include "tests/unit/recorder/recorder_process.h"
#include "tests/unit/recorder/recording_reader.h"

#include "ipc/link.h"
#include "ipc/live_proto.h"
#include "tests/support/patience.h"

#include <glib.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_recording(struct recorder_process *p, enum end_reason reason,
			    struct recorder_sealed *ret)
{
	const struct recorder_close message = {(char *)(uintptr_t)TEST_SESSION, reason, NULL};

	recorder_process_send(p, RECORDER_CLOSE, &message, NULL, 0);
	recorder_process_expect(p, RECORDER_SEALED, ret);
	g_assert_cmpstr(ret->session_id, ==, TEST_SESSION);
	g_assert_cmpuint(ret->ok, ==, 1);
}

static void clear_sealed(struct recorder_sealed *sealed)
{
	message_clear(recorder_message_type(RECORDER_SEALED), sealed);
}

static void expect_verified(const char *dir, const char *end_reason, unsigned notes,
			    struct verify_report *report)
{
	int result = verify_recording(dir, NULL, recorder_process_archive_key(), report);

	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *f = g_ptr_array_index(report->findings, i);
		g_test_message("%s: %s", verify_class_name(f->class), f->text);
	}
	g_assert_cmpint(result, ==, 0);
	g_assert_true(report->sealed);
	g_assert_cmpstr(report->end_reason, ==, end_reason);
	g_assert_cmpuint(report->findings->len, ==, notes);
}

/* Paints something new and waits until a picture more is in the store. */
static void paint_and_wait(const struct recorder_process *p, struct painter *painter,
			   const struct rect *r, uint32_t bgrx)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
	uint64_t before = recorder_process_video_bytes(p);

	painter_fill(painter, r, bgrx);
	while (recorder_process_video_bytes(p) == before && g_get_monotonic_time() < until_us)
		g_usleep(5000);
	g_assert_cmpuint(recorder_process_video_bytes(p), >, before);
}

/* With a database that is away: recording goes on, rows wait, and the end does not wait for them
 * long. */
static void test_record_and_seal(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	struct verify_report report;
	struct recording_reader reader;
	const struct rect whole = {0, 0, 640, 360}, corner = {32, 48, 64, 64};
	const struct recorder_event verdict = {
		(char *)(uintptr_t)TEST_SESSION,
		(char *)(uintptr_t) "{\"type\":\"verdict\",\"origin\":\"forged\"}"};

	recorder_process_init(&p, true);
	recorder_process_start(&p);
	painter_open(&painter, &p, 640, 360, false);
	recorder_process_send(&p, RECORDER_EVENT, &verdict, NULL, 0);
	paint_and_wait(&p, &painter, &whole, 0x00204080);
	painter_event(&painter, "{\"type\":\"key\",\"text\":\"a\"}");
	paint_and_wait(&p, &painter, &corner, 0x00f0f0f0);
	painter_fill(&painter, &(struct rect){400, 200, 16, 16}, 0x0000ff00);
	close_recording(&p, END_VIEWER_LEFT, &sealed);
	painter_finish(&painter);

	g_autofree char *dir = recorder_process_recording(&p);
	expect_verified(dir, "viewer-left", 0, &report);
	g_assert_cmpstr(report.head, ==, sealed.head);
	g_assert_cmpuint(report.n_frames, ==, sealed.frames);
	g_assert_cmpuint(report.n_segments, ==, 1);
	recording_reader_open(&reader, dir);
	g_assert_cmpuint(reader.n_frames, ==, report.n_frames);
	g_assert_cmpint(reader.width, ==, 640);
	g_assert_cmpint(reader.height, ==, 360);
	/* BT.709 limited: 0x204080 (RGB) is Y 69, 0xf0f0f0 is 222; the last paint is in the last
	 * picture. */
	g_assert_cmpint(ABS(recording_reader_luma(&reader, 5, 5) - 69), <=, 2);
	g_assert_cmpint(ABS(recording_reader_luma(&reader, 64, 80) - 222), <=, 2);
	g_assert_cmpint(ABS(recording_reader_luma(&reader, 408, 208) - 173), <=, 2);
	/* It begins with what was painted, not with the canvas before. */
	g_assert_cmpint(ABS(reader.corners->data[0] - 69), <=, 2);
	recording_reader_close(&reader);
	verify_report_finish(&report);
	clear_sealed(&sealed);
	recorder_process_finish(&p);
}

/* A canvas on which nothing ever shows is no reason to have no picture. */
static void test_never_painted(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	struct recording_reader reader;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 320, 200, false);
	close_recording(&p, END_TARGET_CLOSED, &sealed);
	painter_finish(&painter);
	g_assert_cmpuint(sealed.frames, ==, 1);
	g_autofree char *dir = recorder_process_recording(&p);
	recording_reader_open(&reader, dir);
	g_assert_cmpuint(reader.n_frames, ==, 1);
	g_assert_cmpint(reader.corners->data[0], ==, 16);
	recording_reader_close(&reader);
	clear_sealed(&sealed);
	recorder_process_finish(&p);
}

static const char *member(json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

/* Order and origin: a session cannot speak in the gateway's name. */
static void test_timeline(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	static const char *const expected[][2] = {
		{"gateway", "opened"},	       {"recorder", "canvas"}, {"session", "key"},
		{"recorder", "refused-event"}, {"session", "title"},   {"recorder", "end"},
	};

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 320, 200, false);
	painter_event(&painter, "{\"type\":\"key\",\"origin\":\"gateway\",\"t_us\":1}");
	painter_event(&painter, "[\"no object\"]");
	painter_event(&painter, "{\"type\":\"title\"}");
	close_recording(&p, END_TERMINATED, &sealed);
	painter_finish(&painter);
	g_autofree char *text = recorder_process_timeline(&p, TEST_SESSION, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	json_int_t before_us = 0;
	g_assert_cmpuint(g_strv_length(lines), ==, G_N_ELEMENTS(expected) + 1);
	for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
		json_t *line = json_loads(lines[i], JSON_REJECT_DUPLICATES, NULL);
		g_assert_cmpstr(member(line, "origin"), ==, expected[i][0]);
		g_assert_cmpstr(member(line, "type"), ==, expected[i][1]);
		json_int_t t_us = json_integer_value(json_object_get(line, "t_us"));
		g_assert_cmpint(t_us, >=, before_us);
		before_us = t_us;
		json_decref(line);
	}
	clear_sealed(&sealed);
	recorder_process_finish(&p);
}

static void test_resize_goes_on(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	struct verify_report report;
	struct recording_reader reader;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 640, 360, false);
	paint_and_wait(&p, &painter, &(struct rect){0, 0, 640, 360}, 0x00ffffff);
	painter_canvas(&painter, 333, 217);
	paint_and_wait(&p, &painter, &(struct rect){0, 0, 333, 217}, 0x00808080);
	close_recording(&p, END_TARGET_CLOSED, &sealed);
	painter_finish(&painter);
	g_autofree char *dir = recorder_process_recording(&p);
	expect_verified(dir, "target-closed", 0, &report);
	g_assert_cmpuint(report.n_segments, ==, 2);
	recording_reader_open(&reader, dir);
	g_assert_cmpint(reader.width, ==, 333);
	g_assert_cmpint(reader.height, ==, 217);
	g_assert_cmpint(ABS(recording_reader_luma(&reader, 300, 200) - 126), <=, 2);
	recording_reader_close(&reader);
	verify_report_finish(&report);
	clear_sealed(&sealed);
	recorder_process_finish(&p);
}

/* Paints for a while, killed at a random moment; the session offers itself again; at the end the
 * whole verifies, with one gap for each kill. */
static void test_killed_and_resumed(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	struct verify_report report;
	struct recording_reader reader;
	GRand *random = g_rand_new_with_seed(g_test_rand_int());
	const unsigned kills = 6;

	recorder_process_init(&p, false);
	for (unsigned i = 0; i <= kills; i++) {
		recorder_process_start(&p);
		painter_open(&painter, &p, 320 + i % 2 * 64, 240, i > 0);
		unsigned paints = (unsigned)g_rand_int_range(random, 0, 12);
		for (unsigned n = 0; n < paints; n++) {
			painter_event(&painter, "{\"type\":\"key\"}");
			painter_fill(&painter, &(struct rect){n * 16, n * 8, 40, 40},
				     (uint32_t)g_rand_int(random) & 0xffffff);
			g_usleep((gulong)g_rand_int_range(random, 0, 60000));
		}
		if (i == kills)
			break;
		recorder_process_kill(&p);
		painter_finish(&painter);
	}
	paint_and_wait(&p, &painter, &(struct rect){0, 0, 320, 240}, 0x00808080);
	close_recording(&p, END_VIEWER_LEFT, &sealed);
	painter_finish(&painter);
	g_autofree char *dir = recorder_process_recording(&p);
	expect_verified(dir, "viewer-left", kills, &report);
	g_assert_cmpuint(report.gaps->len, ==, kills);
	for (unsigned i = 0; i < kills; i++) {
		const struct verify_gap *gap = g_ptr_array_index(report.gaps, i);
		g_assert_cmpuint(gap->end_us, >, gap->start_us);
		g_assert_cmpstr(gap->reason, ==, "recorder-away");
	}
	recording_reader_open(&reader, dir);
	g_assert_cmpuint(reader.n_frames, ==, report.n_frames);
	g_assert_cmpint(ABS(recording_reader_luma(&reader, 100, 100) - 126), <=, 2);
	recording_reader_close(&reader);
	verify_report_finish(&report);
	clear_sealed(&sealed);
	recorder_process_finish(&p);
	g_rand_free(random);
}

/* Nobody comes back: it is sealed as a fault. */
static void test_killed_for_good(void)
{
	struct recorder_process p;
	struct painter painter;
	struct verify_report report;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 320, 240, false);
	paint_and_wait(&p, &painter, &(struct rect){0, 0, 320, 240}, 0x00808080);
	recorder_process_kill(&p);
	painter_finish(&painter);
	g_autofree char *dir = recorder_process_recording(&p);
	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			1);
	verify_report_finish(&report);
	recorder_process_start(&p);
	recorder_process_stop(&p);
	expect_verified(dir, "fault", 1, &report);
	g_assert_cmpuint(report.n_frames, >=, 1);
	verify_report_finish(&report);
	recorder_process_finish(&p);
}

/* Between a start and the seal of what was left lie up to thirty seconds, in which a deletion may
 * be due: the seal would not be what the tombstone speaks of. */
static void test_deleted_while_waiting(void)
{
	static const struct deletion deletion = {.session_id = (char *)(uintptr_t)TEST_SESSION,
						 .cause = (char *)(uintptr_t) "age",
						 .class = (char *)(uintptr_t) "standard",
						 .reason = (char *)(uintptr_t) "",
						 .requested_by = (char *)(uintptr_t) "",
						 .approved_by = (char *)(uintptr_t) ""};
	struct recorder_process p;
	struct painter painter;
	struct store *store;
	struct verify_report report;
	char sha256[DIGEST_HEX_BYTES];
	const struct rect whole = {0, 0, 320, 200};

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 320, 200, false);
	paint_and_wait(&p, &painter, &whole, 0x00204080);
	recorder_process_kill(&p);
	painter_finish(&painter);
	recorder_process_start(&p);
	struct chain_key *key = chain_key_create(p.key.key_pem, p.key.certificate_pem, NULL);
	g_assert_cmpint(store_open(p.store_dir, &store), ==, 0);
	g_assert_cmpint(deletion_run(store, &(struct own_keys){.present = key}, &deletion, sha256),
			==, 0);
	store_close(store);
	chain_key_destroy(key);
	recorder_process_stop(&p);
	g_autofree char *dir = recorder_process_recording(&p);
	/* Never sealed, and nothing worse. */
	g_assert_cmpint(verify_recording(dir, NULL, NULL, &report), ==, 1);
	g_assert_true(report.deleted);
	for (unsigned i = 0; i < report.findings->len; i++) {
		const struct verify_finding *f = g_ptr_array_index(report.findings, i);
		g_assert_cmpint(f->class, !=, VERIFY_BROKEN);
	}
	verify_report_finish(&report);
	recorder_process_finish(&p);
}

static void test_stopped_in_order(void)
{
	struct recorder_process p;
	struct painter painter;
	struct verify_report report;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 320, 240, false);
	paint_and_wait(&p, &painter, &(struct rect){0, 0, 320, 240}, 0x00808080);
	recorder_process_stop(&p);
	painter_finish(&painter);
	g_autofree char *dir = recorder_process_recording(&p);
	expect_verified(dir, "recorder-lost", 0, &report);
	verify_report_finish(&report);
	recorder_process_finish(&p);
}

static void read_exactly(int fd, void *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		struct pollfd ready = {fd, POLLIN, 0};
		g_assert_cmpint(poll(&ready, 1, 10000), ==, 1);
		ssize_t n = read(fd, (uint8_t *)bytes + done, length - done);
		g_assert_cmpint(n, >, 0);
		done += (size_t)n;
	}
}

static GByteArray *read_live(int fd, uint16_t *ret_kind, uint16_t *ret_flags)
{
	uint32_t length;
	uint16_t head[2];
	GByteArray *payload = g_byte_array_new();

	read_exactly(fd, &length, sizeof length);
	g_assert_cmpuint(length, >=, 4);
	g_assert_cmpuint(length, <=, LIVE_MAX_BYTES);
	read_exactly(fd, head, sizeof head);
	*ret_kind = head[0];
	*ret_flags = head[1];
	g_byte_array_set_size(payload, length - 4);
	read_exactly(fd, payload->data, payload->len);
	return payload;
}

static void say_live(int fd, enum live_kind kind, const GByteArray *payload)
{
	const uint32_t head[2] = {4 + payload->len, kind};
	g_autoptr(GByteArray) packet = g_byte_array_new();

	g_byte_array_append(packet, (const uint8_t *)head, sizeof head);
	g_byte_array_append(packet, payload->data, payload->len);
	g_assert_cmpint(write(fd, packet->data, packet->len), ==, (ssize_t)packet->len);
}

static int watch(const struct recorder_process *p, const char *session_id, const char *account)
{
	const struct live_request request = {(char *)(uintptr_t)session_id,
					     (char *)(uintptr_t)account,
					     (char *)(uintptr_t) "192.0.2.7"};
	int fd = link_connect(p->live_socket, SOCK_STREAM);
	g_autoptr(GByteArray) payload = g_byte_array_new();

	g_assert_cmpint(fd, >=, 0);
	message_encode(&live_request_type, &request, payload);
	say_live(fd, LIVE_WATCH, payload);
	return fd;
}

/* Joins a quiet recording: format, then an IDR at once, then what changes, then the end. */
static void test_live(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	uint16_t kind, flags;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 640, 360, false);
	paint_and_wait(&p, &painter, &(struct rect){0, 0, 640, 360}, 0x00ffffff);
	int fd = watch(&p, TEST_SESSION, "wendy");
	g_autoptr(GByteArray) format = read_live(fd, &kind, &flags);
	g_assert_cmpuint(kind, ==, LIVE_OPEN);
	g_assert_cmpmem(format->data, 8, ((const uint32_t[]){640, 360}), 8);
	g_assert_cmpmem(format->data + 8, 9, "avc1.42c0", 9);
	g_autoptr(GByteArray) key = read_live(fd, &kind, &flags);
	g_assert_cmpuint(kind, ==, LIVE_UNIT);
	g_assert_cmpuint(flags, ==, LIVE_KEY);
	struct video_decoder *decoder = video_decoder_create();
	const AVFrame *frame = video_decoder_decode(decoder, key->data + 8, key->len - 8);
	g_assert_nonnull(frame);
	g_assert_cmpint(ABS(frame->data[0][0] - 235), <=, 2);
	painter_fill(&painter, &(struct rect){0, 0, 64, 64}, 0);
	g_autoptr(GByteArray) delta = read_live(fd, &kind, &flags);
	g_assert_cmpuint(kind, ==, LIVE_UNIT);
	g_assert_cmpuint(flags, ==, 0);
	frame = video_decoder_decode(decoder, delta->data + 8, delta->len - 8);
	g_assert_nonnull(frame);
	g_assert_cmpint(ABS(frame->data[0][0] - 16), <=, 2);
	video_decoder_destroy(decoder);
	close_recording(&p, END_TERMINATED, &sealed);
	do {
		g_autoptr(GByteArray) rest = read_live(fd, &kind, &flags);
		if (kind == LIVE_END)
			g_assert_cmpmem(rest->data, rest->len, "terminated", 10);
	} while (kind != LIVE_END);
	close(fd);
	fd = watch(&p, "00000000-0000-4000-8000-000000000000", "wendy");
	g_autoptr(GByteArray) none = read_live(fd, &kind, &flags);
	g_assert_cmpuint(kind, ==, LIVE_END);
	g_assert_cmpmem(none->data, none->len, "no-such-session", 15);
	close(fd);
	painter_finish(&painter);
	clear_sealed(&sealed);
	recorder_process_finish(&p);
}

/* Lines of the web's, as "action by watcher;". */
static char *told_watches(const struct recorder_process *p)
{
	g_autofree char *text = recorder_process_timeline(p, TEST_SESSION, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *told = g_string_new(NULL);

	for (unsigned i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
		json_t *line = json_loads(lines[i], JSON_REJECT_DUPLICATES, NULL);
		if (g_strcmp0(member(line, "type"), "watch") == 0) {
			g_assert_cmpstr(member(line, "origin"), ==, "web");
			g_assert_cmpstr(member(line, "address"), ==, "192.0.2.7");
			g_string_append_printf(
				told, "%s %s %d;", member(line, "action"), member(line, "by"),
				(int)json_integer_value(json_object_get(line, "watcher")));
		}
		json_decref(line);
	}
	return g_string_free(told, FALSE);
}

static void read_until_key(int fd)
{
	uint16_t kind, flags;

	do {
		g_byte_array_unref(read_live(fd, &kind, &flags));
	} while (kind != LIVE_UNIT || flags != LIVE_KEY);
}

/* Who watched stands in the recording: from the first picture on, once for all key pictures that
 * were asked for, and until when. A name is needed, and what a name says is text. */
static void test_watches_are_told(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	g_autoptr(GByteArray) nothing = g_byte_array_new();
	char byte;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 640, 360, false);
	paint_and_wait(&p, &painter, &(struct rect){0, 0, 640, 360}, 0x00ffffff);
	int first = watch(&p, TEST_SESSION, "wendy");
	read_until_key(first);
	int second = watch(&p, TEST_SESSION, "carol \"the\nnight\"");
	read_until_key(second);
	say_live(first, LIVE_REFRESH, nothing);
	read_until_key(first);
	close(first);
	int nobody = watch(&p, TEST_SESSION, "");
	g_assert_cmpint(read(nobody, &byte, 1), ==, 0);
	close(nobody);
	close_recording(&p, END_VIEWER_LEFT, &sealed);
	painter_finish(&painter);
	g_autofree char *told = told_watches(&p);
	g_assert_cmpstr(told, ==, "begin wendy 1;begin carol \"the\nnight\" 2;end wendy 1;");
	close(second);
	clear_sealed(&sealed);
	recorder_process_finish(&p);
}

/* A session that offers canvas after canvas would have the recorder hold two descriptors
 * for each: it is cut off. */
static void test_canvas_flood(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	g_autofree struct packet *packet = g_new0(struct packet, 1);
	unsigned n_taken = 0;
	int result = 0;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 64, 64, false);
	const struct recorder_canvas canvas = {64, 64, ring_writer_memfd_bytes(painter.writer)};
	const int fds[] = {ring_writer_memfd(painter.writer), ring_writer_doorbell(painter.writer)};
	for (unsigned i = 0; i < 1000 && result == 0; i++)
		result = link_send(painter.link_fd, recorder_message_type(RECORDER_CANVAS), &canvas,
				   fds, 2);
	while ((result = link_receive(painter.link_fd, packet, PATIENCE_MS)) == 0) {
		n_taken++;
		packet_clear(packet);
	}
	g_assert_cmpint(result, ==, -ECONNRESET);
	g_assert_cmpuint(n_taken, <, 300);
	close_recording(&p, END_FAULT, &sealed);
	g_assert_true(sealed.ok);
	painter_finish(&painter);
	clear_sealed(&sealed);
	recorder_process_finish(&p);
}

/* Every thread of the serving recorder is in the cage. */
static void test_confined(void)
{
	struct recorder_process p;
	struct rlimit limit, few;
	unsigned n = 0;

	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	few = (struct rlimit){MIN(limit.rlim_cur, 250), limit.rlim_max};
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
	recorder_process_init(&p, false);
	recorder_process_start(&p);
	/* It has raised what it inherited: eight descriptors for each recording are soon
	 * more than the usual 1024. */
	g_assert_cmpint(prlimit(p.pid, RLIMIT_NOFILE, NULL, &few), ==, 0);
	g_assert_cmpuint(few.rlim_cur, ==, limit.rlim_max);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	g_autofree char *tasks = g_strdup_printf("/proc/%d/task", p.pid);
	g_autoptr(GDir) dir = g_dir_open(tasks, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir)) != NULL; n++) {
		g_autofree char *path = g_build_filename(tasks, name, "status", NULL);
		g_autofree char *status = NULL;
		g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
		g_assert_nonnull(strstr(status, "\nNoNewPrivs:\t1\n"));
		g_assert_nonnull(strstr(status, "\nSeccomp:\t2\n"));
	}
	g_assert_cmpuint(n, >=, 4);
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/process/record-and-seal", test_record_and_seal);
	g_test_add_func("/process/never-painted", test_never_painted);
	g_test_add_func("/process/timeline", test_timeline);
	g_test_add_func("/process/resize-goes-on", test_resize_goes_on);
	g_test_add_func("/process/killed-and-resumed", test_killed_and_resumed);
	g_test_add_func("/process/killed-for-good", test_killed_for_good);
	g_test_add_func("/process/deleted-while-waiting", test_deleted_while_waiting);
	g_test_add_func("/process/stopped-in-order", test_stopped_in_order);
	g_test_add_func("/process/live", test_live);
	g_test_add_func("/process/watches-are-told", test_watches_are_told);
	g_test_add_func("/process/canvas-flood", test_canvas_flood);
	g_test_add_func("/process/confined", test_confined);
	return g_test_run();
}
