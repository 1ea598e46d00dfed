/* Pictures a front keeps of what its viewer was told, and the two ways to change
 * pixels. It knows no session. */
#include "gateway/session/session_priv.h"

#include <string.h>

struct shadow *shadow_create(uint32_t width, uint32_t height)
{
	if (!picture_size_ok(width, height))
		return NULL;
	struct shadow *shadow = g_try_new0(struct shadow, 1);
	if (shadow == NULL)
		return NULL;
	shadow->width = width;
	shadow->height = height;
	shadow->stride_bytes = ((size_t)width + 63) / 64 * 256;
	shadow->pixels = g_try_malloc0(shadow->stride_bytes * height);
	if (shadow->pixels != NULL)
		return shadow;
	g_free(shadow);
	return NULL;
}

void shadow_destroy(struct shadow *shadow)
{
	if (shadow == NULL)
		return;
	g_free(shadow->pixels);
	g_free(shadow);
}

void pixels_copy(uint8_t *dst, size_t dst_stride_bytes, const uint8_t *src, size_t src_stride_bytes,
		 const struct rect *r)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++)
		memcpy(dst + y * dst_stride_bytes + (size_t)r->x * 4,
		       src + y * src_stride_bytes + (size_t)r->x * 4, (size_t)r->width * 4);
}

void pixels_move(uint8_t *pixels, size_t stride_bytes, const struct rect *to, uint32_t from_x,
		 uint32_t from_y)
{
	uint8_t *dst = pixels + to->y * stride_bytes + (size_t)to->x * 4;
	const uint8_t *src = pixels + from_y * stride_bytes + (size_t)from_x * 4;

	/* From the side that keeps rows which are still to be read; memmove does the same inside a
	 * row. */
	for (uint32_t i = 0; i < to->height; i++) {
		size_t y = to->y <= from_y ? i : to->height - 1 - i;
		memmove(dst + y * stride_bytes, src + y * stride_bytes, (size_t)to->width * 4);
	}
}
