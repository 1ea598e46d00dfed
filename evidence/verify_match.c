/* Compares what the manifest says with what lies in the archive and with what the chain says. It
 * must not read the video. */
#include "evidence/verify_internal.h"

#include "evidence/layout.h"
#include "evidence/plan.h"

#include <inttypes.h>
#include <string.h>

/* The manifest's lists by name, and which of their names a segment accounts for. */
struct match {
	struct judge *judge;
	const struct manifest *manifest;
	GHashTable *files, *left_out; /**< name -> struct chain_file; name set */
	GHashTable *met;	      /**< names of segments' files that were compared */
	unsigned next_part;
	uint64_t offset;
};

static bool same_file(const struct chain_file *a, const struct chain_file *b)
{
	return a->bytes == b->bytes && strcmp(a->sha256, b->sha256) == 0;
}

static const struct manifest_part *part_at(const struct manifest *m, unsigned i)
{
	return i < m->parts->len ? &g_array_index(m->parts, struct manifest_part, i) : NULL;
}

const struct judged_segment *judge_segment_of(const struct judge *j, const char *name)
{
	for (unsigned i = 0; i < j->segments->len; i++) {
		const struct judged_segment *s =
			&g_array_index(j->segments, struct judged_segment, i);
		for (unsigned k = 0; k < s->n_files; k++)
			if (strcmp(s->files[k].name, name) == 0)
				return s;
	}
	return NULL;
}

/* When the file is a segment's own, what is wrong with it has a place in time. */
static const struct judged_segment *place_of(const struct match *x, const char *name)
{
	static const struct judged_segment nowhere = {0};
	const struct judged_segment *segment =
		g_str_has_prefix(name, "seg-") ? judge_segment_of(x->judge, name) : NULL;

	return segment != NULL ? segment : &nowhere;
}

static void check_archive(struct match *x)
{
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, x->judge->archive);
	while (g_hash_table_iter_next(&iter, &name, &value))
		if (!g_str_has_prefix(name, "manifest.") && !g_hash_table_contains(x->files, name))
			JUDGE_BROKEN(x->judge,
				     "%s lies in the archive, but the manifest does not know it",
				     (const char *)name);
	for (unsigned i = 0; i < x->manifest->files->len; i++) {
		const struct chain_file *said =
			&g_array_index(x->manifest->files, struct chain_file, i);
		const struct archived *there = judge_archived(x->judge, said->name);
		if (there == NULL)
			JUDGE_BROKEN_AT(x->judge, place_of(x, said->name),
					"%s is missing in the archive", said->name);
		else if (!same_file(said, &there->file))
			JUDGE_BROKEN_AT(x->judge, place_of(x, said->name),
					"the content of %s is not what was signed", said->name);
		else
			x->judge->report->recording.n_bytes += said->bytes;
	}
}

static void check_texts(struct match *x)
{
	static const char *const needed[] = {CHAIN_FILE, CHAIN_CERTIFICATE_FILE, EVIDENCE_README};
	const struct verify_report *chain = &x->judge->report->recording;
	const struct archived *certificate = judge_archived(x->judge, CHAIN_CERTIFICATE_FILE);

	for (unsigned i = 0; i < G_N_ELEMENTS(needed); i++)
		if (!g_hash_table_contains(x->files, needed[i]))
			JUDGE_BROKEN(x->judge, "the file has no %s", needed[i]);
	if (certificate != NULL && x->judge->certificate.name[0] != '\0' &&
	    !same_file(&certificate->file, &x->judge->certificate))
		JUDGE_BROKEN(x->judge, "%s is not the one that the recording began with",
			     CHAIN_CERTIFICATE_FILE);
	if (g_strcmp0(chain->session_id, x->manifest->session) != 0)
		JUDGE_BROKEN(x->judge, "the manifest speaks of session %s, the chain of %s",
			     x->manifest->session, chain->session_id);
	if (chain->n_entries != x->manifest->chain_entries ||
	    g_strcmp0(chain->head, x->manifest->chain_head) != 0 ||
	    chain->sealed != x->manifest->chain_sealed)
		JUDGE_BROKEN(x->judge, "the chain is not the one that the manifest was made of");
}

static bool is_part(const struct match *x, const char *name)
{
	for (unsigned i = 0; i < x->manifest->parts->len; i++)
		if (strcmp(part_at(x->manifest, i)->file.name, name) == 0)
			return true;
	return false;
}

static bool manifest_names(const struct match *x, const char *name)
{
	return g_hash_table_contains(x->files, name) || g_hash_table_contains(x->left_out, name) ||
	       is_part(x, name);
}

/* A segment without length on the edge of the span may or may not have been asked for. */
static bool is_in_span(const struct match *x, const struct judged_segment *s)
{
	const struct manifest *m = x->manifest;

	if (s->start_us < m->span_start_us || s->end_us > m->span_end_us)
		return false;
	if (s->start_us < s->end_us ||
	    (s->start_us > m->span_start_us && s->end_us < m->span_end_us))
		return true;
	for (unsigned i = 0; i < s->n_files; i++)
		if (manifest_names(x, s->files[i].name))
			return true;
	return false;
}

static void match_part(struct match *x, const struct judged_segment *s, const struct chain_file *f)
{
	const struct manifest_part *part = part_at(x->manifest, x->next_part);

	if (part == NULL || strcmp(part->file.name, f->name) != 0) {
		JUDGE_BROKEN_AT(x->judge, s, "%s is not where it belongs in the video%s%s", f->name,
				part != NULL ? ": there is " : "",
				part != NULL ? part->file.name : "");
		return;
	}
	if (!same_file(&part->file, f) || part->offset != x->offset)
		JUDGE_BROKEN_AT(x->judge, s, "%s in the video is not what the recorder signed",
				f->name);
	x->offset += part->file.bytes;
	x->next_part++;
}

static void match_file(struct match *x, const struct judged_segment *s, const struct chain_file *f)
{
	const struct chain_file *said = g_hash_table_lookup(x->files, f->name);

	if (said != NULL && !same_file(said, f))
		JUDGE_BROKEN_AT(x->judge, s, "%s is not what the recorder signed", f->name);
	else if (said == NULL)
		JUDGE_BROKEN_AT(x->judge, s, "%s is missing, and the manifest does not say why",
				f->name);
}

static void match_segment_file(struct match *x, const struct judged_segment *s,
			       const struct chain_file *f)
{
	enum plan_kind kind = plan_kind_of(f->name);

	/* The init segment of a segment without pictures is judged with the pictures that need
	 * it. */
	if (kind == PLAN_INIT && s->frames == 0 && is_part(x, f->name))
		return;
	if (!g_hash_table_add(x->met, g_strdup(f->name)))
		return;
	if (g_hash_table_contains(x->left_out, f->name) &&
	    !g_hash_table_contains(x->files, f->name))
		return;
	if (s->frames > 0 && (kind == PLAN_VIDEO || (kind == PLAN_INIT && x->next_part == 0)))
		match_part(x, s, f);
	else
		match_file(x, s, f);
}

/* The entry covers the first bytes only, and only they are in the file. */
static void tell_tail(struct match *x, const struct judged_segment *s, const struct chain_file *f)
{
	if (f->tail_bytes > 0)
		verify_report_add(&x->judge->report->recording, VERIFY_INCOMPLETE, s->number,
				  s->start_us, s->end_us,
				  "the last %" PRIu64 " bytes of %s were written before a crash "
				  "that took their key: they are not signed, and not in the file",
				  f->tail_bytes, f->name);
}

static void match_segment(struct match *x, const struct judged_segment *s)
{
	for (enum plan_kind kind = PLAN_INIT; kind <= PLAN_OTHER; kind++)
		for (unsigned i = 0; i < s->n_files; i++)
			if (plan_kind_of(s->files[i].name) == kind)
				match_segment_file(x, s, &s->files[i]);
	for (unsigned i = 0; i < s->n_files; i++)
		tell_tail(x, s, &s->files[i]);
}

/* Files that look like a segment's but are of none in the span would be pictures or
 * events nobody can place. */
static void check_strangers(struct match *x)
{
	for (unsigned i = 0; i < x->manifest->files->len; i++) {
		const char *name = g_array_index(x->manifest->files, struct chain_file, i).name;
		if ((g_str_has_prefix(name, "seg-") || g_str_has_prefix(name, "init-")) &&
		    !g_hash_table_contains(x->met, name))
			JUDGE_BROKEN(x->judge, "%s is of no segment of the span", name);
	}
	if (x->manifest->derived)
		return; /* the video is none of the chain's */
	if (x->next_part < x->manifest->parts->len)
		JUDGE_BROKEN(x->judge, "%s in the video is of no segment of the span",
			     part_at(x->manifest, x->next_part)->file.name);
	if (x->offset != x->manifest->video_bytes)
		JUDGE_BROKEN(x->judge, "the parts of the video do not fill it");
}

static void match_segments(struct match *x)
{
	struct evidence_report *report = x->judge->report;
	GArray *segments = x->judge->segments;
	uint64_t start_us = UINT64_MAX, end_us = 0;

	report->recording.n_frames = 0;
	for (unsigned i = 0; i < segments->len; i++) {
		struct judged_segment *s = &g_array_index(segments, struct judged_segment, i);
		s->in_file = is_in_span(x, s);
		if (!s->in_file)
			continue;
		start_us = MIN(start_us, s->start_us);
		end_us = MAX(end_us, s->end_us);
		report->n_segments++;
		report->recording.n_frames += s->frames;
		match_segment(x, s);
	}
	if (start_us != x->manifest->span_start_us || end_us != x->manifest->span_end_us)
		JUDGE_BROKEN(x->judge, "the span of the manifest is not one of whole segments");
	if (x->manifest->whole != (report->recording.sealed && report->n_segments == segments->len))
		JUDGE_BROKEN(x->judge,
			     "the manifest is wrong about whether it is the whole recording");
}

static void note_left_out(struct match *x)
{
	const GPtrArray *list = x->manifest->left_out;
	const struct manifest_omission *first = list->len > 0 ? list->pdata[0] : NULL;

	if (first != NULL)
		verify_report_add(&x->judge->report->recording, VERIFY_NOTE, 0, 0, 0,
				  "not contained: %s%s (%s)", first->name,
				  list->len > 1 ? " and others of the span" : "", first->reason);
}

static void match_init(struct match *x, struct judge *j)
{
	*x = (struct match){.judge = j, .manifest = &j->report->manifest};
	x->files = g_hash_table_new(g_str_hash, g_str_equal);
	x->left_out = g_hash_table_new(g_str_hash, g_str_equal);
	x->met = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (unsigned i = 0; i < x->manifest->files->len; i++) {
		struct chain_file *f = &g_array_index(x->manifest->files, struct chain_file, i);
		if (!g_hash_table_insert(x->files, f->name, f))
			JUDGE_BROKEN(j, "the manifest lists %s twice", f->name);
	}
	for (unsigned i = 0; i < x->manifest->left_out->len; i++) {
		struct manifest_omission *o = x->manifest->left_out->pdata[i];
		g_hash_table_add(x->left_out, o->name);
		if (!plan_may_leave_out(o->name) && !x->manifest->derived)
			JUDGE_BROKEN(j, "%s may not be left out", o->name);
	}
}

void judge_match(struct judge *j)
{
	struct match x;

	match_init(&x, j);
	check_archive(&x);
	check_texts(&x);
	match_segments(&x);
	check_strangers(&x);
	note_left_out(&x);
	g_hash_table_unref(x.files);
	g_hash_table_unref(x.left_out);
	g_hash_table_unref(x.met);
}
