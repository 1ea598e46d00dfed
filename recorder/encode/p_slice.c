/* The slice: its header, runs of unchanged macroblocks, and what is kept from picture to picture. It
 * must not know how one macroblock is coded. */
#include "recorder/encode/p_slice.h"

#include "recorder/encode/convert.h"
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

/* The first unchanged macroblock behind a changed one may have to say that it did not move; those
 * behind it follow it (8.4.1.1), so the rest of the run is only counted. */
static uint32_t put_unchanged(struct p_frame *f, const uint8_t *changed, struct mb_place at)
{
	uint32_t n = 1;

	macroblock_keep(f, at);
	while (at.column + n < f->columns && !changed[at.column + n])
		n++;
	f->skip_run += n - 1;
	return n;
}

static void put_row(struct p_frame *f, const uint8_t *changed, uint32_t row,
		    const struct moves *moves)
{
	struct vector hints[MOVES_MAX];

	for (struct mb_place at = {0, row}; at.column < f->columns;) {
		if (!changed[at.column]) {
			at.column += put_unchanged(f, changed, at);
			continue;
		}
		macroblock_code(f, at, hints, moves_at(moves, at, hints));
		at.column++;
	}
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

/* The picture is the one before now: only what changed differs. */
static void settle(struct p_frame *f, const uint8_t *changed)
{
	for (uint32_t i = 0; i < f->columns * f->rows; i++) {
		const struct mb_place at = {i % f->columns, i / f->columns};
		if (!changed[i])
			continue;
		copy_macroblock(&f->reference, &f->current, at);
		copy_macroblock(&f->before, &f->source, at);
		f->states[i] = (struct mb_state){0};
	}
}

static unsigned count_changed(const struct p_frame *f, const uint8_t *changed)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < f->columns * f->rows; i++)
		n += changed[i] != 0;
	return n;
}

bool p_coder_encode(struct p_coder *coder, const struct nv12 *source,
		    const struct macroblocks *blocks, const struct motion_hint *hints,
		    unsigned n_hints, GByteArray *unit)
{
	struct p_frame *f = &coder->frame;
	struct moves moves;

	if (blocks == NULL)
		blocks = &coder->all;
	f->source = *source;
	unsigned n_changed = count_changed(f, blocks->changed);
	moves_find(f, blocks, n_changed, hints, n_hints, &moves);
	if (n_changed * 100 > f->columns * f->rows * NEW_MAX_PERCENT &&
	    moves.n_hints + moves.n_found == 0)
		return false;
	coder->frame_num++;
	put_header(coder);
	for (uint32_t row = 0; row < f->rows; row++)
		put_row(f, blocks->changed + (size_t)row * f->columns, row, &moves);
	if (f->skip_run > 0)
		put_ue(&f->bits, f->skip_run);
	f->skip_run = 0;
	bit_writer_end_nal(&f->bits, NAL_P_SLICE, unit);
	settle(f, blocks->changed);
	return true;
}

const struct nv12 *p_coder_shown(const struct p_coder *coder)
{
	return &coder->frame.reference;
}
