/* Reader of a canvas memfd, in vitrine-recorder. The other side is a process that parses hostile
 * bytes for a living, so it may be anybody's: nothing shared is read twice, nothing is believed,
 * and a lie costs only this recording. It must not know what becomes of the records. */
#include "recorder/ring/ring_reader.h"

#include "base/clock.h"
#include "recorder/ring/ring_layout.h"
#include "recorder/ring/ring_payload.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CACHE_LINE_BYTES 64u

struct ring_reader {
	struct ring_header *header; /* first page, writable: our tail and our flag live there */
	const uint8_t *base;	    /* the whole memfd, read-only */
	struct ring_layout layout;
	uint32_t width, height;
	uint64_t head, tail; /* our own copies; the writer may scribble over the shared ones */
	uint32_t overflows;
	uint64_t time_us;
	int doorbell;
	/* The record taken last, out of the writer's reach; one byte more for the NUL behind an
	 * event. */
	uint8_t payload[RING_RECORD_MAX_BYTES + 1] __attribute__((aligned(8)));
};

/* A memfd that can shrink under us, or that lies on huge pages which may run out, would kill the
 * recorder with SIGBUS. */
static int check_memfd(int memfd, uint64_t total_bytes)
{
	struct stat st;
	struct statfs fs;
	int seals = fcntl(memfd, F_GET_SEALS);

	if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW))
		return -EPROTO;
	if (fstat(memfd, &st) != 0 || fstatfs(memfd, &fs) != 0)
		return -errno;
	return fs.f_type == TMPFS_MAGIC && st.st_size >= 0 && (uint64_t)st.st_size == total_bytes
		       ? 0
		       : -EPROTO;
}

/* Empties the doorbell. RWF_NOWAIT because O_NONBLOCK belongs to the open file, which the
 * writer shares and may change.
 * Returns 0; -EPROTO when it is nothing that can be read without waiting. */
static int empty_doorbell(int fd)
{
	uint64_t count;
	struct iovec iov = {&count, sizeof count};
	ssize_t n;

	do
		n = preadv2(fd, &iov, 1, -1, RWF_NOWAIT);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof count || (n < 0 && errno == EAGAIN) ? 0 : -EPROTO;
}

static int map_canvas(struct ring_reader *r, int memfd)
{
	void *base = mmap(NULL, r->layout.total_bytes, PROT_READ, MAP_SHARED, memfd, 0);

	if (base == MAP_FAILED)
		return -errno;
	r->base = base;
	void *header = mmap(NULL, RING_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (header == MAP_FAILED)
		return -errno;
	r->header = header;
	return 0;
}

static bool header_fits(const struct ring_reader *r)
{
	struct ring_header h;

	memcpy(&h, r->base, sizeof h);
	return h.magic == RING_MAGIC && h.version == RING_VERSION && h.width == r->width &&
	       h.height == r->height && h.stride_bytes == r->layout.stride_bytes &&
	       h.tile_columns == r->layout.tile_columns && h.tile_rows == r->layout.tile_rows &&
	       h.ring_bytes == RING_BYTES && h.pixels_offset == r->layout.pixels_offset &&
	       h.generations_offset == r->layout.generations_offset &&
	       h.ring_offset == r->layout.ring_offset && h.total_bytes == r->layout.total_bytes;
}

/* Takes up where a reader before us stopped (a restarted recorder): its tail is on a record's edge
 * unless the writer lied. */
static int take_up(struct ring_reader *r)
{
	if (!header_fits(r))
		return -EPROTO;
	r->tail = atomic_load_explicit(&r->header->tail, memory_order_acquire);
	r->head = r->tail;
	r->overflows = atomic_load_explicit(&r->header->overflows, memory_order_acquire);
	return r->tail % 8 == 0 ? 0 : -EPROTO;
}

int ring_reader_open(int memfd, int doorbell_fd, uint32_t width, uint32_t height,
		     struct ring_reader **ret_reader)
{
	if (!picture_size_ok(width, height))
		return -EPROTO;
	struct ring_reader *r = g_new0(struct ring_reader, 1);
	r->width = width;
	r->height = height;
	r->layout = ring_layout_of(width, height);
	r->doorbell = fcntl(doorbell_fd, F_DUPFD_CLOEXEC, 3);
	int result = r->doorbell >= 0 ? 0 : -errno;
	if (result == 0)
		result = empty_doorbell(r->doorbell);
	if (result == 0)
		result = check_memfd(memfd, r->layout.total_bytes);
	if (result == 0)
		result = map_canvas(r, memfd);
	if (result == 0)
		result = take_up(r);
	if (result < 0) {
		ring_reader_close(r);
		return result;
	}
	*ret_reader = r;
	return 0;
}

void ring_reader_close(struct ring_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->header != NULL)
		munmap(reader->header, RING_PAGE_BYTES);
	if (reader->base != NULL)
		munmap((void *)(uintptr_t)reader->base, reader->layout.total_bytes);
	if (reader->doorbell >= 0)
		close(reader->doorbell);
	g_free(reader);
}

uint32_t ring_reader_width(const struct ring_reader *reader)
{
	return reader->width;
}

uint32_t ring_reader_height(const struct ring_reader *reader)
{
	return reader->height;
}

int ring_reader_doorbell(const struct ring_reader *reader)
{
	return reader->doorbell;
}

/* The order is the mirror image of ring_writer_ring: first the flag, then a look at head. */
bool ring_reader_arm(struct ring_reader *reader)
{
	struct ring_header *h = reader->header;

	if (empty_doorbell(reader->doorbell) < 0)
		return true;
	atomic_store_explicit(&h->reader_waits, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&h->head, memory_order_relaxed) == reader->tail &&
	    atomic_load_explicit(&h->overflows, memory_order_relaxed) == reader->overflows)
		return false;
	atomic_store_explicit(&h->reader_waits, 0, memory_order_relaxed);
	return true;
}

static void get_bytes(const struct ring_reader *r, uint64_t at, void *bytes, size_t length)
{
	const uint8_t *ring = r->base + r->layout.ring_offset;
	size_t place = (size_t)(at % RING_BYTES);
	size_t first = MIN(length, RING_BYTES - place);

	memcpy(bytes, ring + place, first);
	memcpy((uint8_t *)bytes + first, ring, length - first);
}

/* Looks at head once. Returns how many bytes wait, or -EPROTO when it ran backwards, too
 * far, or off the grid. */
static int64_t look_at_head(struct ring_reader *r)
{
	uint64_t head = atomic_load_explicit(&r->header->head, memory_order_acquire);

	if (head % 8 != 0 || head - r->tail > RING_BYTES || head - r->tail < r->head - r->tail)
		return -EPROTO;
	r->head = head;
	return (int64_t)(head - r->tail);
}

static uint64_t sane_time(struct ring_reader *r, uint64_t time_us)
{
	uint64_t now_us = clock_now_us();

	r->time_us = MAX(r->time_us, MIN(time_us, now_us));
	return r->time_us;
}

int ring_reader_next(struct ring_reader *reader, struct ring_record *ret)
{
	struct ring_record_head head;
	struct ring_record record = {0};
	int64_t waiting = look_at_head(reader);

	if (waiting <= 0)
		return (int)waiting;
	if (waiting < (int64_t)sizeof head)
		return -EPROTO;
	get_bytes(reader, reader->tail, &head, sizeof head);
	if (head.bytes < sizeof head || head.bytes % 8 != 0 || head.bytes > waiting ||
	    head.bytes > RING_RECORD_MAX_BYTES)
		return -EPROTO;
	size_t payload_bytes = head.bytes - sizeof head;
	get_bytes(reader, reader->tail + sizeof head, reader->payload, payload_bytes);
	if (!ring_payload_read(head.kind, reader->payload, payload_bytes, reader->width,
			       reader->height, &record))
		return -EPROTO;
	record.kind = (enum ring_kind)head.kind;
	record.time_us = sane_time(reader, head.time_us);
	reader->tail += head.bytes;
	atomic_store_explicit(&reader->header->tail, reader->tail, memory_order_release);
	*ret = record;
	return 1;
}

uint64_t ring_reader_taken_bytes(const struct ring_reader *reader)
{
	return reader->tail;
}

uint32_t ring_reader_take_overflow(struct ring_reader *reader)
{
	uint32_t now = atomic_load_explicit(&reader->header->overflows, memory_order_acquire);
	uint32_t news = now - reader->overflows;

	reader->overflows = now;
	return news;
}

/* ---- Tiles ---- */

static const _Atomic uint32_t *generation_of(const struct ring_reader *r, uint32_t column,
					     uint32_t row)
{
	const _Atomic uint32_t *g = (const void *)(r->base + r->layout.generations_offset);

	return &g[(size_t)row * r->layout.tile_columns + column];
}

uint32_t ring_reader_tile_generation(const struct ring_reader *reader, uint32_t column,
				     uint32_t row)
{
	if (column >= reader->layout.tile_columns || row >= reader->layout.tile_rows)
		return 0;
	return atomic_load_explicit(generation_of(reader, column, row), memory_order_acquire);
}

static bool is_inside(const struct rect *part, const struct rect *tile)
{
	return part->x >= tile->x && part->y >= tile->y &&
	       (uint64_t)part->x + part->width <= (uint64_t)tile->x + tile->width &&
	       (uint64_t)part->y + part->height <= (uint64_t)tile->y + tile->height;
}

void ring_reader_fetch(const struct ring_reader *reader, const struct rect *part)
{
	const uint8_t *src = reader->base + reader->layout.pixels_offset +
			     (size_t)part->y * reader->layout.stride_bytes + (size_t)part->x * 4;

	for (uint32_t y = 0; y < part->height; y++, src += reader->layout.stride_bytes)
		for (uint32_t x = 0; x < part->width; x += CACHE_LINE_BYTES / 4)
			__builtin_prefetch(src + (size_t)x * 4);
}

int ring_reader_copy_tile(struct ring_reader *reader, uint32_t column, uint32_t row,
			  const struct rect *part, uint8_t *dst, size_t dst_stride_bytes)
{
	struct rect tile = {column * RING_TILE_PX, row * RING_TILE_PX, RING_TILE_PX, RING_TILE_PX};
	const struct rect *r = part != NULL ? part : &tile;

	if (column >= reader->layout.tile_columns || row >= reader->layout.tile_rows)
		return -EINVAL;
	rect_clip(&tile, reader->width, reader->height);
	if (!is_inside(r, &tile))
		return -EINVAL;
	const _Atomic uint32_t *generation = generation_of(reader, column, row);
	const uint8_t *src = reader->base + reader->layout.pixels_offset +
			     (size_t)r->y * reader->layout.stride_bytes + (size_t)r->x * 4;
	dst += (r->y - tile.y) * dst_stride_bytes + (size_t)(r->x - tile.x) * 4;
	uint32_t before = atomic_load_explicit(generation, memory_order_acquire);
	if ((before & 1) != 0)
		return -EAGAIN;
	for (uint32_t y = 0; y < r->height; y++)
		memcpy(dst + y * dst_stride_bytes, src + (size_t)y * reader->layout.stride_bytes,
		       (size_t)r->width * 4);
	/* The pixels must have been read before the generation is looked at again. */
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(generation, memory_order_relaxed) == before ? 0 : -EAGAIN;
}
