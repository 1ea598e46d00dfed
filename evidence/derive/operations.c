/* Operations as a struct and as JSON. It must not touch a picture. */
#include "evidence/derive/operations.h"

#include <string.h>

#define CODEC "h264"
#define ENCODER "libx264"

static const struct {
	const char *name;
	unsigned qp;
} qualities[] = {{"evidence", 22}, {"standard", 24}, {"economy", 28}};

void derive_operations_init(struct derive_operations *o)
{
	o->covers = g_array_new(FALSE, TRUE, sizeof(struct derive_cover));
	o->masks = g_array_new(FALSE, TRUE, sizeof(struct derive_span));
	derive_operations_quality(o, "standard");
}

void derive_operations_finish(struct derive_operations *o)
{
	g_clear_pointer(&o->covers, g_array_unref);
	g_clear_pointer(&o->masks, g_array_unref);
}

static bool has_room(const struct derive_operations *o)
{
	return o->covers->len + o->masks->len < DERIVE_MAX_OPERATIONS;
}

bool derive_operations_cover(struct derive_operations *o, const struct derive_cover *cover)
{
	const struct rect *r = &cover->region;

	if (!has_room(o) || cover->span.start_us >= cover->span.end_us || r->width == 0 ||
	    r->height == 0 || r->x >= PICTURE_MAX_PX || r->y >= PICTURE_MAX_PX ||
	    r->width > PICTURE_MAX_PX || r->height > PICTURE_MAX_PX)
		return false;
	g_array_append_vals(o->covers, cover, 1);
	return true;
}

bool derive_operations_mask(struct derive_operations *o, struct derive_span span)
{
	if (!has_room(o) || span.start_us >= span.end_us)
		return false;
	g_array_append_val(o->masks, span);
	return true;
}

bool derive_operations_quality(struct derive_operations *o, const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(qualities); i++)
		if (strcmp(qualities[i].name, name) == 0) {
			o->qp = qualities[i].qp;
			return true;
		}
	return false;
}

/* ---- In order ---- */

static gint by_start(gconstpointer a, gconstpointer b)
{
	const struct derive_span *x = a, *y = b;

	return x->start_us < y->start_us ? -1 : x->start_us > y->start_us;
}

static void join_masks(GArray *masks)
{
	g_array_sort(masks, by_start);
	for (unsigned i = 0; i + 1 < masks->len;) {
		struct derive_span *here = &g_array_index(masks, struct derive_span, i);
		const struct derive_span next = g_array_index(masks, struct derive_span, i + 1);
		if (next.start_us > here->end_us) {
			i++;
			continue;
		}
		here->end_us = MAX(here->end_us, next.end_us);
		g_array_remove_index(masks, i + 1);
	}
}

/* No picture reaches further than PICTURE_MAX_PX, which is a multiple of the step. */
static void widen(struct rect *r)
{
	const uint32_t step = DERIVE_REGION_STEP_PX, mask = ~(step - 1);
	const uint32_t right = MIN((r->x + r->width + step - 1) & mask, PICTURE_MAX_PX);
	const uint32_t bottom = MIN((r->y + r->height + step - 1) & mask, PICTURE_MAX_PX);

	r->x &= mask;
	r->y &= mask;
	r->width = right - r->x;
	r->height = bottom - r->y;
}

void derive_operations_settle(struct derive_operations *o)
{
	join_masks(o->masks);
	for (unsigned i = 0; i < o->covers->len; i++)
		widen(&g_array_index(o->covers, struct derive_cover, i).region);
}

/* ---- JSON ---- */

static bool cut(struct derive_span *span, struct derive_span to)
{
	span->start_us = MAX(span->start_us, to.start_us);
	span->end_us = MIN(span->end_us, to.end_us);
	return span->start_us < span->end_us;
}

/* An end that nobody named has no number. */
static json_t *with_span(json_t *object, struct derive_span span)
{
	json_object_set_new(object, "start_us", json_integer((json_int_t)span.start_us));
	if (span.end_us != DERIVE_TO_THE_END)
		json_object_set_new(object, "end_us", json_integer((json_int_t)span.end_us));
	return object;
}

static json_t *cover_json(const struct rect *r)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:i}", "operation", "cover", "x", (int)r->x, "y",
			 (int)r->y, "width", (int)r->width, "height", (int)r->height);
}

json_t *derive_operations_json(const struct derive_operations *o, struct derive_span to)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < o->covers->len; i++) {
		const struct derive_cover *c = &g_array_index(o->covers, struct derive_cover, i);
		struct derive_span span = c->span;
		if (cut(&span, to))
			json_array_append_new(list, with_span(cover_json(&c->region), span));
	}
	for (unsigned i = 0; i < o->masks->len; i++) {
		struct derive_span span = g_array_index(o->masks, struct derive_span, i);
		if (cut(&span, to))
			json_array_append_new(
				list, with_span(json_pack("{s:s}", "operation", "mask"), span));
	}
	json_array_append_new(list,
			      json_pack("{s:s, s:s, s:s, s:i}", "operation", "transcode", "codec",
					CODEC, "encoder", ENCODER, "qp", (int)o->qp));
	return list;
}

static bool parse_span(json_t *object, struct derive_span *ret)
{
	json_int_t start_us = 0, end_us = INT64_MAX;

	if (json_unpack(object, "{s?I, s?I}", "start_us", &start_us, "end_us", &end_us) != 0 ||
	    start_us < 0 || end_us < 0)
		return false;
	*ret = (struct derive_span){(uint64_t)start_us,
				    end_us == INT64_MAX ? DERIVE_TO_THE_END : (uint64_t)end_us};
	return true;
}

static bool parse_cover(json_t *object, struct derive_operations *ret)
{
	struct derive_cover cover;
	json_int_t x, y, width, height;

	if (json_unpack(object, "{s:I, s:I, s:I, s:I}", "x", &x, "y", &y, "width", &width, "height",
			&height) != 0 ||
	    x < 0 || y < 0 || width < 0 || height < 0 || MAX(x, y) > PICTURE_MAX_PX ||
	    MAX(width, height) > PICTURE_MAX_PX || !parse_span(object, &cover.span))
		return false;
	cover.region = (struct rect){(uint32_t)x, (uint32_t)y, (uint32_t)width, (uint32_t)height};
	return derive_operations_cover(ret, &cover);
}

static bool parse_mask(json_t *object, struct derive_operations *ret)
{
	struct derive_span span;

	return parse_span(object, &span) && derive_operations_mask(ret, span);
}

/* The quality is one that has a name. */
static bool parse_transcode(json_t *object, struct derive_operations *ret)
{
	json_int_t qp;

	if (json_unpack(object, "{s:I}", "qp", &qp) != 0)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(qualities); i++)
		if ((json_int_t)qualities[i].qp == qp)
			return derive_operations_quality(ret, qualities[i].name);
	return false;
}

bool derive_operations_parse(const json_t *list, struct derive_operations *ret)
{
	json_t *object;
	size_t i;
	bool ok = json_is_array(list);

	derive_operations_init(ret);
	json_array_foreach(list, i, object)
	{
		const char *name = json_string_value(json_object_get(object, "operation"));
		if (g_strcmp0(name, "cover") == 0)
			ok = ok && parse_cover(object, ret);
		else if (g_strcmp0(name, "mask") == 0)
			ok = ok && parse_mask(object, ret);
		else
			ok = ok && g_strcmp0(name, "transcode") == 0 &&
			     parse_transcode(object, ret);
	}
	if (ok)
		derive_operations_settle(ret);
	return ok;
}
