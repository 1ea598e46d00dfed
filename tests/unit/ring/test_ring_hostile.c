/* The canvas ring with a writer that lies: every lie is -EPROTO, random bytes are survived, and no
 * answer leaves the canvas. */
#include "recorder/ring/ring_layout.h"
#include "recorder/ring/ring_reader.h"
#include "recorder/ring/ring_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIDTH 200u
#define HEIGHT 100u

struct forge {
	struct ring_writer *writer;
	struct ring_reader *reader;
	struct ring_layout layout;
	uint8_t *base; /* what a hostile session process sees */
	struct ring_header *header;
};

static struct forge forge_open(void)
{
	struct forge f = {.layout = ring_layout_of(WIDTH, HEIGHT)};

	g_assert_cmpint(ring_writer_create(WIDTH, HEIGHT, &f.writer), ==, 0);
	f.base = mmap(NULL, f.layout.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      ring_writer_memfd(f.writer), 0);
	g_assert_true(f.base != MAP_FAILED);
	f.header = (void *)f.base;
	return f;
}

static int forge_read(struct forge *f)
{
	return ring_reader_open(ring_writer_memfd(f->writer), ring_writer_doorbell(f->writer),
				WIDTH, HEIGHT, &f->reader);
}

static void forge_close(struct forge *f)
{
	ring_reader_close(f->reader);
	munmap(f->base, f->layout.total_bytes);
	ring_writer_destroy(f->writer);
}

struct lie {
	const char *name;
	uint64_t head;
	uint32_t bytes, kind;
	uint32_t payload[8];
};

static const struct lie lies[] = {
	{"head off the grid", 33, 32, RING_PAINT, {0, 0, 1, 1}},
	{"head too far", RING_BYTES + 8, 32, RING_PAINT, {0, 0, 1, 1}},
	{"head below zero", UINT64_MAX - 7, 32, RING_PAINT, {0, 0, 1, 1}},
	{"half a head", 8, 8, RING_FRAME, {0}},
	{"record of no length", 64, 0, RING_FRAME, {0}},
	{"record shorter than its head", 64, 8, RING_FRAME, {0}},
	{"record off the grid", 64, 20, RING_FRAME, {0}},
	{"record longer than what is there", 64, 72, RING_EVENT, {48}},
	{"record of 4 GiB", 64, 0xfffffff8, RING_EVENT, {48}},
	{"no kind", 16, 16, 0, {0}},
	{"unknown kind", 16, 16, 99, {0}},
	{"frame with payload", 24, 24, RING_FRAME, {0}},
	{"paint too short", 24, 24, RING_PAINT, {0, 0}},
	{"paint outside", 32, 32, RING_PAINT, {WIDTH, 0, 1, 1}},
	{"paint of nothing", 32, 32, RING_PAINT, {0, 0, 0, 5}},
	{"copy to outside", 40, 40, RING_COPY, {WIDTH - 1, 0, 2, 2, 0, 0}},
	{"copy from outside", 40, 40, RING_COPY, {0, 0, 2, 2, 0, HEIGHT - 1}},
	{"copy that wraps", 40, 40, RING_COPY, {0, 0, 0xffffffff, 2, 1, 0}},
	{"fill outside", 40, 40, RING_FILL, {0, HEIGHT, 1, 1, 0}},
	{"cursor too large", 32, 32, RING_CURSOR_SHAPE, {RING_CURSOR_MAX_PX + 1, 1, 0, 0}},
	{"cursor without its pixels", 32, 32, RING_CURSOR_SHAPE, {16, 16, 0, 0}},
	{"cursor with half a size", 32, 32, RING_CURSOR_SHAPE, {0, 16, 0, 0}},
	{"cursor hot spot outside", 40, 40, RING_CURSOR_SHAPE, {1, 1, 1, 0}},
	{"cursor visibility", 32, 32, RING_CURSOR_MOVE, {0, 0, 2}},
	{"event of no length", 24, 24, RING_EVENT, {0}},
	{"event longer than its record", 32, 32, RING_EVENT, {9}},
	{"event longer than allowed", 32, 32, RING_EVENT, {RING_EVENT_MAX_BYTES + 1}},
	{"event that is not UTF-8", 32, 32, RING_EVENT, {2, 0, 0x0000ffff}},
	{"event with an inner NUL", 32, 32, RING_EVENT, {3, 0, 0x00610061}},
};

static void test_lies(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(lies); i++) {
		struct forge f = forge_open();
		struct ring_record got;
		struct ring_record_head head = {lies[i].bytes, lies[i].kind, 0};

		g_test_message("%s", lies[i].name);
		memcpy(f.base + f.layout.ring_offset, &head, sizeof head);
		memcpy(f.base + f.layout.ring_offset + sizeof head, lies[i].payload,
		       sizeof lies[i].payload);
		g_assert_cmpint(forge_read(&f), ==, 0);
		atomic_store(&f.header->head, lies[i].head);
		g_assert_cmpint(ring_reader_next(f.reader, &got), ==, -EPROTO);
		forge_close(&f);
	}
}

static void test_head_runs_backwards(void)
{
	struct forge f = forge_open();
	struct ring_record got;

	g_assert_cmpint(forge_read(&f), ==, 0);
	ring_writer_frame(f.writer, 0);
	ring_writer_frame(f.writer, 0);
	ring_writer_frame(f.writer, 0);
	g_assert_cmpint(ring_reader_next(f.reader, &got), ==, 1);
	atomic_store(&f.header->head, 32);
	g_assert_cmpint(ring_reader_next(f.reader, &got), ==, -EPROTO);
	forge_close(&f);
}

/* Our tail lies in the writer's reach; it may move it, and we do not notice because
 * we never read it back. */
static void test_tail_is_ours(void)
{
	struct forge f = forge_open();
	struct ring_record got;

	g_assert_cmpint(forge_read(&f), ==, 0);
	ring_writer_frame(f.writer, 0);
	atomic_store(&f.header->tail, 12345);
	g_assert_cmpint(ring_reader_next(f.reader, &got), ==, 1);
	g_assert_cmpuint(atomic_load(&f.header->tail), ==, 16);
	forge_close(&f);
}

/* The other way round: a reader's position that cannot be is a full ring to the writer. */
static void test_writer_survives_tail(void)
{
	struct forge f = forge_open();

	atomic_store(&f.header->tail, UINT64_MAX - 64);
	g_assert_cmpint(ring_writer_event(f.writer, 0, "{}", 2), ==, 0);
	atomic_store(&f.header->tail, 1u << 30);
	g_assert_cmpint(ring_writer_event(f.writer, 0, "{}", 2), ==, -ENOSPC);
	forge_close(&f);
}

static void test_forged_headers(void)
{
	for (unsigned at = 0; at < offsetof(struct ring_header, reserved_a); at += 4) {
		struct forge f = forge_open();
		f.base[at] ^= 1;
		g_assert_cmpint(forge_read(&f), ==, -EPROTO);
		forge_close(&f);
	}
	struct forge f = forge_open();
	atomic_store(&f.header->tail, 4);
	g_assert_cmpint(forge_read(&f), ==, -EPROTO);
	forge_close(&f);
}

static int open_memfd(uint64_t bytes, int seals, unsigned flags)
{
	struct ring_reader *reader = NULL;
	int memfd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	int doorbell = eventfd(0, EFD_CLOEXEC);

	g_assert_cmpint(memfd, >=, 0);
	g_assert_cmpint(ftruncate(memfd, (off_t)bytes), ==, 0);
	g_assert_cmpint(fcntl(memfd, F_ADD_SEALS, seals), ==, 0);
	int result = ring_reader_open(memfd, doorbell, WIDTH, HEIGHT, &reader);
	ring_reader_close(reader);
	close(memfd);
	close(doorbell);
	return result;
}

static void test_forged_memfds(void)
{
	uint64_t bytes = ring_layout_of(WIDTH, HEIGHT).total_bytes;

	g_assert_cmpint(open_memfd(bytes, F_SEAL_SHRINK, 0), ==, -EPROTO);
	g_assert_cmpint(open_memfd(bytes, F_SEAL_GROW, 0), ==, -EPROTO);
	g_assert_cmpint(open_memfd(bytes - 1, F_SEAL_SHRINK | F_SEAL_GROW, 0), ==, -EPROTO);
	g_assert_cmpint(open_memfd(bytes + RING_PAGE_BYTES, F_SEAL_SHRINK | F_SEAL_GROW, 0), ==,
			-EPROTO);
	g_assert_cmpint(open_memfd(0, F_SEAL_SHRINK | F_SEAL_GROW, 0), ==, -EPROTO);
	g_assert_cmpint(open_memfd(bytes, F_SEAL_SHRINK | F_SEAL_GROW, 0), ==,
			-EPROTO); /* all zero */
}

/* Things that are no eventfd: refused, or read without ever waiting. */
static void test_forged_doorbells(void)
{
	struct forge f = forge_open();
	int pipe_fds[2];
	g_autofree char *path = NULL;
	int file = g_file_open_tmp("doorbell-XXXXXX", &path, NULL);

	g_assert_cmpint(file, >=, 0);
	g_assert_cmpint(
		ring_reader_open(ring_writer_memfd(f.writer), file, WIDTH, HEIGHT, &f.reader), ==,
		-EPROTO);
	g_assert_cmpint(ring_reader_open(ring_writer_memfd(f.writer), -1, WIDTH, HEIGHT, &f.reader),
			==, -EBADF);
	g_assert_cmpint(pipe(pipe_fds), ==, 0); /* blocking */
	g_assert_cmpint(ring_reader_open(ring_writer_memfd(f.writer), pipe_fds[0], WIDTH, HEIGHT,
					 &f.reader),
			==, 0);
	g_assert_false(ring_reader_arm(f.reader));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(file);
	g_unlink(path);
	forge_close(&f);
}

static void check_record(const struct ring_record *got)
{
	switch (got->kind) {
	case RING_PAINT:
		g_assert_cmpuint(got->paint.x + got->paint.width, <=, WIDTH);
		g_assert_cmpuint(got->paint.y + got->paint.height, <=, HEIGHT);
		break;
	case RING_COPY:
		g_assert_cmpuint(got->copy.from_x + got->copy.to.width, <=, WIDTH);
		g_assert_cmpuint(got->copy.from_y + got->copy.to.height, <=, HEIGHT);
		break;
	case RING_EVENT:
		g_assert_cmpuint(strlen(got->event.json), ==, got->event.length);
		break;
	default:
		break;
	}
}

/* Records with plausible heads and random payloads get further than pure noise; one in sixteen
 * has a length of no kind. */
static void scribble(GRand *rand, uint8_t *ring, uint32_t bytes)
{
	static const uint32_t lengths[] = {16, 32, 40, 40, 16, 32, 32, 64};

	for (uint32_t at = 0; at + 64 <= bytes;) {
		uint32_t kind = (uint32_t)g_rand_int_range(rand, 1, 8);
		uint32_t length = g_rand_int_range(rand, 0, 16) == 0 ? 56 : lengths[kind];
		struct ring_record_head head = {length, kind, g_rand_int(rand)};
		memcpy(ring + at, &head, sizeof head);
		for (uint32_t i = sizeof head; i < length; i += 4) {
			uint32_t word = (uint32_t)g_rand_int_range(rand, 1, 90);
			memcpy(ring + at + i, &word, 4);
		}
		at += length;
	}
}

static void test_random(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(42);
	unsigned records = 0, refused = 0;

	for (unsigned round = 0; round < 300; round++) {
		struct forge f = forge_open();
		struct ring_record got;
		int result;
		uint32_t bytes = 65536;

		if (round % 4 == 0)
			for (uint32_t i = 0; i < bytes; i++)
				f.base[f.layout.ring_offset + i] = (uint8_t)g_rand_int(rand);
		else
			scribble(rand, f.base + f.layout.ring_offset, bytes);
		g_assert_cmpint(forge_read(&f), ==, 0);
		atomic_store(&f.header->head, bytes);
		for (unsigned n = 0; (result = ring_reader_next(f.reader, &got)) == 1; n++) {
			g_assert_cmpuint(n, <,
					 bytes / 16); /* each record takes some of it: it ends */
			check_record(&got);
			records++;
		}
		refused += result == -EPROTO;
		forge_close(&f);
	}
	g_assert_cmpuint(records, >, 100);
	g_assert_cmpuint(refused, >, 200);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ring/hostile/lies", test_lies);
	g_test_add_func("/ring/hostile/backwards", test_head_runs_backwards);
	g_test_add_func("/ring/hostile/tail", test_tail_is_ours);
	g_test_add_func("/ring/hostile/reader-lies", test_writer_survives_tail);
	g_test_add_func("/ring/hostile/headers", test_forged_headers);
	g_test_add_func("/ring/hostile/memfds", test_forged_memfds);
	g_test_add_func("/ring/hostile/doorbells", test_forged_doorbells);
	g_test_add_func("/ring/hostile/random", test_random);
	return g_test_run();
}
