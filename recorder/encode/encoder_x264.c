/* The encoder on libx264's own API. It must not know BGRX, files or sessions: NV12 and a map of
 * changed macroblocks in, Annex B out.
 *
 * Why these settings (docs/recorder.md has the figures): constant QP, because macroblock hints are
 * honoured only while a macroblock's QP does not rise above its reference's; no deblocking and
 * CAVLC, the cheapest stream, plays everywhere as Constrained Baseline. */
#include "recorder/encode/encoder_x264.h"

#include "recorder/encode/stream_headers.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <x264.h>

#define NOMINAL_FPS 15
#define COLOUR_BT709 1 /* ITU-T H.264 tables E-3, E-4, E-5 */

struct encoder_x264 {
	struct encoder base;
	x264_t *x264;
	uint8_t *constant; /**< X264_MBINFO_CONSTANT per macroblock, what x264 wants to see */
	uint32_t n_blocks;
	int64_t n_pictures;
	bool repeat_headers;
	GByteArray *unit; /**< the access unit without SEI */
	char codec[sizeof "avc1.42c028"];
	struct nv12 shown; /**< libx264's planes, while it keeps them */
};

static struct encoder_x264 *x264_of(struct encoder *encoder)
{
	return (struct encoder_x264 *)encoder;
}

G_GNUC_PRINTF(3, 0)
static void log_line(void *unused, int level, const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);

	(void)unused;
	if (level <= X264_LOG_ERROR)
		g_warning("libx264: %s", g_strchomp(text));
	else
		g_debug("libx264: %s", g_strchomp(text));
}

static void set_colours(x264_param_t *p, bool full_range)
{
	p->vui.i_colorprim = COLOUR_BT709;
	p->vui.i_transfer = COLOUR_BT709;
	p->vui.i_colmatrix = COLOUR_BT709;
	p->vui.b_fullrange = full_range;
}

/* The tune clears b_vfr_input; set again it would hold every picture back until the next one
 * arrives. */
static int fill_parameters(const struct encoder_settings *s, x264_param_t *p)
{
	if (x264_param_default_preset(p, "ultrafast", "zerolatency") < 0)
		return -EIO;
	p->pf_log = log_line;
	p->i_log_level = X264_LOG_WARNING;
	p->i_threads = 1;
	p->i_width = (int)(s->width + 1) & ~1; /* 4:2:0 has no odd sides */
	p->i_height = (int)(s->height + 1) & ~1;
	p->i_csp = X264_CSP_NV12;
	p->i_fps_num = NOMINAL_FPS;
	p->i_fps_den = 1;
	p->i_keyint_max = X264_KEYINT_MAX_INFINITE;
	p->i_scenecut_threshold = 0;
	p->i_bframe = 0;
	p->i_frame_reference = 1;
	p->b_deblocking_filter = 0;
	p->b_cabac = 0;
	p->b_annexb = 1;
	p->b_repeat_headers = s->repeat_headers;
	p->rc.i_rc_method = X264_RC_CQP;
	p->rc.i_qp_constant = (int)s->qp;
	p->rc.i_aq_mode = X264_AQ_NONE;
	p->analyse.i_weighted_pred = X264_WEIGHTP_NONE;
	p->analyse.b_mb_info = 1;
	set_colours(p, s->full_range);
	return x264_param_apply_profile(p, "baseline") < 0 ? -EIO : 0;
}

static void x264_destroy(struct encoder *base)
{
	struct encoder_x264 *encoder = x264_of(base);

	if (encoder->x264 != NULL)
		x264_encoder_close(encoder->x264);
	g_byte_array_unref(encoder->unit);
	g_free(encoder->constant);
	g_free(encoder);
}

static void note_codec(struct encoder_x264 *encoder, const x264_nal_t *sps)
{
	const uint8_t *p = sps->p_payload;
	size_t start =
		p[2] == 1
			? 3
			: 4; /* start code, then the NAL header, then profile, constraints, level */

	if (encoder->codec[0] == '\0')
		g_snprintf(encoder->codec, sizeof encoder->codec, "avc1.%02x%02x%02x", p[start + 1],
			   p[start + 2], p[start + 3]);
}

/* SEI is left out: x264 puts its settings there, which no viewer needs. */
static void append_nals(struct encoder_x264 *encoder, const x264_nal_t *nals, int n_nals)
{
	for (int i = 0; i < n_nals; i++) {
		if (nals[i].i_type == NAL_SEI)
			continue;
		if (nals[i].i_type == NAL_SPS)
			note_codec(encoder, &nals[i]);
		g_byte_array_append(encoder->unit, nals[i].p_payload, (guint)nals[i].i_payload);
	}
}

static int prepend_headers(struct encoder_x264 *encoder)
{
	x264_nal_t *nals;
	int n_nals;

	if (encoder->repeat_headers || encoder->n_pictures > 0)
		return 0;
	if (x264_encoder_headers(encoder->x264, &nals, &n_nals) < 0)
		return -EIO;
	append_nals(encoder, nals, n_nals);
	return 0;
}

static void mark_constant(struct encoder_x264 *encoder, const struct macroblocks *blocks)
{
	for (uint32_t i = 0; i < encoder->n_blocks; i++)
		encoder->constant[i] = blocks->changed[i] ? 0 : X264_MBINFO_CONSTANT;
}

static void fill_picture(struct encoder_x264 *encoder, const struct encoder_input *input,
			 x264_picture_t *in)
{
	x264_picture_init(in);
	in->img.i_csp = X264_CSP_NV12;
	in->img.i_plane = 2;
	in->img.plane[0] = input->picture->luma;
	in->img.plane[1] = input->picture->chroma;
	in->img.i_stride[0] = in->img.i_stride[1] = (int)input->picture->stride_bytes;
	in->i_pts = encoder->n_pictures;
	in->i_type = input->key || encoder->n_pictures == 0 ? X264_TYPE_IDR : X264_TYPE_P;
	if (input->blocks != NULL && in->i_type == X264_TYPE_P) {
		mark_constant(encoder, input->blocks);
		in->prop.mb_info = encoder->constant;
	}
}

static uint32_t idr_pic_id_of(const struct encoder_x264 *encoder, bool key)
{
	struct stream_headers headers;

	return key && stream_headers_parse(encoder->unit->data, encoder->unit->len, &headers)
		       ? headers.idr_pic_id
		       : 0;
}

static int x264_encode(struct encoder *base, const struct encoder_input *input,
		       struct access_unit *ret)
{
	struct encoder_x264 *encoder = x264_of(base);
	x264_picture_t in, out;
	x264_nal_t *nals;
	int n_nals;

	fill_picture(encoder, input, &in);
	g_byte_array_set_size(encoder->unit, 0);
	if (prepend_headers(encoder) < 0)
		return -EIO;
	if (x264_encoder_encode(encoder->x264, &nals, &n_nals, &in, &out) <= 0)
		return -EIO;
	encoder->n_pictures++;
	append_nals(encoder, nals, n_nals);
	encoder->shown = (struct nv12){.luma = out.img.plane[0],
				       .chroma = out.img.plane[1],
				       .stride_bytes = (size_t)out.img.i_stride[0]};
	*ret = (struct access_unit){encoder->unit->data, encoder->unit->len, out.b_keyframe,
				    idr_pic_id_of(encoder, out.b_keyframe)};
	return 0;
}

static const struct nv12 *x264_shown(const struct encoder *encoder)
{
	(void)encoder; /* only encoder_x264_reconstruction knows whether it is whole */
	return NULL;
}

static const char *x264_codec(const struct encoder *encoder)
{
	return ((const struct encoder_x264 *)encoder)->codec;
}

static const struct encoder_methods methods = {
	.encode = x264_encode, .shown = x264_shown, .codec = x264_codec, .destroy = x264_destroy};

int encoder_x264_create(const struct encoder_settings *settings, bool keep_reconstruction,
			struct encoder **ret_encoder)
{
	x264_param_t parameters;

	if (fill_parameters(settings, &parameters) < 0)
		return -EINVAL;
	parameters.b_full_recon = keep_reconstruction;
	struct encoder_x264 *encoder = g_new0(struct encoder_x264, 1);
	encoder->base.methods = &methods;
	encoder->repeat_headers = settings->repeat_headers;
	encoder->n_blocks = ((settings->width + 15) / 16) * ((settings->height + 15) / 16);
	encoder->constant = g_malloc0(encoder->n_blocks);
	encoder->unit = g_byte_array_new();
	encoder->x264 = x264_encoder_open(&parameters);
	if (encoder->x264 == NULL) {
		x264_destroy(&encoder->base);
		return -ENOMEM;
	}
	*ret_encoder = &encoder->base;
	return 0;
}

const struct nv12 *encoder_x264_reconstruction(struct encoder *encoder)
{
	return &x264_of(encoder)->shown;
}

uint32_t encoder_x264_vector_limit_px(struct encoder *encoder)
{
	x264_param_t parameters;

	x264_encoder_parameters(x264_of(encoder)->x264, &parameters);
	return (uint32_t)parameters.analyse.i_mv_range;
}
