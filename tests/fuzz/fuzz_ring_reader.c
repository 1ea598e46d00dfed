/* Fuzz target: a canvas whose header tail and ring hold the fuzzer's bytes, read until the
 * reader refuses or is done.
 * Input: u64 head, u64 tail, then the ring from tail on. */
#include "recorder/ring/ring_layout.h"
#include "recorder/ring/ring_reader.h"
#include "recorder/ring/ring_writer.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void forge(uint8_t *base, const struct ring_layout *l, const uint8_t *data, size_t size)
{
	struct ring_header *h = (void *)base;
	uint64_t positions[2];

	memcpy(positions, data, sizeof positions);
	atomic_store(&h->tail, positions[1]);
	atomic_store(&h->head, positions[0]);
	data += sizeof positions;
	size = MIN(size - sizeof positions, RING_BYTES);
	size_t place = (size_t)(positions[1] % RING_BYTES), first = MIN(size, RING_BYTES - place);
	memcpy(base + l->ring_offset + place, data, first);
	memcpy(base + l->ring_offset, data + first, size - first);
}

static void read_all(struct ring_reader *reader, uint32_t width, uint32_t height)
{
	static uint8_t tile[64 * 64 * 4];
	struct ring_record got;

	while (ring_reader_next(reader, &got) == 1) {
		if (got.kind == RING_PAINT)
			g_assert(got.paint.x + got.paint.width <= width &&
				 got.paint.y + got.paint.height <= height);
		if (got.kind == RING_EVENT)
			g_assert(strlen(got.event.json) == got.event.length);
	}
	ring_reader_take_overflow(reader);
	ring_reader_arm(reader);
	ring_reader_copy_tile(reader, 0, 0, NULL, tile, sizeof tile / 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint32_t width = 100, height = 80;
	struct ring_layout l = ring_layout_of(width, height);
	struct ring_writer *writer;
	struct ring_reader *reader = NULL;

	if (size < 16 || ring_writer_create(width, height, &writer) < 0)
		return 0;
	void *base = mmap(NULL, l.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring_writer_memfd(writer), 0);
	g_assert(base != MAP_FAILED);
	forge(base, &l, data, size);
	if (ring_reader_open(ring_writer_memfd(writer), ring_writer_doorbell(writer), width, height,
			     &reader) == 0)
		read_all(reader, width, height);
	ring_reader_close(reader);
	munmap(base, l.total_bytes);
	ring_writer_destroy(writer);
	return 0;
}
