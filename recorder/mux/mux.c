/* fMP4 through libavformat. It must not know files or segments: it turns access units into bytes
 * and remembers nothing of them.
 *
 * Three habits of libavformat's mov muxer are worked around here. It keeps a fragment in memory
 * until it is flushed, so each is flushed at once. Its tfdt is the sum of the durations so far, so
 * each fragment is announced as discontinuous, which makes tfdt the decode time. And it moves a
 * decode time that lies before the end which the last sample declared, so it is told one
 * microsecond and the declared duration is put into the finished fragment. */
#include "recorder/mux/mux.h"

#include <errno.h>
#include <glib.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <string.h>

#define IO_BUFFER_BYTES 32768
#define FRAGMENT_HEAD_BYTES 256u /* a moof of one sample is smaller */
#define TFHD_MAX_BYTES 32u
#define NAL_SPS 7
#define NAL_PPS 8

struct mux {
	AVFormatContext *context;
	AVPacket *packet;
	GByteArray *init, *fragment;
	GByteArray *sink; /**< where libavformat's bytes go now: one of the two */
};

/* libavformat 61 (Debian 13) made the bytes of a write callback const. */
#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t written_byte;
#else
typedef uint8_t written_byte;
#endif

static int take_bytes(void *opaque, written_byte *bytes, int length)
{
	struct mux *mux = opaque;

	g_byte_array_append(mux->sink, bytes, (guint)length);
	return length;
}

static size_t find_start_code(const uint8_t *bytes, size_t length, size_t from)
{
	for (size_t i = from; i + 3 <= length; i++)
		if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1)
			return i;
	return length;
}

/* SPS and PPS of an Annex B unit, with start codes, the form libavformat takes as extradata. */
static GByteArray *parameter_sets(const struct access_unit *unit)
{
	static const uint8_t start_code[] = {0, 0, 0, 1};
	GByteArray *sets = g_byte_array_new();
	size_t at = find_start_code(unit->bytes, unit->length, 0);

	while (at + 3 < unit->length) {
		size_t begin = at + 3, end = find_start_code(unit->bytes, unit->length, begin);
		unsigned type = unit->bytes[begin] & 31;
		at = end;
		/* The zero in front of a four-byte start code belongs to that code. */
		while (end > begin && unit->bytes[end - 1] == 0)
			end--;
		if (type != NAL_SPS && type != NAL_PPS)
			continue;
		g_byte_array_append(sets, start_code, sizeof start_code);
		g_byte_array_append(sets, unit->bytes + begin, (guint)(end - begin));
	}
	return sets;
}

static int add_stream(struct mux *mux, uint32_t width, uint32_t height,
		      const struct access_unit *first_key)
{
	g_autoptr(GByteArray) sets = parameter_sets(first_key);
	AVStream *stream = avformat_new_stream(mux->context, NULL);

	if (sets->len == 0)
		return -EINVAL;
	if (stream == NULL)
		return -ENOMEM;
	AVCodecParameters *p = stream->codecpar;
	p->codec_type = AVMEDIA_TYPE_VIDEO;
	p->codec_id = AV_CODEC_ID_H264;
	p->codec_tag = MKTAG('a', 'v', 'c', '3');
	p->width = (int)width;
	p->height = (int)height;
	p->extradata = av_mallocz(sets->len + AV_INPUT_BUFFER_PADDING_SIZE);
	if (p->extradata == NULL)
		return -ENOMEM;
	memcpy(p->extradata, sets->data, sets->len);
	p->extradata_size = (int)sets->len;
	stream->time_base = (AVRational){1, MUX_TIME_SCALE};
	return 0;
}

static int open_output(struct mux *mux)
{
	int result = avformat_alloc_output_context2(&mux->context, NULL, "mp4", NULL);

	if (result < 0)
		return -ENOMEM;
	uint8_t *buffer = av_malloc(IO_BUFFER_BYTES);
	if (buffer == NULL)
		return -ENOMEM;
	mux->context->pb =
		avio_alloc_context(buffer, IO_BUFFER_BYTES, 1, mux, NULL, take_bytes, NULL);
	if (mux->context->pb == NULL) {
		av_free(buffer);
		return -ENOMEM;
	}
	mux->context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
	return 0;
}

static int write_init(struct mux *mux, uint32_t first_fragment)
{
	AVDictionary *options = NULL;

	av_dict_set(&options, "movflags", "empty_moov+default_base_moof+frag_custom+cmaf", 0);
	av_dict_set_int(&options, "video_track_timescale", MUX_TIME_SCALE, 0);
	av_dict_set_int(&options, "fragment_index", first_fragment, 0);
	av_dict_set_int(&options, "write_tmcd", 0, 0);
	mux->sink = mux->init;
	int result = avformat_write_header(mux->context, &options);
	av_dict_free(&options);
	if (result < 0)
		return -EIO;
	avio_flush(mux->context->pb);
	mux->sink = mux->fragment;
	return 0;
}

int mux_create(uint32_t width, uint32_t height, const struct access_unit *first_key,
	       uint32_t first_fragment, struct mux **ret_mux)
{
	struct mux *mux = g_new0(struct mux, 1);

	mux->init = g_byte_array_new();
	mux->fragment = g_byte_array_new();
	mux->packet = av_packet_alloc();
	int result = mux->packet == NULL ? -ENOMEM : open_output(mux);
	if (result == 0)
		result = add_stream(mux, width, height, first_key);
	if (result == 0)
		result = write_init(mux, first_fragment);
	if (result < 0) {
		mux_destroy(mux);
		return result;
	}
	*ret_mux = mux;
	return 0;
}

void mux_destroy(struct mux *mux)
{
	if (mux == NULL)
		return;
	if (mux->context != NULL && mux->context->pb != NULL) {
		av_freep(&mux->context->pb->buffer);
		avio_context_free(&mux->context->pb);
	}
	avformat_free_context(mux->context);
	av_packet_free(&mux->packet);
	g_byte_array_unref(mux->init);
	g_byte_array_unref(mux->fragment);
	g_free(mux);
}

struct mux_bytes mux_init_segment(const struct mux *mux)
{
	return (struct mux_bytes){mux->init->data, mux->init->len};
}

/* Overwrites the default sample duration in tfhd (ISO/IEC 14496-12 8.8.7); of the optional fields
 * before it a CMAF fragment has the sample description index, never the base data offset. */
static int declare_duration(GByteArray *fragment, int64_t duration_us)
{
	static const uint8_t header[] = {'t', 'f', 'h', 'd'};
	const uint32_t base_data_offset = 0x1, description_index = 0x2, default_duration = 0x8;
	uint8_t *tfhd = memmem(fragment->data, MIN(fragment->len, FRAGMENT_HEAD_BYTES), header,
			       sizeof header);
	uint32_t flags, duration = GUINT32_TO_BE((uint32_t)duration_us);

	if (tfhd == NULL || tfhd + TFHD_MAX_BYTES > fragment->data + fragment->len)
		return -EIO;
	memcpy(&flags, tfhd + 4, sizeof flags);
	flags = GUINT32_FROM_BE(flags);
	if ((flags & default_duration) == 0 || (flags & base_data_offset) != 0)
		return -EIO;
	memcpy(tfhd + 12 + ((flags & description_index) != 0 ? 4 : 0), &duration, sizeof duration);
	return 0;
}

int mux_fragment(struct mux *mux, const struct access_unit *unit, int64_t dts_us,
		 int64_t duration_us, struct mux_bytes *ret)
{
	AVPacket *packet = mux->packet;

	g_byte_array_set_size(mux->fragment, 0);
	if (av_opt_set(mux->context->priv_data, "movflags", "+frag_discont", 0) < 0)
		return -EIO;
	av_packet_unref(packet);
	if (unit->length > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE ||
	    av_new_packet(packet, (int)unit->length) < 0)
		return -EIO;
	memcpy(packet->data, unit->bytes, unit->length);
	packet->pts = packet->dts = dts_us;
	packet->duration = 1;
	packet->flags = unit->key ? AV_PKT_FLAG_KEY : 0;
	if (av_write_frame(mux->context, packet) < 0 || av_write_frame(mux->context, NULL) < 0)
		return -EIO;
	avio_flush(mux->context->pb);
	av_packet_unref(packet);
	*ret = (struct mux_bytes){mux->fragment->data, mux->fragment->len};
	return declare_duration(mux->fragment, duration_us);
}
