/* Exact pixels in stripes. It must not know when a picture deserves them. */
#include "gateway/rdp/rdp_planar.h"

#include <freerdp/codec/color.h>
#include <freerdp/codec/planar.h>
#include <stdlib.h>
#include <string.h>

#define STRIPE_PX 64u

struct rdp_planar {
	BITMAP_PLANAR_CONTEXT *context;
};

struct rdp_planar *rdp_planar_create(uint32_t width)
{
	struct rdp_planar *planar = g_new0(struct rdp_planar, 1);

	planar->context = freerdp_bitmap_planar_context_new(
		PLANAR_FORMAT_HEADER_NA | PLANAR_FORMAT_HEADER_RLE, width, STRIPE_PX);
	if (!planar->context) {
		g_free(planar);
		return NULL;
	}
	freerdp_planar_topdown_image(planar->context, TRUE);
	return planar;
}

void rdp_planar_destroy(struct rdp_planar *planar)
{
	if (!planar)
		return;
	freerdp_bitmap_planar_context_free(planar->context);
	g_free(planar);
}

void rdp_command_place(RDPGFX_SURFACE_COMMAND *command, uint32_t x, uint32_t y, uint32_t width,
		       uint32_t height)
{
	command->format = PIXEL_FORMAT_BGRX32;
	command->left = x;
	command->top = y;
	command->right = x + width;
	command->bottom = y + height;
	command->width = width;
	command->height = height;
}

/* The pixels as they are ([MS-RDPEGFX] 2.2.2.1, RDPGFX_CODECID_UNCOMPRESSED): what every viewer
 * takes. */
static BYTE *raw_stripe(const uint8_t *first, size_t stride_bytes, RDPGFX_SURFACE_COMMAND *command)
{
	size_t row_bytes = (size_t)command->width * 4;
	BYTE *bytes = malloc(row_bytes * command->height);

	if (!bytes)
		return NULL;
	for (uint32_t y = 0; y < command->height; y++)
		memcpy(bytes + y * row_bytes, first + y * stride_bytes, row_bytes);
	command->codecId = RDPGFX_CODECID_UNCOMPRESSED;
	command->length = (UINT32)(row_bytes * command->height);
	return bytes;
}

/* The command's data is the caller's, to be free'd. False when out of memory. */
static bool make_stripe(struct rdp_planar *planar, const struct shadow *shadow,
			const struct rect *r, RDPGFX_SURFACE_COMMAND *ret)
{
	const uint8_t *first = shadow->pixels + r->y * shadow->stride_bytes + (size_t)r->x * 4;

	*ret = (RDPGFX_SURFACE_COMMAND){.codecId = RDPGFX_CODECID_PLANAR};
	rdp_command_place(ret, r->x, r->y, r->width, r->height);
	ret->data = freerdp_bitmap_compress_planar(
		planar->context, first, PIXEL_FORMAT_BGRX32, r->width, r->height,
		(UINT32)shadow->stride_bytes, NULL, &ret->length);
	/* FreeRDP's encoder gives up on pictures of a few pixels whose planes grow by being
	 * coded. */
	if (!ret->data)
		ret->data = raw_stripe(first, shadow->stride_bytes, ret);
	return ret->data != NULL;
}

bool rdp_planar_send(struct rdp_planar *planar, const struct shadow *shadow,
		     const pixman_box32_t *box, rdp_encode_sink *sink, void *user)
{
	struct rect r = {(uint32_t)box->x1, 0, (uint32_t)(box->x2 - box->x1), 0};
	bool ok = true;

	for (uint32_t y = (uint32_t)box->y1; ok && y < (uint32_t)box->y2; y += r.height) {
		RDPGFX_SURFACE_COMMAND command;
		r.y = y;
		r.height = MIN(STRIPE_PX, (uint32_t)box->y2 - y);
		ok = make_stripe(planar, shadow, &r, &command) && sink(user, &command);
		free(command.data);
	}
	return ok;
}

/* Makes stripes until the picture is whole or `max_bytes` are spent; true when it is whole. */
static bool make_whole(struct rdp_planar *planar, const struct shadow *shadow, size_t max_bytes,
		       RDPGFX_SURFACE_COMMAND *commands, unsigned n_stripes)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < n_stripes; i++) {
		const struct rect r = {0, i * STRIPE_PX, shadow->width,
				       MIN(STRIPE_PX, shadow->height - i * STRIPE_PX)};
		if (!make_stripe(planar, shadow, &r, &commands[i]))
			return false;
		bytes += commands[i].length;
		if (bytes > max_bytes)
			return false;
	}
	return true;
}

bool rdp_planar_send_whole(struct rdp_planar *planar, const struct shadow *shadow, size_t max_bytes,
			   rdp_encode_sink *sink, void *user, bool *ret_sent)
{
	unsigned n_stripes = (shadow->height + STRIPE_PX - 1) / STRIPE_PX;
	g_autofree RDPGFX_SURFACE_COMMAND *commands = g_new0(RDPGFX_SURFACE_COMMAND, n_stripes);
	bool ok = true;

	*ret_sent = make_whole(planar, shadow, max_bytes, commands, n_stripes);
	for (unsigned i = 0; ok && *ret_sent && i < n_stripes; i++)
		ok = sink(user, &commands[i]);
	for (unsigned i = 0; i < n_stripes; i++)
		free(commands[i].data);
	return ok;
}
