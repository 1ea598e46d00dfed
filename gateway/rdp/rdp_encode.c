/* Which codec a change gets, and the encoding itself. What went out with loss is remembered by
 * 64x64 tiles and sent again exactly once it has been quiet. Knows no channel and no pacing. */
#include "gateway/rdp/rdp_encode.h"

#include "recorder/encode/convert.h"
#include "recorder/encode/encoder.h"

#include <freerdp/codec/color.h>
#include <freerdp/codec/progressive.h>
#include <freerdp/codec/region.h>
#include <stdlib.h>
#include <string.h>

#define TILE_PX 64u
/** Planar costs 0.01 ms for a line of text and grows with content; up to here it is both
 *  quickest and smallest. */
#define SMALL_PX (256u * 256u)
#define REFINE_QUIET_US 300000u
#define REFINE_MAX_TILES 64u
/** A region of more rectangles than this goes out as its bounding box. */
#define MAX_RECTS 256u
#define VIEWER_QP 26u
/** A first picture of more than this without loss is a photograph. */
#define FIRST_EXACT_MAX_BYTES (512u * 1024u)

struct rdp_encode {
	struct rdp_encode_caps caps;
	uint32_t width, height, columns, rows;
	struct rdp_planar *planar;
	PROGRESSIVE_CONTEXT *progressive;
	/* AVC420: the viewer's decoder and this encoder see the same sequence, so what changed
	 * while other codecs were used is owed to it. */
	struct encoder *encoder;
	struct nv12 nv12;
	struct macroblocks blocks;
	pixman_region32_t owed;
	bool begun, avc_started;
	uint64_t *lossy_us; /**< per tile: when it was last sent with loss, 0: it is exact */
	uint64_t oldest_lossy_us;
};

enum rdp_codec rdp_encode_choose(const struct rdp_encode_caps *caps, uint64_t painted_px)
{
	if (painted_px <= SMALL_PX)
		return RDP_CODEC_PLANAR;
	if (caps->avc420)
		return RDP_CODEC_AVC420;
	return caps->progressive ? RDP_CODEC_PROGRESSIVE : RDP_CODEC_PLANAR;
}

struct rdp_encode *rdp_encode_create(const struct rdp_encode_caps *caps, uint32_t width,
				     uint32_t height)
{
	struct rdp_encode *encode = g_new0(struct rdp_encode, 1);

	encode->caps = *caps;
	encode->width = width;
	encode->height = height;
	encode->columns = (width + TILE_PX - 1) / TILE_PX;
	encode->rows = (height + TILE_PX - 1) / TILE_PX;
	encode->lossy_us = g_new0(uint64_t, (size_t)encode->columns * encode->rows);
	encode->oldest_lossy_us = UINT64_MAX;
	pixman_region32_init_rect(&encode->owed, 0, 0, width, height);
	encode->planar = rdp_planar_create(width);
	if (!encode->planar) {
		rdp_encode_destroy(encode);
		return NULL;
	}
	return encode;
}

void rdp_encode_destroy(struct rdp_encode *encode)
{
	if (!encode)
		return;
	rdp_planar_destroy(encode->planar);
	progressive_context_free(encode->progressive);
	encoder_destroy(encode->encoder);
	nv12_finish(&encode->nv12);
	macroblocks_finish(&encode->blocks);
	pixman_region32_fini(&encode->owed);
	g_free(encode->lossy_us);
	g_free(encode);
}

/* ---- Lossy tiles ---- */

static void mark_lossy(struct rdp_encode *encode, const pixman_box32_t *box, uint64_t now_us)
{
	for (uint32_t row = (uint32_t)box->y1 / TILE_PX; row <= (uint32_t)(box->y2 - 1) / TILE_PX;
	     row++)
		for (uint32_t column = (uint32_t)box->x1 / TILE_PX;
		     column <= (uint32_t)(box->x2 - 1) / TILE_PX; column++)
			encode->lossy_us[row * encode->columns + column] = now_us;
	encode->oldest_lossy_us = MIN(encode->oldest_lossy_us, now_us);
}

static void find_oldest(struct rdp_encode *encode)
{
	encode->oldest_lossy_us = UINT64_MAX;
	for (uint32_t i = 0; i < encode->columns * encode->rows; i++)
		if (encode->lossy_us[i])
			encode->oldest_lossy_us = MIN(encode->oldest_lossy_us, encode->lossy_us[i]);
}

static uint64_t newest_lossy_in(const struct rdp_encode *encode, const pixman_box32_t *box)
{
	uint64_t newest_us = 0;

	for (uint32_t row = (uint32_t)box->y1 / TILE_PX; row <= (uint32_t)(box->y2 - 1) / TILE_PX;
	     row++)
		for (uint32_t column = (uint32_t)box->x1 / TILE_PX;
		     column <= (uint32_t)(box->x2 - 1) / TILE_PX; column++)
			newest_us =
				MAX(newest_us, encode->lossy_us[row * encode->columns + column]);
	return newest_us;
}

void rdp_encode_copied(struct rdp_encode *encode, const struct picture_copy *copy)
{
	const struct rect *to = &copy->to;
	pixman_box32_t from = {(int32_t)copy->from_x, (int32_t)copy->from_y,
			       (int32_t)(copy->from_x + to->width),
			       (int32_t)(copy->from_y + to->height)};
	pixman_box32_t target = {(int32_t)to->x, (int32_t)to->y, (int32_t)(to->x + to->width),
				 (int32_t)(to->y + to->height)};
	uint64_t lossy_us = newest_lossy_in(encode, &from);

	pixman_region32_union_rect(&encode->owed, &encode->owed, target.x1, target.y1, to->width,
				   to->height);
	if (lossy_us)
		mark_lossy(encode, &target, lossy_us);
}

/* ---- Codecs ---- */

static void rectangles(const pixman_box32_t *boxes, int n_boxes, RECTANGLE_16 *ret)
{
	for (int i = 0; i < n_boxes; i++)
		ret[i] = (RECTANGLE_16){(UINT16)boxes[i].x1, (UINT16)boxes[i].y1,
					(UINT16)boxes[i].x2, (UINT16)boxes[i].y2};
}

static bool progressive_boxes(struct rdp_encode *encode, const struct shadow *shadow,
			      const pixman_box32_t *boxes, int n_boxes, rdp_encode_sink *sink,
			      void *user)
{
	RDPGFX_SURFACE_COMMAND command = {.codecId = RDPGFX_CODECID_CAPROGRESSIVE};
	RECTANGLE_16 rects[MAX_RECTS];
	REGION16 region;
	bool ok = true;

	if (!encode->progressive)
		encode->progressive =
			progressive_context_new_ex(TRUE, THREADING_FLAGS_DISABLE_THREADS);
	if (!encode->progressive)
		return false;
	rectangles(boxes, n_boxes, rects);
	region16_init(&region);
	for (int i = 0; ok && i < n_boxes; i++)
		ok = region16_union_rect(&region, &region, &rects[i]);
	rdp_command_place(&command, 0, 0, encode->width, encode->height);
	ok = ok && progressive_compress(encode->progressive, shadow->pixels,
					(UINT32)(shadow->stride_bytes * shadow->height),
					PIXEL_FORMAT_BGRX32, shadow->width, shadow->height,
					(UINT32)shadow->stride_bytes, &region, &command.data,
					&command.length) > 0;
	region16_uninit(&region);
	return ok && sink(user, &command);
}

static bool start_avc(struct rdp_encode *encode)
{
	const struct encoder_settings settings = {.width = encode->width,
						  .height = encode->height,
						  .qp = VIEWER_QP,
						  .full_range = true,
						  .repeat_headers = true};

	return nv12_init(&encode->nv12, encode->width, encode->height) == 0 &&
	       macroblocks_init(&encode->blocks, encode->width, encode->height) == 0 &&
	       encoder_create(&settings, &encode->encoder) == 0;
}

static void convert_owed(struct rdp_encode *encode, const struct shadow *shadow)
{
	int n_boxes;
	const pixman_box32_t *boxes = pixman_region32_rectangles(&encode->owed, &n_boxes);

	for (int i = 0; i < n_boxes; i++) {
		struct rect r = {(uint32_t)boxes[i].x1, (uint32_t)boxes[i].y1,
				 (uint32_t)(boxes[i].x2 - boxes[i].x1),
				 (uint32_t)(boxes[i].y2 - boxes[i].y1)};
		convert_bgrx_nv12(shadow->pixels, shadow->stride_bytes, &r, true, &encode->nv12,
				  &encode->blocks);
	}
	pixman_region32_clear(&encode->owed);
}

static bool send_avc(struct rdp_encode *encode, const struct access_unit *unit,
		     const pixman_box32_t *boxes, int n_boxes, rdp_encode_sink *sink, void *user)
{
	RECTANGLE_16 rects[MAX_RECTS];
	RDPGFX_H264_QUANT_QUALITY quality[MAX_RECTS];
	/* The command's pointers are not const, but only read. */
	g_autofree BYTE *bytes = g_memdup2(unit->bytes, unit->length);
	RDPGFX_AVC420_BITMAP_STREAM stream = {.length = (UINT32)unit->length, .data = bytes};
	RDPGFX_SURFACE_COMMAND command = {.codecId = RDPGFX_CODECID_AVC420, .extra = &stream};

	rectangles(boxes, n_boxes, rects);
	for (int i = 0; i < n_boxes; i++)
		quality[i] = (RDPGFX_H264_QUANT_QUALITY){
			.qpVal = VIEWER_QP, .qualityVal = 100, .qp = VIEWER_QP};
	stream.meta.numRegionRects = (UINT32)n_boxes;
	stream.meta.regionRects = rects;
	stream.meta.quantQualityVals = quality;
	rdp_command_place(&command, 0, 0, encode->width, encode->height);
	return sink(user, &command);
}

static bool avc_boxes(struct rdp_encode *encode, const struct shadow *shadow,
		      const pixman_box32_t *boxes, int n_boxes, uint64_t now_us,
		      rdp_encode_sink *sink, void *user)
{
	struct access_unit unit;

	if (!encode->encoder && !start_avc(encode))
		return false;
	convert_owed(encode, shadow);
	int error = encoder_encode(encode->encoder, &encode->nv12, &encode->blocks, NULL, 0,
				   !encode->avc_started, (int64_t)now_us, &unit);
	memset(encode->blocks.changed, 0, (size_t)encode->blocks.columns * encode->blocks.rows);
	if (error)
		return false;
	encode->avc_started = true;
	return send_avc(encode, &unit, boxes, n_boxes, sink, user);
}

/* ---- Painting ---- */

static uint64_t count_px(const pixman_box32_t *boxes, int n_boxes)
{
	uint64_t sum = 0;

	for (int i = 0; i < n_boxes; i++)
		sum += (uint64_t)(boxes[i].x2 - boxes[i].x1) *
		       (uint64_t)(boxes[i].y2 - boxes[i].y1);
	return sum;
}

static bool paint_boxes(struct rdp_encode *encode, const struct shadow *shadow,
			const pixman_box32_t *boxes, int n_boxes, uint64_t now_us,
			rdp_encode_sink *sink, void *user)
{
	enum rdp_codec codec = rdp_encode_choose(&encode->caps, count_px(boxes, n_boxes));
	bool ok = true;

	if (codec == RDP_CODEC_PLANAR) {
		for (int i = 0; ok && i < n_boxes; i++)
			ok = rdp_planar_send(encode->planar, shadow, &boxes[i], sink, user);
		return ok;
	}
	if (codec == RDP_CODEC_AVC420)
		ok = avc_boxes(encode, shadow, boxes, n_boxes, now_us, sink, user);
	else
		ok = progressive_boxes(encode, shadow, boxes, n_boxes, sink, user);
	for (int i = 0; i < n_boxes; i++)
		mark_lossy(encode, &boxes[i], now_us);
	return ok;
}

/* What a lossy codec sends is sent again without loss as soon as it is quiet. A desktop at rest is
 * best sent exactly at once: fewer bytes in all, and the viewer sees it while a lossy codec would
 * still set up its tables on both sides (some 200 ms of xfreerdp's first picture). */
static bool paint_first(struct rdp_encode *encode, const struct shadow *shadow,
			const pixman_box32_t *boxes, int n_boxes, uint64_t now_us,
			rdp_encode_sink *sink, void *user)
{
	const pixman_box32_t *all = &boxes[0];
	bool whole = n_boxes == 1 && all->x2 - all->x1 == (int32_t)encode->width &&
		     all->y2 - all->y1 == (int32_t)encode->height;
	bool sent = false;

	encode->begun = true;
	if (whole && !rdp_planar_send_whole(encode->planar, shadow, FIRST_EXACT_MAX_BYTES, sink,
					    user, &sent))
		return false;
	return sent || paint_boxes(encode, shadow, boxes, n_boxes, now_us, sink, user);
}

bool rdp_encode_paint(struct rdp_encode *encode, const struct shadow *shadow,
		      const pixman_region32_t *painted, uint64_t now_us, rdp_encode_sink *sink,
		      void *user)
{
	pixman_region32_t area;
	int n_boxes;
	bool ok = true;

	pixman_region32_init(&area);
	pixman_region32_intersect_rect(&area, painted, 0, 0, encode->width, encode->height);
	pixman_region32_union(&encode->owed, &encode->owed, &area);
	const pixman_box32_t *boxes = pixman_region32_rectangles(&area, &n_boxes);
	if (n_boxes > (int)MAX_RECTS) {
		boxes = pixman_region32_extents(&area);
		n_boxes = 1;
	}
	if (n_boxes > 0 && !encode->begun)
		ok = paint_first(encode, shadow, boxes, n_boxes, now_us, sink, user);
	else if (n_boxes > 0)
		ok = paint_boxes(encode, shadow, boxes, n_boxes, now_us, sink, user);
	pixman_region32_fini(&area);
	return ok;
}

uint64_t rdp_encode_refine_due_us(const struct rdp_encode *encode)
{
	return encode->oldest_lossy_us == UINT64_MAX ? UINT64_MAX
						     : encode->oldest_lossy_us + REFINE_QUIET_US;
}

/* Tiles side by side go out as one rectangle. Returns how many tiles the run that
 * starts here has; 0: none. */
static uint32_t due_run(const struct rdp_encode *encode, uint32_t row, uint32_t column,
			uint32_t max_tiles, uint64_t now_us)
{
	const uint64_t *tiles = &encode->lossy_us[row * encode->columns];
	uint32_t n = 0;

	while (n < max_tiles && column + n < encode->columns && tiles[column + n] &&
	       tiles[column + n] + REFINE_QUIET_US <= now_us)
		n++;
	return n;
}

static bool refine_run(struct rdp_encode *encode, const struct shadow *shadow, uint32_t row,
		       uint32_t column, uint32_t n_tiles, rdp_encode_sink *sink, void *user)
{
	pixman_box32_t box = {(int32_t)(column * TILE_PX), (int32_t)(row * TILE_PX),
			      (int32_t)MIN((column + n_tiles) * TILE_PX, encode->width),
			      (int32_t)MIN((row + 1) * TILE_PX, encode->height)};

	memset(&encode->lossy_us[row * encode->columns + column], 0, n_tiles * sizeof(uint64_t));
	return rdp_planar_send(encode->planar, shadow, &box, sink, user);
}

bool rdp_encode_refine(struct rdp_encode *encode, const struct shadow *shadow, uint64_t now_us,
		       rdp_encode_sink *sink, void *user)
{
	uint32_t left = REFINE_MAX_TILES;
	bool ok = true;

	for (uint32_t row = 0; ok && left && row < encode->rows; row++) {
		for (uint32_t column = 0; ok && left && column < encode->columns;) {
			uint32_t n = due_run(encode, row, column, left, now_us);
			if (n)
				ok = refine_run(encode, shadow, row, column, n, sink, user);
			left -= n;
			column += n ? n : 1;
		}
	}
	find_oldest(encode);
	return ok;
}
