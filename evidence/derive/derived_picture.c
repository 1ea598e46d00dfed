/* Samples: copying, covering, comparing. It must not know times or files. */
#include "evidence/derive/derived_picture.h"

#include "evidence/derive/derive.h"

#include <string.h>

#define MB 16u

static uint32_t half(uint32_t side_px)
{
	return (side_px + 1) / 2;
}

void derived_picture_take(const struct play_picture *picture, struct nv12 *ret)
{
	for (uint32_t y = 0; y < picture->height; y++)
		memcpy(ret->luma + y * ret->stride_bytes,
		       picture->planes[0] + y * picture->strides_bytes[0], picture->width);
	for (uint32_t y = 0; y < half(picture->height); y++) {
		const uint8_t *cb = picture->planes[1] + y * picture->strides_bytes[1];
		const uint8_t *cr = picture->planes[2] + y * picture->strides_bytes[2];
		uint8_t *pairs = ret->chroma + y * ret->stride_bytes;
		for (uint32_t x = 0; x < half(picture->width); x++) {
			pairs[2 * x] = cb[x];
			pairs[2 * x + 1] = cr[x];
		}
	}
}

void derived_picture_copy(const struct nv12 *picture, struct nv12 *ret)
{
	/* With the rows that pad the last macroblocks: what differs there would pass for a
	 * change. */
	const size_t bytes = picture->stride_bytes * ((picture->height + MB - 1) / MB * MB);

	memcpy(ret->luma, picture->luma, bytes);
	memcpy(ret->chroma, picture->chroma, bytes / 2);
}

void derived_picture_cover(struct nv12 *picture, struct rect r)
{
	if (!rect_clip(&r, picture->width, picture->height))
		return;
	for (uint32_t y = r.y; y < r.y + r.height; y++)
		memset(picture->luma + y * picture->stride_bytes + r.x, DERIVE_COVER_LUMA, r.width);
	for (uint32_t y = r.y / 2; y < half(r.y + r.height); y++)
		memset(picture->chroma + y * picture->stride_bytes + r.x, DERIVE_COVER_CHROMA,
		       2 * (size_t)half(r.width));
}

static bool same_rows(const uint8_t *a, const uint8_t *b, size_t stride_bytes, uint32_t rows)
{
	for (uint32_t y = 0; y < rows; y++)
		if (memcmp(a + y * stride_bytes, b + y * stride_bytes, MB) != 0)
			return false;
	return true;
}

/* The planes have whole macroblocks; what pads them never changes. */
unsigned derived_picture_compare(const struct nv12 *a, const struct nv12 *b,
				 struct macroblocks *changed)
{
	const size_t stride = a->stride_bytes;
	unsigned n = 0;

	for (uint32_t row = 0; row < changed->rows; row++)
		for (uint32_t column = 0; column < changed->columns; column++) {
			size_t luma = (size_t)row * MB * stride + column * MB;
			size_t chroma = (size_t)row * (MB / 2) * stride + column * MB;
			bool same =
				same_rows(a->luma + luma, b->luma + luma, stride, MB) &&
				same_rows(a->chroma + chroma, b->chroma + chroma, stride, MB / 2);
			changed->changed[(size_t)row * changed->columns + column] = !same;
			n += !same;
		}
	return n;
}
