/* Writer of a canvas memfd, in vitrine-session. It must not know what a recording is; it trusts the
 * reader's position only as far as its own arithmetic stays inside the ring. Stands between the
 * session core's canvas and the recorder. */
#include "recorder/ring/ring_writer.h"

#include "recorder/ring/ring_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

struct ring_writer {
	struct ring_header *header;
	uint8_t *pixels, *ring;
	_Atomic uint32_t *generations;
	struct ring_layout layout;
	uint32_t width, height;
	uint64_t head; /* our own copy: what is in the header is only for the reader */
	int memfd, doorbell;
};

static int make_memfd(uint64_t bytes)
{
	int fd = memfd_create("vitrine-canvas", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)bytes) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	int result = -errno;
	close(fd);
	return result;
}

static void fill_header(struct ring_writer *w)
{
	struct ring_header *h = w->header;

	h->magic = RING_MAGIC;
	h->version = RING_VERSION;
	h->width = w->width;
	h->height = w->height;
	h->stride_bytes = w->layout.stride_bytes;
	h->tile_columns = w->layout.tile_columns;
	h->tile_rows = w->layout.tile_rows;
	h->ring_bytes = RING_BYTES;
	h->pixels_offset = w->layout.pixels_offset;
	h->generations_offset = w->layout.generations_offset;
	h->ring_offset = w->layout.ring_offset;
	h->total_bytes = w->layout.total_bytes;
}

static int map_canvas(struct ring_writer *w)
{
	w->memfd = make_memfd(w->layout.total_bytes);
	if (w->memfd < 0)
		return w->memfd;
	void *base =
		mmap(NULL, w->layout.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, w->memfd, 0);
	if (base == MAP_FAILED)
		return -errno;
	w->header = base;
	w->pixels = (uint8_t *)base + w->layout.pixels_offset;
	w->generations = (void *)((uint8_t *)base + w->layout.generations_offset);
	w->ring = (uint8_t *)base + w->layout.ring_offset;
	w->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->doorbell >= 0 ? 0 : -errno;
}

int ring_writer_create(uint32_t width, uint32_t height, struct ring_writer **ret_writer)
{
	if (!picture_size_ok(width, height))
		return -EINVAL;
	struct ring_writer *w = g_new0(struct ring_writer, 1);
	w->width = width;
	w->height = height;
	w->memfd = w->doorbell = -1;
	w->layout = ring_layout_of(width, height);
	int result = map_canvas(w);
	if (result < 0) {
		ring_writer_destroy(w);
		return result;
	}
	fill_header(w);
	*ret_writer = w;
	return 0;
}

void ring_writer_destroy(struct ring_writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->header != NULL)
		munmap(writer->header, writer->layout.total_bytes);
	if (writer->memfd >= 0)
		close(writer->memfd);
	if (writer->doorbell >= 0)
		close(writer->doorbell);
	g_free(writer);
}

int ring_writer_memfd(const struct ring_writer *writer)
{
	return writer->memfd;
}

int ring_writer_doorbell(const struct ring_writer *writer)
{
	return writer->doorbell;
}

uint64_t ring_writer_memfd_bytes(const struct ring_writer *writer)
{
	return writer->layout.total_bytes;
}

uint8_t *ring_writer_pixels(struct ring_writer *writer)
{
	return writer->pixels;
}

size_t ring_writer_stride_bytes(const struct ring_writer *writer)
{
	return writer->layout.stride_bytes;
}

uint32_t ring_writer_width(const struct ring_writer *writer)
{
	return writer->width;
}

uint32_t ring_writer_height(const struct ring_writer *writer)
{
	return writer->height;
}

/* ---- Tiles ---- */

struct tile_span {
	uint32_t first_column, end_column, first_row, end_row;
};

static struct tile_span tiles_of(const struct rect *r)
{
	return (struct tile_span){r->x / RING_TILE_PX, (r->x + r->width - 1) / RING_TILE_PX + 1,
				  r->y / RING_TILE_PX, (r->y + r->height - 1) / RING_TILE_PX + 1};
}

/* A sequence lock without a lock: the odd number must be visible before any pixel changes, and the
 * pixels before the even number. */
void ring_writer_begin(struct ring_writer *writer, const struct rect *r)
{
	struct tile_span t = tiles_of(r);

	for (uint32_t row = t.first_row; row < t.end_row; row++) {
		_Atomic uint32_t *g =
			writer->generations + (size_t)row * writer->layout.tile_columns;
		for (uint32_t column = t.first_column; column < t.end_column; column++) {
			uint32_t now = atomic_load_explicit(&g[column], memory_order_relaxed);
			atomic_store_explicit(&g[column], now | 1u, memory_order_relaxed);
		}
	}
	atomic_thread_fence(memory_order_release);
}

void ring_writer_end(struct ring_writer *writer, const struct rect *r)
{
	struct tile_span t = tiles_of(r);

	for (uint32_t row = t.first_row; row < t.end_row; row++) {
		_Atomic uint32_t *g =
			writer->generations + (size_t)row * writer->layout.tile_columns;
		for (uint32_t column = t.first_column; column < t.end_column; column++) {
			uint32_t now = atomic_load_explicit(&g[column], memory_order_relaxed);
			atomic_store_explicit(&g[column], (now | 1u) + 1u, memory_order_release);
		}
	}
}

/* ---- Records ---- */

/* A record is written at head + `at`, piece by piece, and becomes visible as a whole when head
 * moves. */
static void put_bytes(struct ring_writer *w, uint64_t at, const void *bytes, size_t length)
{
	size_t place = (size_t)(at % RING_BYTES);
	size_t first = MIN(length, RING_BYTES - place);

	memcpy(w->ring + place, bytes, first);
	memcpy(w->ring, (const uint8_t *)bytes + first, length - first);
}

static bool has_room(const struct ring_writer *w, uint32_t bytes, uint32_t keep_bytes)
{
	uint64_t tail = atomic_load_explicit(&w->header->tail, memory_order_acquire);
	uint64_t used = w->head - tail;

	/* A position that no honest reader can have counts as full: nothing is
	 * overwritten, nothing overflows. */
	return used <= RING_BYTES && RING_BYTES - used >= (uint64_t)bytes + keep_bytes;
}

static int put_record(struct ring_writer *w, enum ring_kind kind, uint64_t time_us,
		      const void *fixed, size_t fixed_bytes, const void *rest, size_t rest_bytes,
		      uint32_t keep_bytes)
{
	static const uint8_t zeros[8];
	struct ring_record_head head = {ring_record_bytes(fixed_bytes + rest_bytes), kind, time_us};
	size_t content_bytes = sizeof head + fixed_bytes + rest_bytes;

	if (!has_room(w, head.bytes, keep_bytes))
		return -ENOSPC;
	put_bytes(w, w->head, &head, sizeof head);
	if (fixed_bytes > 0)
		put_bytes(w, w->head + sizeof head, fixed, fixed_bytes);
	if (rest_bytes > 0)
		put_bytes(w, w->head + sizeof head + fixed_bytes, rest, rest_bytes);
	put_bytes(w, w->head + content_bytes, zeros, head.bytes - content_bytes);
	w->head += head.bytes;
	atomic_store_explicit(&w->header->head, w->head, memory_order_release);
	return 0;
}

static void put_picture(struct ring_writer *w, enum ring_kind kind, uint64_t time_us,
			const void *payload, size_t payload_bytes)
{
	if (put_record(w, kind, time_us, payload, payload_bytes, NULL, 0,
		       RING_KEEP_FOR_CURSOR_BYTES) < 0)
		atomic_fetch_add_explicit(&w->header->overflows, 1, memory_order_release);
}

void ring_writer_paint(struct ring_writer *writer, uint64_t time_us, const struct rect *r)
{
	struct ring_paint p = {r->x, r->y, r->width, r->height};

	put_picture(writer, RING_PAINT, time_us, &p, sizeof p);
}

void ring_writer_copy(struct ring_writer *writer, uint64_t time_us, const struct rect *to,
		      uint32_t from_x, uint32_t from_y)
{
	struct ring_copy p = {to->x, to->y, to->width, to->height, from_x, from_y};

	put_picture(writer, RING_COPY, time_us, &p, sizeof p);
}

void ring_writer_fill(struct ring_writer *writer, uint64_t time_us, const struct rect *r,
		      uint32_t bgrx)
{
	struct ring_fill p = {r->x, r->y, r->width, r->height, bgrx, 0};

	put_picture(writer, RING_FILL, time_us, &p, sizeof p);
}

void ring_writer_frame(struct ring_writer *writer, uint64_t time_us)
{
	put_picture(writer, RING_FRAME, time_us, NULL, 0);
}

int ring_writer_cursor_shape(struct ring_writer *writer, uint64_t time_us, uint32_t width,
			     uint32_t height, uint32_t hot_x, uint32_t hot_y, const uint8_t *bgra)
{
	struct ring_cursor_shape p = {width, height, hot_x, hot_y};

	if (width > RING_CURSOR_MAX_PX || height > RING_CURSOR_MAX_PX ||
	    (width == 0) != (height == 0) || (width > 0 && (hot_x >= width || hot_y >= height)))
		return -EINVAL;
	return put_record(writer, RING_CURSOR_SHAPE, time_us, &p, sizeof p, bgra,
			  (size_t)width * height * 4, RING_KEEP_FOR_EVENTS_BYTES);
}

int ring_writer_cursor_move(struct ring_writer *writer, uint64_t time_us, int32_t x, int32_t y,
			    bool visible)
{
	struct ring_cursor_move p = {x, y, visible ? 1 : 0, 0};

	return put_record(writer, RING_CURSOR_MOVE, time_us, &p, sizeof p, NULL, 0,
			  RING_KEEP_FOR_EVENTS_BYTES);
}

int ring_writer_event(struct ring_writer *writer, uint64_t time_us, const char *json, size_t length)
{
	struct ring_event p = {(uint32_t)length, 0};

	if (length == 0 || length > RING_EVENT_MAX_BYTES)
		return -EINVAL;
	return put_record(writer, RING_EVENT, time_us, &p, sizeof p, json, length, 0);
}

/* Head was stored before, the flag is read after; the reader does it the other way round. With both
 * fences one of the two sees the other's store, so a record and a sleeping reader
 * never miss each other. */
void ring_writer_ring(struct ring_writer *writer)
{
	static const uint64_t one = 1;
	_Atomic uint32_t *waits = &writer->header->reader_waits;

	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(waits, memory_order_relaxed) == 0 ||
	    atomic_exchange_explicit(waits, 0, memory_order_relaxed) == 0)
		return;
	/* EAGAIN means that the counter is at its limit, and then the doorbell is readable
	 * anyway. */
	if (write(writer->doorbell, &one, sizeof one) < 0 && errno != EAGAIN)
		g_warning("cannot ring the recorder's doorbell: %s", g_strerror(errno));
}
