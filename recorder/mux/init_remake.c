/* Reads the parameter sets out of a first fragment and has the muxer say them again. It must not
 * know files; it never reads outside what it was given. */
#include "recorder/mux/init_remake.h"

#include "recorder/mux/fragment_scan.h"
#include "recorder/mux/mux.h"

#include <libavcodec/avcodec.h>
#include <string.h>

#define NAL_LENGTH_BYTES 4u
/* Parameter sets and one picture of the largest canvas. */
#define UNIT_MAX_BYTES (64u << 20)

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Lengths become start codes (ISO/IEC 14496-10 Annex B). NULL when a length leads outside. */
static GByteArray *to_annex_b(const uint8_t *bytes, size_t length)
{
	static const uint8_t start_code[] = {0, 0, 0, 1};
	g_autoptr(GByteArray) unit = g_byte_array_new();

	while (length > 0) {
		if (length < NAL_LENGTH_BYTES || be32(bytes) > length - NAL_LENGTH_BYTES)
			return NULL;
		size_t nal_bytes = be32(bytes);
		g_byte_array_append(unit, start_code, sizeof start_code);
		g_byte_array_append(unit, bytes + NAL_LENGTH_BYTES, (guint)nal_bytes);
		bytes += NAL_LENGTH_BYTES + nal_bytes;
		length -= NAL_LENGTH_BYTES + nal_bytes;
	}
	return g_steal_pointer(&unit);
}

struct picture_size {
	uint32_t width, height;
};

/* As its parameter sets say; false when they say nothing. */
static bool read_size(const struct access_unit *unit, struct picture_size *ret)
{
	AVCodecParserContext *parser = av_parser_init(AV_CODEC_ID_H264);
	AVCodecContext *context = avcodec_alloc_context3(NULL);
	uint8_t *none = NULL;
	int none_bytes;

	if (parser != NULL && context != NULL) {
		parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
		av_parser_parse2(parser, context, &none, &none_bytes, unit->bytes,
				 (int)unit->length, AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
		*ret = (struct picture_size){(uint32_t)MAX(parser->width, 0),
					     (uint32_t)MAX(parser->height, 0)};
	} else {
		*ret = (struct picture_size){0};
	}
	av_parser_close(parser);
	avcodec_free_context(&context);
	return ret->width > 0 && ret->height > 0;
}

GByteArray *init_remake(const uint8_t *segment, size_t length)
{
	struct fragment_scan scan;
	struct picture_size size;
	struct mux *mux = NULL;

	fragment_scan(segment, length, &scan);
	if (scan.first_unit == NULL || scan.first_unit_bytes > UNIT_MAX_BYTES)
		return NULL;
	g_autoptr(GByteArray) bytes = to_annex_b(scan.first_unit, scan.first_unit_bytes);
	if (bytes == NULL || bytes->len == 0)
		return NULL;
	const size_t unit_bytes = bytes->len;
	/* libavcodec reads ahead. */
	g_byte_array_set_size(bytes, (guint)unit_bytes + AV_INPUT_BUFFER_PADDING_SIZE);
	memset(bytes->data + unit_bytes, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	const struct access_unit unit = {.bytes = bytes->data, .length = unit_bytes, .key = true};
	if (!read_size(&unit, &size) || mux_create(size.width, size.height, &unit, 1, &mux) < 0)
		return NULL;
	struct mux_bytes init = mux_init_segment(mux);
	GByteArray *made = g_byte_array_sized_new((guint)init.length);
	g_byte_array_append(made, init.bytes, (guint)init.length);
	mux_destroy(mux);
	return made;
}
