/* Goes through the recorded pictures in order and writes new ones. It must not know where the
 * file lies, or who asked.
 *
 * A picture is written when what is to be seen changes: when a recorded one comes, and where a
 * cover or mask begins or ends. One that looks like the one before is left out, so that nobody can
 * read from times what was typed under a cover. */
#include "evidence/derive/derive.h"

#include "evidence/derive/derived_picture.h"
#include "recorder/mux/mux.h"

#include <errno.h>
#include <string.h>

#define INIT_MAX_BYTES (1u << 20)
/* A sample's duration has 32 bits; a picture that stands longer is repeated. */
#define STAND_MAX_US (600 * UINT64_C(1000000))

struct derive {
	const struct derive_operations *operations;
	struct derived_source *source;
	struct derived_sink *sink;
	uint64_t end_us; /**< of the span */
	GError *error;

	GBytes *init; /**< what plays the recorded files: a resize brings its own parameter sets */

	struct nv12 recorded; /**< as it was; no planes: there is none yet */
	struct nv12 next, shown;
	struct macroblocks changed;
	struct encoder *encoder;
	struct mux *mux;
	uint64_t at_us; /**< everything that changes up to here was looked at */
	bool key;	/**< the next picture is an IDR: a size or a recorded file begins */
	bool has_shown;
	const struct derive_span *card; /**< whose card `shown` is; NULL: none */

	GByteArray *waiting; /**< the last access unit, until it is known how long it stands */
	bool waiting_key;
	uint64_t waiting_us;
};

static int failed(struct derive *d, const char *what)
{
	g_set_error(&d->error, EVIDENCE_ERROR, EVIDENCE_ERROR_IO, "%s failed", what);
	return -EIO;
}

/* ---- Out ---- */

static int add(struct derive *d, struct mux_bytes bytes)
{
	return derived_sink_add(d->sink, bytes.bytes, bytes.length, &d->error) ? 0 : -EIO;
}

/* Writes the picture that waits; it stands up to `until_us`. */
static int let_go(struct derive *d, uint64_t until_us)
{
	const struct access_unit unit = {d->waiting->data, d->waiting->len, d->waiting_key};
	struct mux_bytes bytes;

	if (unit.length == 0)
		return 0;
	if (mux_fragment(d->mux, &unit, (int64_t)d->waiting_us,
			 (int64_t)(MAX(until_us, d->waiting_us + 1) - d->waiting_us), &bytes) < 0)
		return failed(d, "the muxer");
	g_byte_array_set_size(d->waiting, 0);
	return add(d, bytes);
}

/* Its first picture begins the video. */
static int begin(struct derive *d, const struct access_unit *unit)
{
	if (mux_create(d->next.width, d->next.height, unit, 1, &d->mux) < 0)
		return failed(d, "the muxer");
	return add(d, mux_init_segment(d->mux));
}

static int encode(struct derive *d, uint64_t t_us)
{
	struct access_unit unit;
	int result = let_go(d, t_us);

	if (result < 0)
		return result;
	if (encoder_encode(d->encoder, &d->next, &d->changed, NULL, 0, d->key, (int64_t)t_us,
			   &unit) < 0)
		return failed(d, "the encoder");
	if (d->mux == NULL)
		result = begin(d, &unit);
	g_byte_array_append(d->waiting, unit.bytes, (guint)unit.length);
	d->waiting_key = unit.key;
	d->waiting_us = t_us;
	const struct nv12 shown = d->shown;
	d->shown = d->next;
	d->next = shown;
	d->has_shown = true;
	d->key = false;
	return result;
}

/* ---- What is to be seen ---- */

static bool holds(struct derive_span span, uint64_t t_us)
{
	return span.start_us <= t_us && t_us < span.end_us;
}

static const struct derive_span *mask_at(const struct derive *d, uint64_t t_us)
{
	for (unsigned i = 0; i < d->operations->masks->len; i++) {
		const struct derive_span *mask =
			&g_array_index(d->operations->masks, struct derive_span, i);
		if (holds(*mask, t_us))
			return mask;
	}
	return NULL;
}

static int draw(struct derive *d, const struct derive_span *mask, uint64_t t_us)
{
	const GArray *covers = d->operations->covers;

	if (mask != NULL)
		return derived_picture_card(&d->next, *mask) == 0 ? 0 : failed(d, "drawing");
	derived_picture_copy(&d->recorded, &d->next);
	for (unsigned i = 0; i < covers->len; i++) {
		const struct derive_cover *cover = &g_array_index(covers, struct derive_cover, i);
		if (holds(cover->span, t_us))
			derived_picture_cover(&d->next, cover->region);
	}
	return 0;
}

static int show(struct derive *d, uint64_t t_us, bool again)
{
	const struct derive_span *mask = mask_at(d, t_us);

	if (d->recorded.luma == NULL || (mask != NULL && mask == d->card && !d->key && !again))
		return 0;
	int result = draw(d, mask, t_us);
	if (result < 0)
		return result;
	d->card = mask;
	if (d->has_shown && derived_picture_compare(&d->next, &d->shown, &d->changed) == 0 &&
	    !d->key && !again)
		return 0;
	return encode(d, t_us);
}

static void meet(uint64_t edge_us, uint64_t after_us, uint64_t *earliest_us)
{
	if (edge_us > after_us)
		*earliest_us = MIN(*earliest_us, edge_us);
}

/* The next time at which something changes without a recorded picture; UINT64_MAX: never. */
static uint64_t next_edge(const struct derive *d)
{
	const struct derive_operations *o = d->operations;
	uint64_t earliest_us = UINT64_MAX;

	for (unsigned i = 0; i < o->covers->len; i++) {
		const struct derive_span s = g_array_index(o->covers, struct derive_cover, i).span;
		meet(s.start_us, d->at_us, &earliest_us);
		meet(s.end_us, d->at_us, &earliest_us);
	}
	for (unsigned i = 0; i < o->masks->len; i++) {
		const struct derive_span s = g_array_index(o->masks, struct derive_span, i);
		meet(s.start_us, d->at_us, &earliest_us);
		meet(s.end_us, d->at_us, &earliest_us);
	}
	return earliest_us;
}

/* Up to a time, that itself left out. */
static int go_on_to(struct derive *d, uint64_t t_us)
{
	int result = 0;

	while (result == 0) {
		const uint64_t repeat_us =
			d->waiting->len > 0 ? d->waiting_us + STAND_MAX_US : UINT64_MAX;
		const uint64_t edge_us = MIN(next_edge(d), repeat_us);
		if (edge_us >= t_us)
			break;
		d->at_us = edge_us;
		result = show(d, edge_us, edge_us == repeat_us);
	}
	return result;
}

/* ---- In ---- */

static void planes_finish(struct derive *d)
{
	nv12_finish(&d->recorded);
	nv12_finish(&d->next);
	nv12_finish(&d->shown);
	macroblocks_finish(&d->changed);
	g_clear_pointer(&d->encoder, encoder_destroy);
	d->has_shown = false;
	d->card = NULL;
}

/* A size begins: planes and an encoder for it, and an IDR. */
static int resize(struct derive *d, uint32_t width, uint32_t height)
{
	const struct encoder_settings settings = {.width = width,
						  .height = height,
						  .qp = d->operations->qp,
						  .repeat_headers = true,
						  .method = ENCODER_X264};

	planes_finish(d);
	d->key = true;
	if (!picture_size_ok(width, height))
		return -EBADMSG;
	if (nv12_init(&d->recorded, width, height) < 0 || nv12_init(&d->next, width, height) < 0 ||
	    nv12_init(&d->shown, width, height) < 0 ||
	    macroblocks_init(&d->changed, width, height) < 0 ||
	    encoder_create(&settings, &d->encoder) < 0)
		return failed(d, "the encoder");
	return 0;
}

/* Times that do not rise are none of our recorder's. */
static int take_picture(const struct play_picture *picture, void *user)
{
	struct derive *d = user;
	const bool first = d->recorded.luma == NULL;

	if (picture->time_us < 0 || (!first && (uint64_t)picture->time_us <= d->at_us))
		return -EBADMSG;
	const uint64_t t_us = (uint64_t)picture->time_us;
	int result = go_on_to(d, t_us);
	if (result == 0 &&
	    (picture->width != d->recorded.width || picture->height != d->recorded.height))
		result = resize(d, picture->width, picture->height);
	if (result < 0)
		return result;
	derived_picture_take(picture, &d->recorded);
	d->at_us = t_us;
	return show(d, t_us, false);
}

static ssize_t read_part(void *user, void *buffer, size_t length, uint64_t offset)
{
	struct derive *d = user;

	(void)offset; /* goes on where the last read ended, as the source does */
	return derived_source_read(d->source, buffer, length);
}

/* The first part; later ones lie in the video only as a player needs them that starts there. */
static int read_init(struct derive *d)
{
	g_autoptr(GByteArray) init = g_byte_array_new();
	uint8_t buffer[4096];
	ssize_t n;

	while ((n = derived_source_read(d->source, buffer, sizeof buffer)) > 0 &&
	       init->len <= INIT_MAX_BYTES)
		g_byte_array_append(init, buffer, (guint)n);
	if (n != 0)
		return n < 0 ? (int)n : -EBADMSG;
	d->init = g_byte_array_free_to_bytes(g_steal_pointer(&init));
	return 0;
}

static int play_part(struct derive *d)
{
	struct play_source source = {.read = read_part, .user = d};

	source.init = g_bytes_get_data(d->init, &source.init_bytes);
	d->key = true;
	return play(&source, take_picture, d);
}

static bool make_all(struct derive *d, GError **error)
{
	const struct manifest_part *part;

	while (derived_source_next(d->source, &part, error)) {
		if (part == NULL)
			return true;
		int result = d->init == NULL ? read_init(d) : play_part(d);
		if (d->error != NULL) {
			g_propagate_error(error, g_steal_pointer(&d->error));
			return false;
		}
		if (result < 0)
			return derived_source_failed(d->source, result, error);
	}
	return false;
}

static bool finish(struct derive *d, GError **error)
{
	if (d->recorded.luma == NULL) {
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_NOTHING,
			    "the span has no pictures to make others of");
		return false;
	}
	if (go_on_to(d, d->end_us) == 0 && let_go(d, d->end_us) == 0)
		return true;
	g_propagate_error(error, g_steal_pointer(&d->error));
	return false;
}

static bool make(const void *user, const struct manifest *manifest, struct derived_source *source,
		 struct derived_sink *sink, GError **error)
{
	struct derive d = {.operations = user,
			   .source = source,
			   .sink = sink,
			   .end_us = manifest->span_end_us,
			   .waiting = g_byte_array_new()};

	bool ok = make_all(&d, error) && finish(&d, error);
	planes_finish(&d);
	mux_destroy(d.mux);
	g_byte_array_unref(d.waiting);
	g_clear_pointer(&d.init, g_bytes_unref);
	return ok;
}

static json_t *describe(const void *user, uint64_t start_us, uint64_t end_us)
{
	return derive_operations_json(user, (struct derive_span){start_us, end_us});
}

struct evidence_derivation derive_with(const struct derive_operations *operations)
{
	return (struct evidence_derivation){describe, make, operations};
}
