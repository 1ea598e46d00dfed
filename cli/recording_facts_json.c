/* What is known of one recording, as JSON. It must not know where it comes from. */
#include "base/clock.h"
#include "cli/recording_facts.h"

static json_t *time_json(uint64_t utc_us)
{
	g_autofree char *text = utc_us != 0 ? clock_format_utc(utc_us) : NULL;

	return text != NULL ? json_string(text) : json_null();
}

static json_t *session_json(const struct session_row *s)
{
	if (s == NULL)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "login", s->login,
			 "viewer_address", s->viewer_address, "viewer_name", s->viewer_name,
			 "front", s->front, "door", s->door, "target", s->target, "account",
			 s->account, "back", s->back, "end_reason",
			 s->state == SESSION_STATE_ENDED ? end_reason_key(s->end_reason) : "",
			 "ended_utc", time_json(s->ended_utc_us));
}

static json_t *segments_json(const GPtrArray *segments)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < segments->len; i++) {
		const struct segment_row *s = g_ptr_array_index(segments, i);
		json_array_append_new(
			array, json_pack("{s:i, s:s, s:I, s:I, s:i, s:I, s:i, s:i, s:s}", "number",
					 (int)s->number, "file", s->file, "start_us",
					 (json_int_t)s->start_us, "duration_us",
					 (json_int_t)s->duration_us, "frames", (int)s->frames,
					 "bytes", (json_int_t)s->bytes, "width", (int)s->width_px,
					 "height", (int)s->height_px, "sha256", s->sha256));
	}
	return array;
}

static json_t *gaps_json(const GPtrArray *gaps)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < gaps->len; i++) {
		const struct verify_gap *gap = g_ptr_array_index(gaps, i);
		json_array_append_new(
			array, json_pack("{s:I, s:I, s:s}", "start_us", (json_int_t)gap->start_us,
					 "end_us", (json_int_t)gap->end_us, "reason", gap->reason));
	}
	return array;
}

static json_t *chain_json(const struct recording_facts *f)
{
	const struct verify_report *c = &f->chain;

	if (f->dir == NULL)
		return json_null();
	return json_pack("{s:i, s:b, s:b, s:s*, s:s*, s:s, s:b, s:o}", "entries", (int)c->n_entries,
			 "holds", recording_facts_broken(f) == 0, "sealed", c->sealed, "end_reason",
			 c->end_reason, "signer", c->signer, "head", c->head,
			 "head_is_the_databases", recording_facts_heads_agree(f), "gaps",
			 gaps_json(c->gaps));
}

static json_t *keeping_json(const struct keeping *k)
{
	json_t *hold = k->hold_utc_us == 0
			       ? json_null()
			       : json_pack("{s:s, s:s, s:o}", "reason", k->hold_reason, "by",
					   k->hold_by, "since_utc", time_json(k->hold_utc_us));
	json_t *order = k->order_utc_us == 0
				? json_null()
				: json_pack("{s:s, s:s, s:s, s:o}", "reason", k->order_reason, "by",
					    k->order_by, "approved_by", k->order_approved_by,
					    "requested_utc", time_json(k->order_utc_us));

	return json_pack("{s:s, s:o, s:o}", "class", k->class, "hold", hold, "deletion_request",
			 order);
}

json_t *recording_facts_json(const struct recording_facts *f)
{
	const struct recording_row *r = f->recording;
	json_t *check = json_pack("{s:s, s:s, s:o}", "state", r->check, "detail", r->check_detail,
				  "at_utc", time_json(r->checked_utc_us));

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, "
			 "s:o, s:o}",
			 "id", r->session_id, "state", recording_state_key(r->state), "detail",
			 r->detail, "node", r->node, "quality", r->quality, "directory", f->dir,
			 "started_utc", time_json(r->started_utc_us), "closed_utc",
			 time_json(r->sealed_utc_us), "duration_us", (json_int_t)r->duration_us,
			 "frames", (json_int_t)r->frames, "bytes", (json_int_t)r->bytes, "session",
			 session_json(f->session), "segments", segments_json(f->segments), "chain",
			 chain_json(f), "keeping", keeping_json(f->keeping), "check", check);
}
