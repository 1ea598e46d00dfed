/* The slice: its header, runs of unchanged macroblocks, and what is kept from picture to picture.
 * It must not know how one macroblock is coded. */
#include "recorder/encode/p_slice.h"

#include "recorder/encode/convert.h"
#include "recorder/encode/fetch.h"
#include "recorder/encode/macroblock.h"
#include "recorder/encode/moves.h"

#include <errno.h>
#include <string.h>

#define NAL_P_SLICE 0x41 /* nal_ref_idc 2, type 1 (7.4.1) */
#define SLICE_P 5	 /* all slices of the picture are P (table 7-6) */
#define DEBLOCKING_OFF 1
#define HEADER_RESERVE_BYTES 64u
/* More new macroblocks than this, and none that moved: an IDR. */
#define NEW_MAX_PERCENT 60u

struct p_coder {
	struct p_frame frame;
	struct stream_headers headers;
	struct macroblocks all; /* for callers who do not know what changed */
	/* Numbers of macroblocks, rising: of this picture, and those of the one before that
	 * `current` does not show yet. */
	uint32_t *changed, *stale;
	unsigned n_changed, n_stale;
	unsigned n_settled; /* of `changed`, from the front: `before` shows them already */
	uint32_t frame_num;
	uint32_t qp;
};

static int init_planes(struct p_coder *coder, uint32_t width, uint32_t height)
{
	struct p_frame *f = &coder->frame;

	if (nv12_init(&f->before, width, height) < 0 ||
	    nv12_init(&f->reference, width, height) < 0 ||
	    nv12_init(&f->current, width, height) < 0 ||
	    macroblocks_init(&coder->all, width, height) < 0)
		return -ENOMEM;
	f->columns = coder->all.columns;
	f->rows = coder->all.rows;
	memset(coder->all.changed, 1, (size_t)f->columns * f->rows);
	coder->changed = g_new(uint32_t, (size_t)f->columns * f->rows);
	coder->stale = g_new(uint32_t, (size_t)f->columns * f->rows);
	f->states = g_new0(struct mb_state, (size_t)f->columns * f->rows);
	return 0;
}

int p_coder_create(uint32_t width, uint32_t height, uint32_t qp, uint32_t vector_limit_px,
		   const struct stream_headers *headers, struct p_coder **ret_coder)
{
	struct p_coder *coder = g_new0(struct p_coder, 1);

	if (init_planes(coder, (width + MB_PX - 1) / MB_PX * MB_PX,
			(height + MB_PX - 1) / MB_PX * MB_PX) < 0) {
		p_coder_destroy(coder);
		return -ENOMEM;
	}
	coder->qp = qp;
	coder->headers = *headers;
	quantizer_init(&coder->frame.luma, qp);
	quantizer_init(&coder->frame.chroma, transform_chroma_qp(qp, headers->chroma_qp_offset));
	coder->frame.vector_limit_px = vector_limit_px;
	/* The usual weight against absolute differences: a bit is worth 2^((QP - 12) / 6). */
	coder->frame.lambda = qp < 12 ? 1 : 1u << (qp - 12) / 6;
	*ret_coder = coder;
	return 0;
}

void p_coder_destroy(struct p_coder *coder)
{
	if (coder == NULL)
		return;
	nv12_finish(&coder->frame.before);
	nv12_finish(&coder->frame.reference);
	nv12_finish(&coder->frame.current);
	macroblocks_finish(&coder->all);
	bit_writer_finish(&coder->frame.bits);
	g_free(coder->frame.states);
	g_free(coder->changed);
	g_free(coder->stale);
	g_free(coder);
}

static void copy_planes(struct nv12 *to, const struct nv12 *from)
{
	for (uint32_t y = 0; y < to->height; y++)
		memcpy(to->luma + y * to->stride_bytes, from->luma + y * from->stride_bytes,
		       to->width);
	for (uint32_t y = 0; y < to->height / 2; y++)
		memcpy(to->chroma + y * to->stride_bytes, from->chroma + y * from->stride_bytes,
		       to->width);
}

void p_coder_restart(struct p_coder *coder, const struct nv12 *shown, const struct nv12 *source)
{
	struct p_frame *f = &coder->frame;

	copy_planes(&f->reference, shown);
	copy_planes(&f->current, shown);
	copy_planes(&f->before, source);
	coder->n_stale = 0;
	coder->frame_num = 0; /* of the IDR (7.4.3) */
}

/* 7.3.3 */
static void put_header(struct p_coder *coder)
{
	struct bit_writer *bits = &coder->frame.bits;
	unsigned n = coder->headers.frame_num_bits;

	bit_writer_clear(bits);
	bit_writer_reserve(bits, HEADER_RESERVE_BYTES);
	put_ue(bits, 0); /* first_mb_in_slice */
	put_ue(bits, SLICE_P);
	put_ue(bits, 0); /* pic_parameter_set_id */
	put_bits(bits, n, coder->frame_num & ((1u << n) - 1));
	put_bits(bits, 1, 0); /* num_ref_idx_active_override_flag */
	put_bits(bits, 1, 0); /* ref_pic_list_modification_flag_l0 */
	put_bits(bits, 1, 0); /* adaptive_ref_pic_marking_mode_flag */
	put_se(bits, (int32_t)coder->qp - coder->headers.pic_init_qp);
	if (coder->headers.deblocking_control)
		put_ue(bits, DEBLOCKING_OFF);
}

/* The first unchanged macroblock behind a changed one may have to say that it did not move. Those
 * behind it follow it, and the first of a row has no left neighbour: they are still anyway
 * (8.4.1.1). */
static void put_unchanged(struct p_frame *f, uint32_t first, uint32_t end)
{
	if (first == end)
		return;
	macroblock_keep(f, place_of(f, first));
	f->skip_run += end - first - 1;
}

static void copy_macroblock(struct nv12 *to, const struct nv12 *from, struct mb_place at)
{
	for (unsigned y = 0; y < MB_PX; y++)
		memcpy(luma_at(to, at) + y * to->stride_bytes,
		       luma_at(from, at) + y * from->stride_bytes, MB_PX);
	for (unsigned y = 0; y < MB_PX / 2; y++)
		memcpy(chroma_at(to, at) + y * to->stride_bytes,
		       chroma_at(from, at) + y * from->stride_bytes, MB_PX);
}

/* The picture is the one before now, as far as `end` in the list. */
static void settle_until(struct p_coder *coder, unsigned end)
{
	struct p_frame *f = &coder->frame;

	for (; coder->n_settled < end; coder->n_settled++) {
		const struct mb_place at = place_of(f, coder->changed[coder->n_settled]);
		copy_macroblock(&f->before, &f->source, at);
		*state_at(f, at) = (struct mb_state){0};
	}
}

/* While it is still warm: the rows that nothing from `row` on looks back at. Prediction looks one
 * row up (8.4.1.3), exact copies as far as things moved. */
static void settle_above(struct p_coder *coder, const struct moves *moves, uint32_t row)
{
	const struct p_frame *f = &coder->frame;
	const uint64_t up = (moves_reach_up_px(moves) + MB_PX - 1) / MB_PX;
	unsigned end = coder->n_settled;

	if (row <= MAX(up, 1))
		return;
	const uint64_t below = (row - MAX(up, 1)) * f->columns;
	while (end < coder->n_changed && coder->changed[end] < below)
		end++;
	settle_until(coder, end);
}

static void put_macroblocks(struct p_coder *coder, const struct moves *moves)
{
	struct p_frame *f = &coder->frame;
	struct vector hints[MOVES_MAX];
	uint32_t next = 0, row = 0;

	coder->n_settled = 0;
	fetch_first(f, moves, coder->changed, coder->n_changed);
	for (unsigned i = 0; i < coder->n_changed; i++) {
		const struct mb_place at = place_of(f, coder->changed[i]);
		fetch_ahead(f, moves, coder->changed, coder->n_changed, i);
		put_unchanged(f, next, coder->changed[i]);
		if (at.row != row)
			settle_above(coder, moves, at.row);
		row = at.row;
		macroblock_code(f, at, hints, moves_at(moves, at, hints));
		next = coder->changed[i] + 1;
	}
	put_unchanged(f, next, f->columns * f->rows);
	if (f->skip_run > 0)
		put_ue(&f->bits, f->skip_run);
	f->skip_run = 0;
}

/* `current` is the picture before the one before. What changed since and does not change again is
 * copied; the rest is written anew. */
static void catch_up(struct p_coder *coder)
{
	struct p_frame *f = &coder->frame;
	unsigned next = 0;

	for (unsigned i = 0; i < coder->n_stale; i++) {
		while (next < coder->n_changed && coder->changed[next] < coder->stale[i])
			next++;
		if (next < coder->n_changed && coder->changed[next] == coder->stale[i])
			continue;
		copy_macroblock(&f->current, &f->reference, place_of(f, coder->stale[i]));
	}
}

/* The picture is the one before now. */
static void settle(struct p_coder *coder)
{
	struct p_frame *f = &coder->frame;
	const struct nv12 shown = f->current;
	uint32_t *changed = coder->changed;

	settle_until(coder, coder->n_changed);
	f->current = f->reference;
	f->reference = shown;
	coder->changed = coder->stale;
	coder->stale = changed;
	coder->n_stale = coder->n_changed;
}

/* Most are not: eight at a time. */
static void list_changed(struct p_coder *coder, const uint8_t *changed)
{
	const uint32_t n = coder->frame.columns * coder->frame.rows;
	uint64_t eight;

	coder->n_changed = 0;
	for (uint32_t i = 0; i < n;) {
		if (n - i >= sizeof eight) {
			memcpy(&eight, changed + i, sizeof eight);
			if (eight == 0) {
				i += sizeof eight;
				continue;
			}
		}
		if (changed[i])
			coder->changed[coder->n_changed++] = i;
		i++;
	}
}

static bool better_idr(const struct p_coder *coder, const struct moves *moves)
{
	const struct p_frame *f = &coder->frame;

	return moves->n_hints + moves->n_found == 0 &&
	       coder->n_changed * 100 > f->columns * f->rows * NEW_MAX_PERCENT;
}

bool p_coder_encode(struct p_coder *coder, const struct nv12 *source,
		    const struct macroblocks *blocks, const struct motion_hint *hints,
		    unsigned n_hints, GByteArray *unit)
{
	struct p_frame *f = &coder->frame;
	struct moves moves;

	f->source = *source;
	list_changed(coder, blocks != NULL ? blocks->changed : coder->all.changed);
	moves_find(f, coder->changed, coder->n_changed, hints, n_hints, &moves);
	if (better_idr(coder, &moves))
		return false;
	catch_up(coder);
	coder->frame_num++;
	put_header(coder);
	put_macroblocks(coder, &moves);
	bit_writer_end_nal(&f->bits, NAL_P_SLICE, unit);
	settle(coder);
	return true;
}

const struct nv12 *p_coder_shown(const struct p_coder *coder)
{
	return &coder->frame.reference;
}
