/* BGRX pictures into NV12, macroblock by macroblock. It must not know encoders; it decides only
 * what changed. */
#include "recorder/encode/convert.h"

#include "recorder/encode/convert_kernel.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define MB 16u

/* ITU-R BT.709 (Kr 0.2126, Kb 0.0722) in 1/32768: limited range scales luma by 219/255 and chroma
 * by 224/255. The green weight takes what rounding left over, so that grey stays exactly grey. */
static const struct convert_weights bt709_limited = {
	.luma = {2032, 20127, 5983, 0},
	.cb = {14392, -11094, -3298, 0},
	.cr = {-1320, -13072, 14392, 0},
	.luma_bias = (16 << CONVERT_LUMA_SHIFT) + (1 << (CONVERT_LUMA_SHIFT - 1)),
	.chroma_bias = (128 << CONVERT_CHROMA_SHIFT) + (1 << (CONVERT_CHROMA_SHIFT - 1)),
};
static const struct convert_weights bt709_full = {
	.luma = {2366, 23436, 6966, 0},
	.cb = {16384, -12630, -3754, 0},
	.cr = {-1502, -14882, 16384, 0},
	.luma_bias = 1 << (CONVERT_LUMA_SHIFT - 1),
	.chroma_bias = (128 << CONVERT_CHROMA_SHIFT) + (1 << (CONVERT_CHROMA_SHIFT - 1)),
};

static size_t round_up(size_t value, size_t step)
{
	return (value + step - 1) / step * step;
}

int nv12_init(struct nv12 *picture, uint32_t width, uint32_t height)
{
	size_t stride = round_up(width, 64), rows = round_up(height, MB);
	uint8_t *planes = aligned_alloc(64, stride * rows * 3 / 2);

	if (planes == NULL)
		return -ENOMEM;
	*picture = (struct nv12){planes, planes + stride * rows, stride, width, height};
	memset(picture->luma, 16, stride * rows);
	memset(picture->chroma, 128, stride * rows / 2);
	return 0;
}

void nv12_finish(struct nv12 *picture)
{
	free(picture->luma);
	*picture = (struct nv12){0};
}

int macroblocks_init(struct macroblocks *blocks, uint32_t width, uint32_t height)
{
	uint32_t columns = (width + MB - 1) / MB, rows = (height + MB - 1) / MB;
	uint8_t *changed = calloc(rows, columns);

	if (changed == NULL)
		return -ENOMEM;
	*blocks = (struct macroblocks){changed, columns, rows};
	return 0;
}

void macroblocks_finish(struct macroblocks *blocks)
{
	free(blocks->changed);
	*blocks = (struct macroblocks){0};
}

/* A macroblock that hangs over the right or lower edge: the last column and row are repeated into
 * it. */
static void pad_block(const uint8_t *bgrx, size_t stride_bytes, uint32_t width, uint32_t height,
		      uint8_t padded[MB * MB * 4])
{
	for (uint32_t y = 0; y < MB; y++) {
		const uint8_t *row = bgrx + (y < height ? y : height - 1) * stride_bytes;
		uint8_t *to = padded + y * MB * 4;
		memcpy(to, row, width * 4);
		for (uint32_t x = width; x < MB; x++)
			memcpy(to + x * 4, row + (width - 1) * 4, 4);
	}
}

static const struct convert_weights *weights_of(bool full_range)
{
	return full_range ? &bt709_full : &bt709_limited;
}

struct conversion {
	convert_block_fn kernel;
	const struct convert_weights *weights;
	const uint8_t *bgrx;
	size_t stride_bytes;
	struct nv12 *picture;
};

/* The rows from `top` to `bottom`, both even, of the macroblock column at x; all
 * within one macroblock. */
static bool convert_rows(const struct conversion *c, uint32_t x, uint32_t top, uint32_t bottom)
{
	const struct nv12 *to = c->picture;
	uint32_t width = to->width - x, height = to->height - top / MB * MB;
	bool hangs = width < MB || height < MB;
	uint8_t padded[MB * MB * 4] WRITTEN_FIRST;

	if (hangs) {
		top = top / MB * MB;
		bottom = top + MB;
	}
	const uint8_t *from = c->bgrx + (size_t)top * c->stride_bytes + (size_t)x * 4;
	size_t stride_bytes = c->stride_bytes;
	if (hangs) {
		pad_block(from, stride_bytes, MIN(width, MB), MIN(height, MB), padded);
		from = padded;
		stride_bytes = MB * 4;
	}
	return c->kernel(from, stride_bytes, bottom - top, c->weights,
			 to->luma + (size_t)top * to->stride_bytes + x,
			 to->chroma + (size_t)(top / 2) * to->stride_bytes + x, to->stride_bytes);
}

static unsigned convert_rect(const struct conversion *c, const struct rect *area,
			     struct macroblocks *blocks)
{
	struct rect r = *area;
	unsigned n_changed = 0;

	if (!rect_clip(&r, c->picture->width, c->picture->height))
		return 0;
	uint32_t first = r.y & ~1u, end = (r.y + r.height + 1) & ~1u;
	for (uint32_t row = first / MB; row * MB < end; row++) {
		uint32_t top = MAX(first, row * MB), bottom = MIN(end, (row + 1) * MB);
		for (uint32_t column = r.x / MB; column <= (r.x + r.width - 1) / MB; column++) {
			if (!convert_rows(c, column * MB, top, bottom))
				continue;
			blocks->changed[row * blocks->columns + column] = 1;
			n_changed++;
		}
	}
	return n_changed;
}

unsigned convert_bgrx_nv12(const uint8_t *bgrx, size_t stride_bytes, const struct rect *r,
			   bool full_range, struct nv12 *picture, struct macroblocks *blocks)
{
	const struct conversion c = {convert_block_best(), weights_of(full_range), bgrx,
				     stride_bytes, picture};

	return convert_rect(&c, r, blocks);
}

unsigned convert_bgrx_nv12_portable(const uint8_t *bgrx, size_t stride_bytes, const struct rect *r,
				    bool full_range, struct nv12 *picture,
				    struct macroblocks *blocks)
{
	const struct conversion c = {convert_block_portable, weights_of(full_range), bgrx,
				     stride_bytes, picture};

	return convert_rect(&c, r, blocks);
}
