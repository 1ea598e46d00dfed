/* The target's cursor as RDP pointer updates ([MS-RDPBCGR] 2.2.9.1.1.4). Shapes the viewer has been
 * sent stay in its cache and are named by number when they come back. Knows nothing of the
 * picture. */
#include "gateway/rdp/rdp_front.h"

#include <freerdp/pointer.h>
#include <string.h>

#define CACHE_SLOTS 20u
/** Largest shape of a New Pointer Update for viewers that did not announce large ones
 *  ([MS-RDPBCGR] 2.2.9.1.1.4.4). */
#define PLAIN_MAX_PX 32u
#define LARGE_96_PX 96u

struct cached {
	GBytes *key;
	uint64_t used;
};

struct rdp_cursor {
	struct rdp_front *front;
	struct cached cache[CACHE_SLOTS];
	unsigned n_slots;
	uint64_t uses;
};

struct rdp_cursor *rdp_cursor_create(struct rdp_front *front)
{
	struct rdp_cursor *cursor = g_new0(struct rdp_cursor, 1);

	cursor->front = front;
	rdp_cursor_reset(cursor);
	return cursor;
}

void rdp_cursor_reset(struct rdp_cursor *cursor)
{
	UINT32 slots = freerdp_settings_get_uint32(rdp_front_settings(cursor->front),
						   FreeRDP_PointerCacheSize);

	for (unsigned i = 0; i < CACHE_SLOTS; i++)
		g_clear_pointer(&cursor->cache[i].key, g_bytes_unref);
	cursor->n_slots = CLAMP(slots, 1, CACHE_SLOTS);
}

void rdp_cursor_destroy(struct rdp_cursor *cursor)
{
	if (!cursor)
		return;
	for (unsigned i = 0; i < CACHE_SLOTS; i++)
		g_clear_pointer(&cursor->cache[i].key, g_bytes_unref);
	g_free(cursor);
}

static uint32_t max_side_px(const struct rdp_cursor *cursor)
{
	UINT32 flags = freerdp_settings_get_uint32(rdp_front_settings(cursor->front),
						   FreeRDP_LargePointerFlag);

	return flags & LARGE_POINTER_FLAG_96x96 ? LARGE_96_PX : PLAIN_MAX_PX;
}

/* Too large for this viewer: nearest pixels of a smaller one. Takes shape->bgra. */
static void shrink(struct cursor_shape *shape, uint32_t max_px)
{
	uint32_t longest = MAX(shape->width, shape->height);

	if (longest <= max_px)
		return;
	uint32_t width = MAX(1, shape->width * max_px / longest);
	uint32_t height = MAX(1, shape->height * max_px / longest);
	uint8_t *small = g_malloc0((size_t)width * height * 4);
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			memcpy(small + ((size_t)y * width + x) * 4,
			       shape->bgra + ((size_t)(y * longest / max_px) * shape->width +
					      x * longest / max_px) *
						     4,
			       4);
	g_free(shape->bgra);
	shape->bgra = small;
	shape->width = width;
	shape->height = height;
	shape->hot_x = shape->hot_x * max_px / longest;
	shape->hot_y = shape->hot_y * max_px / longest;
}

static size_t mask_stride(uint32_t width)
{
	return ((width + 15) / 16) * 2;
}

/* Rows bottom-up. A transparent pixel is AND 1 with XOR 0; AND 1 with a colour would invert the
 * screen. */
static void fill_masks(const struct cursor_shape *shape, uint8_t *xor_mask, uint8_t *and_mask)
{
	for (uint32_t y = 0; y < shape->height; y++) {
		const uint8_t *from =
			shape->bgra + (size_t)(shape->height - 1 - y) * shape->width * 4;
		uint8_t *colours = xor_mask + (size_t)y * shape->width * 4;
		uint8_t *bits = and_mask + y * mask_stride(shape->width);
		for (uint32_t x = 0; x < shape->width; x++) {
			if (from[x * 4 + 3])
				memcpy(colours + x * 4, from + x * 4, 4);
			else
				bits[x / 8] |= (uint8_t)(0x80 >> (x % 8));
		}
	}
}

static GBytes *shape_key(const struct cursor_shape *shape)
{
	size_t pixels = (size_t)shape->width * shape->height * 4;
	uint32_t head[4] = {shape->width, shape->height, shape->hot_x, shape->hot_y};
	uint8_t *key = g_malloc(sizeof head + pixels);

	memcpy(key, head, sizeof head);
	memcpy(key + sizeof head, shape->bgra, pixels);
	return g_bytes_new_take(key, sizeof head + pixels);
}

/* The slot that holds `key`, or the one least used. */
static unsigned find_slot(const struct rdp_cursor *cursor, GBytes *key, bool *ret_known)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < cursor->n_slots; i++) {
		if (cursor->cache[i].key && g_bytes_equal(cursor->cache[i].key, key)) {
			*ret_known = true;
			return i;
		}
		if (cursor->cache[i].used < cursor->cache[oldest].used)
			oldest = i;
	}
	*ret_known = false;
	return oldest;
}

static bool send_new(struct rdp_cursor *cursor, const struct cursor_shape *shape, unsigned slot)
{
	rdpContext *context = cursor->front->peer->context;
	size_t xor_bytes = (size_t)shape->width * shape->height * 4;
	size_t and_bytes = mask_stride(shape->width) * shape->height;
	g_autofree uint8_t *masks = g_malloc0(xor_bytes + and_bytes);
	const POINTER_NEW_UPDATE update = {
		.xorBpp = 32,
		.colorPtrAttr = {.cacheIndex = (UINT16)slot,
				 .hotSpotX = (UINT16)MIN(shape->hot_x, shape->width - 1),
				 .hotSpotY = (UINT16)MIN(shape->hot_y, shape->height - 1),
				 .width = (UINT16)shape->width,
				 .height = (UINT16)shape->height,
				 .lengthAndMask = (UINT16)and_bytes,
				 .lengthXorMask = (UINT16)xor_bytes,
				 .xorMaskData = masks,
				 .andMaskData = masks + xor_bytes}};

	fill_masks(shape, masks, masks + xor_bytes);
	return context->update->pointer->PointerNew(context, &update);
}

static bool send_system(struct rdp_cursor *cursor, UINT32 type)
{
	rdpContext *context = cursor->front->peer->context;
	const POINTER_SYSTEM_UPDATE update = {type};

	return context->update->pointer->PointerSystem(context, &update);
}

static bool send_cached_or_new(struct rdp_cursor *cursor, const struct cursor_shape *shape)
{
	rdpContext *context = cursor->front->peer->context;
	g_autoptr(GBytes) key = shape_key(shape);
	bool known;
	const POINTER_CACHED_UPDATE again = {find_slot(cursor, key, &known)};
	struct cached *slot = &cursor->cache[again.cacheIndex];

	slot->used = ++cursor->uses;
	if (known)
		return context->update->pointer->PointerCached(context, &again);
	g_clear_pointer(&slot->key, g_bytes_unref);
	slot->key = g_bytes_ref(key);
	return send_new(cursor, shape, again.cacheIndex);
}

bool rdp_cursor_send_shape(struct rdp_cursor *cursor)
{
	struct cursor_shape shape = {0};
	int32_t x, y;
	bool visible = true, ok;

	if (!session_get_cursor(cursor->front->session, &shape))
		return send_system(cursor, SYSPTR_DEFAULT);
	session_get_pointer(cursor->front->session, &x, &y, &visible);
	if (!visible || shape.width == 0 || shape.height == 0) {
		ok = send_system(cursor, SYSPTR_NULL);
	} else {
		shrink(&shape, max_side_px(cursor));
		ok = send_cached_or_new(cursor, &shape);
	}
	g_free(shape.bgra);
	return ok;
}

bool rdp_cursor_send_position(struct rdp_cursor *cursor)
{
	rdpContext *context = cursor->front->peer->context;
	int32_t x, y;
	bool visible;

	session_get_pointer(cursor->front->session, &x, &y, &visible);
	const POINTER_POSITION_UPDATE update = {(UINT32)MAX(x, 0), (UINT32)MAX(y, 0)};
	return context->update->pointer->PointerPosition(context, &update);
}
