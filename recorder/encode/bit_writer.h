/** Bits into bytes, most significant first, and the codes made of them (ITU-T H.264 7.2, 9.1).
 *  Private to recorder/encode.
 *
 *  Space is reserved ahead (bit_writer_reserve), so that the many small writes need no check. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

struct bit_writer {
	uint8_t *bytes;
	size_t length_bytes, capacity_bytes;
	uint64_t held; /**< its lowest n_held bits are still to be stored */
	unsigned n_held;
};

/** A place to come back to: what was written behind it is forgotten. */
struct bit_mark {
	size_t length_bytes;
	uint64_t held;
	unsigned n_held;
};

void bit_writer_finish(struct bit_writer *writer);
void bit_writer_clear(struct bit_writer *writer);
/** Makes room for so many bytes more. */
void bit_writer_reserve(struct bit_writer *writer, size_t bytes);

static inline void put_bits(struct bit_writer *w, unsigned n, uint32_t value)
{
	w->held = w->held << n | value;
	w->n_held += n;
	if (w->n_held >= 32) {
		uint32_t word = GUINT32_TO_BE((uint32_t)(w->held >> (w->n_held - 32)));
		__builtin_memcpy(w->bytes + w->length_bytes, &word, sizeof word);
		w->length_bytes += 4;
		w->n_held -= 32;
	}
}

/** ue(v) */
static inline void put_ue(struct bit_writer *w, uint32_t value)
{
	unsigned n = 32 - (unsigned)__builtin_clz(value + 1);

	put_bits(w, n - 1, 0);
	put_bits(w, n, value + 1);
}

/** se(v) */
static inline void put_se(struct bit_writer *w, int32_t value)
{
	put_ue(w, value > 0 ? 2 * (uint32_t)value - 1 : 2 * (uint32_t)-value);
}

/** Zeros up to the next whole byte (pcm_alignment_zero_bit, 7.3.5). */
static inline void put_alignment(struct bit_writer *w)
{
	put_bits(w, -w->n_held & 7, 0);
}

static inline size_t bit_position(const struct bit_writer *w)
{
	return w->length_bytes * 8 + w->n_held;
}

static inline struct bit_mark bit_writer_mark(const struct bit_writer *w)
{
	return (struct bit_mark){w->length_bytes, w->held, w->n_held};
}

static inline void bit_writer_rewind(struct bit_writer *w, struct bit_mark mark)
{
	w->length_bytes = mark.length_bytes;
	w->held = mark.held;
	w->n_held = mark.n_held;
}

/** Ends the RBSP (7.3.2.11) and appends it to `unit` as a NAL unit behind a start code, with
 *  emulation prevention (7.3.1, annex B). */
void bit_writer_end_nal(struct bit_writer *writer, uint8_t nal_header, GByteArray *unit);
