/* Pictures for viewers without the graphics pipeline: Bitmap Updates of 64x64 tiles, one rectangle
 * each, because viewers exist that garble updates of several ([MS-RDPBCGR]
 * 2.2.9.1.1.3.1.2). Knows no pacing. */
#include "gateway/rdp/rdp_front.h"

#include <freerdp/codec/color.h>
#include <freerdp/codec/interleaved.h>
#include <freerdp/codec/planar.h>
#include <freerdp/update.h>
#include <string.h>

#define TILE_PX 64u
#define TILE_STRIDE_BYTES (TILE_PX * 4u)

struct rdp_tiles {
	struct rdp_front *front;
	uint32_t depth_bits;
	BITMAP_PLANAR_CONTEXT *planar;
	BITMAP_INTERLEAVED_CONTEXT *interleaved;
	uint8_t tile[TILE_PX * TILE_STRIDE_BYTES];
	uint8_t encoded[TILE_PX * TILE_STRIDE_BYTES + 1024];
};

struct rdp_tiles *rdp_tiles_create(struct rdp_front *front)
{
	struct rdp_tiles *tiles = g_new0(struct rdp_tiles, 1);

	tiles->front = front;
	tiles->depth_bits =
		freerdp_settings_get_uint32(rdp_front_settings(front), FreeRDP_ColorDepth);
	tiles->planar = freerdp_bitmap_planar_context_new(
		PLANAR_FORMAT_HEADER_NA | PLANAR_FORMAT_HEADER_RLE, TILE_PX, TILE_PX);
	tiles->interleaved = bitmap_interleaved_context_new(TRUE);
	if (tiles->planar && tiles->interleaved && tiles->depth_bits >= 15)
		return tiles;
	g_message("viewer's colour depth %u cannot be served", tiles->depth_bits);
	rdp_tiles_destroy(tiles);
	return NULL;
}

void rdp_tiles_destroy(struct rdp_tiles *tiles)
{
	if (!tiles)
		return;
	freerdp_bitmap_planar_context_free(tiles->planar);
	bitmap_interleaved_context_free(tiles->interleaved);
	g_free(tiles);
}

/* The interleaved codec wants widths in fours; columns beyond the picture repeat its last one and
 * are cut by the destination. */
static void take_tile(struct rdp_tiles *tiles, const struct shadow *shadow, const struct rect *r,
		      uint32_t padded_width)
{
	for (uint32_t y = 0; y < r->height; y++) {
		const uint8_t *from =
			shadow->pixels + (r->y + y) * shadow->stride_bytes + (size_t)r->x * 4;
		uint8_t *to = tiles->tile + (size_t)y * TILE_STRIDE_BYTES;
		memcpy(to, from, (size_t)r->width * 4);
		for (uint32_t x = r->width; x < padded_width; x++)
			memcpy(to + (size_t)x * 4, from + (size_t)(r->width - 1) * 4, 4);
	}
}

/* Bottom-up rows of BGR or BGRX, not compressed: FreeRDP's 24-bit run-length encoder loses colours,
 * and its planar one gives up on pictures of a few pixels. */
static bool plain_rows(struct rdp_tiles *tiles, BITMAP_DATA *data, uint32_t pixel_bytes)
{
	uint8_t *to = tiles->encoded;

	for (uint32_t y = data->height; y-- > 0;)
		for (uint32_t x = 0; x < data->width; x++, to += pixel_bytes)
			memcpy(to, tiles->tile + (size_t)y * TILE_STRIDE_BYTES + (size_t)x * 4,
			       pixel_bytes);
	data->compressed = FALSE;
	data->bitmapLength = data->width * data->height * pixel_bytes;
	return true;
}

static bool encode_tile(struct rdp_tiles *tiles, BITMAP_DATA *data)
{
	data->compressed = TRUE;
	if (tiles->depth_bits == 24)
		return plain_rows(tiles, data, 3);
	if (tiles->depth_bits == 32)
		return freerdp_bitmap_compress_planar(
			       tiles->planar, tiles->tile, PIXEL_FORMAT_BGRX32, data->width,
			       data->height, TILE_STRIDE_BYTES, tiles->encoded,
			       &data->bitmapLength) != NULL ||
		       plain_rows(tiles, data, 4);
	data->bitmapLength = sizeof tiles->encoded;
	return interleaved_compress(tiles->interleaved, tiles->encoded, &data->bitmapLength,
				    data->width, data->height, tiles->tile, PIXEL_FORMAT_BGRX32,
				    TILE_STRIDE_BYTES, 0, 0, NULL, tiles->depth_bits);
}

static bool send_tile(struct rdp_tiles *tiles, const struct shadow *shadow, const struct rect *r)
{
	rdpContext *context = tiles->front->peer->context;
	uint32_t width = (r->width + 3) & ~3u, bytes = (tiles->depth_bits + 7) / 8;
	BITMAP_DATA data = {.destLeft = r->x,
			    .destTop = r->y,
			    .destRight = r->x + r->width - 1,
			    .destBottom = r->y + r->height - 1,
			    .width = width,
			    .height = r->height,
			    .bitsPerPixel = tiles->depth_bits,
			    .cbScanWidth = width * bytes,
			    .cbUncompressedSize = width * r->height * bytes,
			    .bitmapDataStream = tiles->encoded};
	const BITMAP_UPDATE update = {.number = 1, .rectangles = &data};

	take_tile(tiles, shadow, r, width);
	if (!encode_tile(tiles, &data))
		return false;
	data.cbCompMainBodySize = data.bitmapLength;
	return context->update->BitmapUpdate(context, &update);
}

static bool send_box(struct rdp_tiles *tiles, const struct shadow *shadow,
		     const pixman_box32_t *box)
{
	struct rect r;

	for (r.y = (uint32_t)box->y1; r.y < (uint32_t)box->y2; r.y += r.height) {
		r.height = MIN(TILE_PX, (uint32_t)box->y2 - r.y);
		for (r.x = (uint32_t)box->x1; r.x < (uint32_t)box->x2; r.x += r.width) {
			r.width = MIN(TILE_PX, (uint32_t)box->x2 - r.x);
			if (!send_tile(tiles, shadow, &r))
				return false;
		}
	}
	return true;
}

bool rdp_tiles_send(struct rdp_tiles *tiles, const struct shadow *shadow,
		    const struct picture_update *update)
{
	rdpContext *context = tiles->front->peer->context;
	pixman_region32_t area;
	int n_boxes;

	pixman_region32_init(&area);
	pixman_region32_copy(&area, &update->painted);
	/* Without drawing orders a copy is pixels. */
	for (unsigned i = 0; i < update->n_copies; i++) {
		const struct rect *to = &update->copies[i].to;
		pixman_region32_union_rect(&area, &area, (int)to->x, (int)to->y, to->width,
					   to->height);
	}
	pixman_region32_intersect_rect(&area, &area, 0, 0, shadow->width, shadow->height);
	const pixman_box32_t *boxes = pixman_region32_rectangles(&area, &n_boxes);
	bool ok = context->update->BeginPaint(context);
	for (int i = 0; ok && i < n_boxes; i++)
		ok = send_box(tiles, shadow, &boxes[i]);
	pixman_region32_fini(&area);
	return context->update->EndPaint(context) && ok;
}
