/* Drives vitrine-recorder as gateway and session would. */
#include "tests/unit/recorder/recorder_process.h"

#include "base/clock.h"
#include "base/secret.h"
#include "ipc/link.h"
#include "recorder/reader/reader_lines.h"
#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *put(const struct recorder_process *p, const char *name, const char *text)
{
	char *path = g_build_filename(p->dir, name, NULL);

	g_assert_true(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
					       NULL));
	return path;
}

static const struct signing_key *archive_pem(void)
{
	static struct signing_key pem;

	if (pem.key_pem == NULL)
		signing_key_init(&pem, "archive", NULL);
	return &pem;
}

const struct archive_key *recorder_process_archive_key(void)
{
	static struct archive_key *key;

	g_assert_cmpint(secret_init(), ==, 0); /* data keys live in locked memory */
	if (key == NULL)
		key = archive_key_create(archive_pem()->key_pem, NULL);
	g_assert_nonnull(key);
	return key;
}

void recorder_process_init(struct recorder_process *p, bool database)
{
	*p = (struct recorder_process){.pid = -1, .gateway_fd = -1};
	p->dir = temp_dir_create();
	p->store_dir = g_build_filename(p->dir, "store", NULL);
	p->socket = g_build_filename(p->dir, "recorder.sock", NULL);
	p->live_socket = g_build_filename(p->dir, "live.sock", NULL);
	signing_key_init(&p->key, "node1", NULL);
	g_autofree char *key = put(p, "key.pem", p->key.key_pem);
	g_autofree char *certificate = put(p, "certificate.pem", p->key.certificate_pem);
	g_autofree char *archive = put(p, "archive.pem", archive_pem()->certificate_pem);
	g_autofree char *text =
		g_strdup_printf("node: node1\n"
				"recorder:\n"
				"  socket_path: %s\n"
				"  live_socket_path: %s\n"
				"  store_dir: %s\n"
				"  signing_key_file: %s\n"
				"  signing_certificate_file: %s\n"
				"  archive_certificate_file: %s\n"
				"  reserve_mib: 1\n"
				"  workers: 2\n"
				"  self_check_every: 1\n"
				"%s%s%s",
				p->socket, p->live_socket, p->store_dir, key, certificate, archive,
				database ? "database:\n  conninfo: host=" : "",
				database ? p->dir : "", database ? " dbname=none\n" : "");
	p->config = put(p, "vitrine.yaml", text);
}

void recorder_process_configure(struct recorder_process *p, const char *lines)
{
	g_autofree char *before = NULL;

	g_assert_true(g_file_get_contents(p->config, &before, NULL, NULL));
	g_autofree char *after = g_strconcat(before, lines, NULL);
	g_free(p->config);
	p->config = put(p, "vitrine.yaml", after);
}

/* The socket is there once the recorder listens; until then connecting fails at once. */
static void connect_gateway(struct recorder_process *p)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_MS * 1000;

	do {
		p->gateway_fd = link_connect(p->socket, SOCK_SEQPACKET);
		if (p->gateway_fd < 0)
			g_usleep(2000);
	} while (p->gateway_fd < 0 && g_get_monotonic_time() < until_us);
	g_assert_cmpint(p->gateway_fd, >=, 0);
}

void recorder_process_start(struct recorder_process *p)
{
	const char *program = g_getenv("VITRINE_RECORDER");
	struct recorder_storage storage;

	g_assert_nonnull(program);
	p->pid = fork();
	if (p->pid == 0) {
		/* A failing test must not leave it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The recorder is not dumpable, so LeakSanitizer could not look into it and
		 * would call that an error. */
		setenv("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1", 1);
		if (p->faults != NULL) {
			setenv("LD_PRELOAD", g_getenv("VITRINE_FAULT_DISK"), 1);
			setenv("FAULT_DISK", p->faults, 1);
		}
		if (p->stepped_clock != NULL) {
			setenv("LD_PRELOAD", g_getenv("VITRINE_STEPPED_CLOCK"), 1);
			setenv("STEPPED_CLOCK", p->stepped_clock, 1);
		}
		execl(program, program, "--config", p->config, (char *)NULL);
		_exit(127);
	}
	connect_gateway(p);
	recorder_process_expect(p, RECORDER_STORAGE, &storage);
	g_assert_cmpuint(storage.accepting, ==, 1);
}

static int await_end(struct recorder_process *p)
{
	int status;

	g_assert_cmpint(waitpid(p->pid, &status, 0), ==, p->pid);
	p->pid = -1;
	close(p->gateway_fd);
	p->gateway_fd = -1;
	return status;
}

static int end_process(struct recorder_process *p, int number)
{
	g_assert_cmpint(kill(p->pid, number), ==, 0);
	return await_end(p);
}

void recorder_process_expect_killed(struct recorder_process *p)
{
	int status = await_end(p);

	g_assert_true(WIFSIGNALED(status));
	g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
}

void recorder_process_kill(struct recorder_process *p)
{
	g_assert_true(WIFSIGNALED(end_process(p, SIGKILL)));
}

void recorder_process_stop(struct recorder_process *p)
{
	g_assert_cmpint(end_process(p, SIGTERM), ==, 0);
}

void recorder_process_finish(struct recorder_process *p)
{
	if (p->pid > 0)
		recorder_process_stop(p);
	temp_dir_remove(p->dir);
	signing_key_finish(&p->key);
	g_free(p->dir);
	g_free(p->store_dir);
	g_free(p->config);
	g_free(p->socket);
	g_free(p->live_socket);
}

void recorder_process_send(struct recorder_process *p, enum recorder_type type, const void *message,
			   const int *fds, unsigned n_fds)
{
	g_assert_cmpint(link_send(p->gateway_fd, recorder_message_type(type), message, fds, n_fds),
			==, 0);
}

static bool hear(int fd, enum recorder_type type, void *ret)
{
	g_autofree struct packet *packet = g_new0(struct packet, 1);
	const struct message_type *wanted = recorder_message_type(type);

	do {
		int result = link_receive(fd, packet, PATIENCE_MS);
		g_assert_cmpint(result, !=, -ETIMEDOUT);
		if (result < 0)
			return false;
	} while (packet->type != wanted->number);
	g_assert_cmpint(message_decode(wanted, packet->bytes, packet->length, ret), ==, 0);
	packet_clear(packet);
	return true;
}

bool recorder_process_hear(struct recorder_process *p, enum recorder_type type, void *ret)
{
	return hear(p->gateway_fd, type, ret);
}

void recorder_process_expect(struct recorder_process *p, enum recorder_type type, void *ret)
{
	g_assert_true(recorder_process_hear(p, type, ret));
}

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static bool offer(struct painter *painter, struct recorder_canvas_ready *ret)
{
	const struct recorder_canvas canvas = {ring_writer_width(painter->writer),
					       ring_writer_height(painter->writer),
					       ring_writer_memfd_bytes(painter->writer)};
	const int fds[] = {ring_writer_memfd(painter->writer),
			   ring_writer_doorbell(painter->writer)};

	return link_send(painter->link_fd, recorder_message_type(RECORDER_CANVAS), &canvas, fds,
			 2) == 0 &&
	       hear(painter->link_fd, RECORDER_CANVAS_READY, ret);
}

bool painter_offer(struct painter *painter)
{
	struct recorder_canvas_ready ready;

	if (!offer(painter, &ready))
		return false;
	g_assert_cmpuint(ready.reason, ==, END_NONE);
	return true;
}

enum end_reason painter_ask(struct painter *painter)
{
	struct recorder_canvas_ready ready;

	g_assert_true(offer(painter, &ready));
	return (enum end_reason)ready.reason;
}

void painter_canvas(struct painter *painter, uint32_t width, uint32_t height)
{
	ring_writer_destroy(painter->writer);
	g_assert_cmpint(ring_writer_create(width, height, &painter->writer), ==, 0);
	g_assert_true(painter_offer(painter));
}

void painter_connect(struct painter *painter, struct recorder_process *p, bool resume)
{
	int pair[2];
	struct recorder_opened opened;
	const char *id = painter->session_id != NULL ? painter->session_id : TEST_SESSION;
	const struct recorder_open open = {.session_id = text(id),
					   .resume = resume,
					   .user = text("alice"),
					   .viewer_address = text("192.0.2.7"),
					   .target = text("web-01"),
					   .front = text("rdp"),
					   .back = text("vnc"),
					   .door = text("password"),
					   .node = text("node1"),
					   .opened_utc_us = clock_utc_us(),
					   .keys = p->keys != NULL ? text(p->keys) : NULL};

	g_assert_cmpint(link_pair(pair), ==, 0);
	recorder_process_send(p, RECORDER_OPEN, &open, &pair[1], 1);
	close(pair[1]);
	recorder_process_expect(p, RECORDER_OPENED, &opened);
	g_assert_cmpstr(opened.session_id, ==, id);
	g_assert_cmpstr(opened.detail, ==, "");
	g_assert_cmpuint(opened.reason, ==, END_NONE);
	message_clear(recorder_message_type(RECORDER_OPENED), &opened);
	painter->link_fd = pair[0];
}

void painter_open(struct painter *painter, struct recorder_process *p, uint32_t width,
		  uint32_t height, bool resume)
{
	*painter = (struct painter){.link_fd = -1};
	painter_connect(painter, p, resume);
	painter_canvas(painter, width, height);
}

void painter_resume(struct painter *painter, struct recorder_process *p)
{
	close(painter->link_fd);
	painter_connect(painter, p, true);
	g_assert_true(painter_offer(painter));
}

void painter_fill(struct painter *painter, const struct rect *r, uint32_t bgrx)
{
	uint8_t *pixels = ring_writer_pixels(painter->writer);
	size_t stride = ring_writer_stride_bytes(painter->writer);

	ring_writer_begin(painter->writer, r);
	for (uint32_t y = r->y; y < r->y + r->height; y++)
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			memcpy(pixels + y * stride + (size_t)x * 4, &bgrx, 4);
	ring_writer_end(painter->writer, r);
	ring_writer_paint(painter->writer, clock_now_us(), r);
	ring_writer_frame(painter->writer, clock_now_us());
	ring_writer_ring(painter->writer);
}

void painter_event(struct painter *painter, const char *json)
{
	g_assert_cmpint(ring_writer_event(painter->writer, clock_now_us(), json, strlen(json)), ==,
			0);
	ring_writer_ring(painter->writer);
}

void painter_finish(struct painter *painter)
{
	ring_writer_destroy(painter->writer);
	close(painter->link_fd);
}

char *recorder_process_recording(const struct recorder_process *p)
{
	return g_build_filename(p->store_dir, TEST_SESSION, NULL);
}

char *recorder_process_read(const struct recorder_process *p, const char *session_id,
			    const char *name)
{
	struct reader *reader;
	uint8_t *bytes = NULL;
	size_t length;

	g_assert_cmpint(reader_open_session(p->store_dir, session_id,
					    recorder_process_archive_key(), &reader),
			==, 0);
	int result = reader_read(reader, name, 1u << 28, &bytes, &length);
	g_assert_true(result == 0 || result == -ENOENT);
	reader_close(reader);
	return (char *)bytes;
}

char *recorder_process_timeline(const struct recorder_process *p, const char *session_id,
				unsigned segment)
{
	g_autofree char *name = g_strdup_printf("seg-%05u.jsonl.gz", segment);
	struct reader *reader;
	struct reader_file *file;
	const char *line;
	size_t length;

	g_assert_cmpint(reader_open_session(p->store_dir, session_id,
					    recorder_process_archive_key(), &reader),
			==, 0);
	int result = reader_file_open(reader, name, &file);
	if (result < 0) {
		g_assert_cmpint(result, ==, -ENOENT);
		reader_close(reader);
		return NULL;
	}
	struct line_reader *lines = reader_lines_create(file);
	GString *text = g_string_new(NULL);
	while ((result = line_reader_next(lines, &line, &length)) > 0)
		g_string_append_len(text, line, (gssize)length);
	g_assert_cmpint(result, ==, 0);
	line_reader_destroy(lines);
	reader_file_close(file);
	reader_close(reader);
	return g_string_free(text, FALSE);
}

uint64_t recorder_process_video_bytes(const struct recorder_process *p)
{
	g_autofree char *path = recorder_process_recording(p);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	/* A file that is renamed meanwhile may turn up under both names. */
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	const char *name;
	uint64_t bytes = 0;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		struct stat st;
		if (g_str_has_prefix(name, "seg-") && strstr(name, ".mp4") != NULL &&
		    stat(file, &st) == 0 &&
		    g_hash_table_add(seen, g_memdup2(&(gint64){(gint64)st.st_ino}, sizeof(gint64))))
			bytes += (uint64_t)st.st_size;
	}
	return bytes;
}
