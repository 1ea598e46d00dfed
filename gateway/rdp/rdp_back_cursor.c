/* Cursor shapes and pointer position of the target ([MS-RDPBCGR] 2.2.9.1.1.4) for viewer and
 * recorder. Must not know who draws them. */
#include "gateway/rdp/rdp_back_internal.h"

#include <freerdp/codec/color.h>
#include <freerdp/graphics.h>
#include <string.h>

#define CURSOR_MAX_PX 384u

/** One shape in FreeRDP's pointer cache. */
struct pointer {
	rdpPointer base; /* first: FreeRDP allocates the whole */
	uint8_t *bgra;
};

/* What "the system's default pointer" (TS_SYSTEMPOINTERATTRIBUTE, SYSPTR_DEFAULT) looks like
 * here: # black, + white. */
static const char *const arrow_rows[] = {
	/* clang-format off */
	"#           ",
	"##          ",
	"#+#         ",
	"#++#        ",
	"#+++#       ",
	"#++++#      ",
	"#+++++#     ",
	"#++++++#    ",
	"#+++++++#   ",
	"#++++++++#  ",
	"#+++++##### ",
	"#++#++#     ",
	"#+# #++#    ",
	"##  #++#    ",
	"     #++#   ",
	"     #++#   ",
	"      ##    ",
	/* clang-format on */
};
#define ARROW_WIDTH_PX 12u

static BOOL set_default_pointer(rdpContext *context)
{
	uint32_t pixels[G_N_ELEMENTS(arrow_rows)][ARROW_WIDTH_PX] = {{0}};
	struct cursor_shape shape = {.width = ARROW_WIDTH_PX,
				     .height = G_N_ELEMENTS(arrow_rows),
				     .bgra = (uint8_t *)pixels};

	for (unsigned y = 0; y < G_N_ELEMENTS(arrow_rows); y++)
		for (unsigned x = 0; x < ARROW_WIDTH_PX; x++)
			if (arrow_rows[y][x] != ' ')
				pixels[y][x] = arrow_rows[y][x] == '+' ? 0xFFFFFFFFu : 0xFF000000u;
	session_set_cursor(rdp_back_of(context)->session, &shape);
	return TRUE;
}

static BOOL set_null_pointer(rdpContext *context)
{
	session_set_cursor(rdp_back_of(context)->session, &(struct cursor_shape){0});
	return TRUE;
}

static BOOL pointer_new(rdpContext *context, rdpPointer *base)
{
	struct pointer *pointer = (struct pointer *)base;

	if (base->width > CURSOR_MAX_PX || base->height > CURSOR_MAX_PX) {
		rdp_back_refuse(rdp_back_of(context), END_TARGET_PROTOCOL,
				"target sent a cursor of %ux%u", base->width, base->height);
		return FALSE;
	}
	if (base->width == 0 || base->height == 0)
		return TRUE;
	pointer->bgra = g_malloc0((size_t)base->width * base->height * 4);
	return freerdp_image_copy_from_pointer_data(
		pointer->bgra, PIXEL_FORMAT_BGRA32, base->width * 4, 0, 0, base->width,
		base->height, base->xorMaskData, base->lengthXorMask, base->andMaskData,
		base->lengthAndMask, base->xorBpp, &context->gdi->palette);
}

static void pointer_free(rdpContext *context, rdpPointer *base)
{
	struct pointer *pointer = (struct pointer *)base;

	g_clear_pointer(&pointer->bgra, g_free);
}

static BOOL pointer_set(rdpContext *context, rdpPointer *base)
{
	const struct pointer *pointer = (const struct pointer *)base;

	if (!pointer->bgra)
		return set_null_pointer(context);
	struct cursor_shape shape = {.width = base->width,
				     .height = base->height,
				     .hot_x = MIN(base->xPos, base->width - 1),
				     .hot_y = MIN(base->yPos, base->height - 1),
				     .bgra = pointer->bgra};
	session_set_cursor(rdp_back_of(context)->session, &shape);
	return TRUE;
}

static BOOL pointer_set_position(rdpContext *context, UINT32 x, UINT32 y)
{
	session_set_pointer(rdp_back_of(context)->session, (int32_t)MIN(x, UINT16_MAX),
			    (int32_t)MIN(y, UINT16_MAX), true);
	return TRUE;
}

void rdp_cursor_register(struct rdp_back *back)
{
	rdpPointer prototype = {.size = sizeof(struct pointer),
				.New = pointer_new,
				.Free = pointer_free,
				.Set = pointer_set,
				.SetNull = set_null_pointer,
				.SetDefault = set_default_pointer,
				.SetPosition = pointer_set_position};

	graphics_register_pointer(rdp_back_context(back)->graphics, &prototype);
}
