/* Picks segments for a span and puts their files where they belong. It must not touch a file, and
 * trusts no chain that does not hold. */
#include "evidence/plan.h"

#include "recorder/chain/verify_report.h"

#include <string.h>

G_DEFINE_QUARK(evidence - error, evidence_error)

struct planner {
	struct evidence_span asked;
	const char *leave_out_timelines;
	struct manifest *manifest;
	uint32_t n_segments, n_taken;
	GHashTable *shared; /**< names already in the file */
	/** struct chain_file: init segments that pictures of an earlier segment did not
	 *  need; a later one may */
	GArray *unneeded;
};

enum plan_kind plan_kind_of(const char *name)
{
	if (!g_str_has_suffix(name, ".mp4"))
		return PLAN_OTHER;
	return g_str_has_prefix(name, "init-") ? PLAN_INIT : PLAN_VIDEO;
}

bool plan_may_leave_out(const char *name)
{
	return g_str_has_prefix(name, "seg-") && plan_kind_of(name) == PLAN_OTHER;
}

bool plan_is_asked_for(struct evidence_span asked, const struct chain_entry *e)
{
	if (e->start_us == e->end_us)
		return e->start_us >= asked.start_us && e->start_us <= asked.end_us;
	return e->end_us > asked.start_us && e->start_us < asked.end_us;
}

static void add_part(struct manifest *manifest, const struct chain_file *file)
{
	manifest_add_part(manifest, file, manifest->video_bytes);
	manifest->video_bytes += file->bytes;
}

/* The init segment that the first pictures need begins the video; players that want those of later
 * ones find them in the archive. */
static void take_init(struct planner *p, const struct chain_file *file)
{
	if (!g_hash_table_add(p->shared, g_strdup(file->name)))
		return;
	if (p->manifest->parts->len == 0)
		add_part(p->manifest, file);
	else
		manifest_add_file(p->manifest, file);
}

/* Timelines, and the sealed keys of an encrypted recording, which several segments share. */
static void take_other(struct planner *p, const struct chain_file *file)
{
	if (!g_hash_table_add(p->shared, g_strdup(file->name)))
		return;
	if (p->leave_out_timelines != NULL && plan_may_leave_out(file->name))
		manifest_leave_out(p->manifest, file->name, p->leave_out_timelines);
	else
		manifest_add_file(p->manifest, file);
}

/* Without pictures (the store refused them, or a crash left nothing proven) what is for pictures is
 * no part of the video. */
static void take_file(struct planner *p, const struct chain_file *file, bool has_frames)
{
	enum plan_kind kind = plan_kind_of(file->name);

	if (kind == PLAN_INIT && has_frames)
		take_init(p, file);
	else if (kind == PLAN_INIT)
		g_array_append_vals(p->unneeded, file, 1);
	else if (kind == PLAN_VIDEO && has_frames)
		add_part(p->manifest, file);
	else
		take_other(p, file);
}

static void take_files(struct planner *p, const struct chain_entry *e, enum plan_kind kind)
{
	for (unsigned i = 0; i < e->n_files; i++)
		if (plan_kind_of(e->files[i].name) == kind)
			take_file(p, &e->files[i], e->frames > 0);
}

static void meet_segment(struct planner *p, const struct chain_entry *e)
{
	p->n_segments++;
	if (!plan_is_asked_for(p->asked, e))
		return;
	if (p->n_taken++ == 0)
		p->manifest->span_start_us = e->start_us;
	p->manifest->span_end_us = e->end_us;
	take_files(p, e, PLAN_INIT);
	take_files(p, e, PLAN_VIDEO);
	take_files(p, e, PLAN_OTHER);
}

static void meet_entry(const struct chain_entry *entry, void *user)
{
	if (entry->kind == CHAIN_SEGMENT)
		meet_segment(user, entry);
}

static const struct verify_finding *find_damage(const struct verify_report *report)
{
	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *finding = report->findings->pdata[i];
		if (finding->class == VERIFY_BROKEN)
			return finding;
	}
	return NULL;
}

static bool chain_is_good(int verdict, const struct verify_report *report, GError **error)
{
	const struct verify_finding *damage = find_damage(report);

	if (verdict < 0)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
			    "the recording has format version %" G_GUINT64_FORMAT
			    ", which this program does not know",
			    report->version);
	else if (damage != NULL)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
			    "the recording's chain does not hold: %s", damage->text);
	return verdict == 0 && damage == NULL;
}

static void finish_plan(struct planner *p, const struct verify_report *report)
{
	struct manifest *m = p->manifest;

	for (unsigned i = 0; i < p->unneeded->len; i++)
		take_other(p, &g_array_index(p->unneeded, struct chain_file, i));
	m->session = g_strdup(report->session_id);
	m->chain_entries = report->n_entries;
	g_strlcpy(m->chain_head, report->head, sizeof m->chain_head);
	m->chain_sealed = report->sealed;
	m->whole = report->sealed && p->n_taken == p->n_segments;
	m->asked_start_us = p->asked.start_us;
	m->asked_end_us = MIN(p->asked.end_us, report->duration_us);
}

size_t plan_whole_lines(const char *chain, size_t length)
{
	while (length > 0 && chain[length - 1] != '\n')
		length--;
	return length;
}

bool plan_make(const struct verify_chain_texts *texts, struct evidence_span asked,
	       const char *leave_out_timelines, struct manifest *ret, GError **error)
{
	struct planner p = {asked, leave_out_timelines, ret, 0, 0, NULL, NULL};
	struct verify_report report;

	p.shared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p.unneeded = g_array_new(FALSE, FALSE, sizeof(struct chain_file));
	verify_report_init(&report);
	int verdict = verify_chain(texts, meet_entry, &p, &report);
	bool ok = chain_is_good(verdict, &report, error);
	if (ok && p.n_taken == 0) {
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_NOTHING,
			    "no finished segment of the recording lies in this span: it has %u, up "
			    "to %.1f s",
			    p.n_segments, (double)report.duration_us / 1e6);
		ok = false;
	}
	if (ok)
		finish_plan(&p, &report);
	verify_report_finish(&report);
	g_hash_table_unref(p.shared);
	g_array_unref(p.unneeded);
	return ok;
}
