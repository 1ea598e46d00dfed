/* What each row says, in the words of the database; runs on the index's thread. It must not know
 * when a row is written or how often it is tried: index.c does. */
#include "recorder/index_internal.h"

#include "sql/recording_store.h"

/* More wait for the next start: each takes seconds of an idle processor. */
#define UNCHECKED_MAX 256u

static bool write_open(struct index *index, const struct row_write *w, GError **error)
{
	const struct recording_row row = {.session_id = w->session_id,
					  .node = index->node,
					  .quality = w->quality,
					  .started_utc_us = w->utc_us};

	return recording_store_open(index->db, &row, error);
}

static const struct chain_file *find_file(const struct chain_segment *segment, const char *suffix)
{
	for (unsigned i = 0; i < segment->n_files; i++)
		if (g_str_has_suffix(segment->files[i].name, suffix))
			return &segment->files[i];
	return NULL;
}

static const struct chain_file *find_init(const struct chain_segment *segment)
{
	for (unsigned i = 0; i < segment->n_files; i++)
		if (g_str_has_prefix(segment->files[i].name, "init-"))
			return &segment->files[i];
	return NULL;
}

static bool write_segment(struct index *index, const struct row_write *w, GError **error)
{
	const struct chain_segment *s = &w->segment;
	struct chain_file media = s->files[0], none = {0};
	const struct chain_file *timeline = find_file(s, ".jsonl.gz"), *init = find_init(s);
	struct chain_file timeline_copy = timeline != NULL ? *timeline : none;
	struct chain_file init_copy = init != NULL ? *init : none;
	struct segment_row row = {.number = s->number,
				  .file = media.name,
				  .init_file = init_copy.name,
				  .timeline_file = timeline_copy.name,
				  .bytes = media.bytes,
				  .start_us = s->first_frame_us,
				  .duration_us = s->end_us - MIN(s->end_us, s->first_frame_us),
				  .frames = s->frames,
				  .width_px = s->width,
				  .height_px = s->height,
				  .codec = w->codec,
				  .sha256 = media.sha256};

	return recording_store_add_segment(index->db, w->session_id, &row, error);
}

static bool write_close(struct index *index, const struct row_write *w, GError **error)
{
	enum recording_state state = w->sealed ? RECORDING_STATE_SEALED : RECORDING_STATE_FAILED;

	if (!recording_store_close(index->db, w->session_id, state, w->utc_us, w->head, w->detail,
				   error))
		return false;
	if (w->sealed && index->settled != NULL)
		settled_add(index->settled, w->session_id);
	return true;
}

static bool note_presence(struct index *index, const struct recording_row *row, bool there,
			  GError **error)
{
	bool changed;

	if (!recording_store_note_missing(index->db, row->session_id, index->node, !there, &changed,
					  error))
		return false;
	if (changed && there)
		g_message("recording %s is in the store again", row->session_id);
	else if (changed)
		g_critical("recording %s is missing: the database knows it, the store does not "
			   "hold it",
			   row->session_id);
	return true;
}

static bool compare_rows(struct index *index, const struct row_write *w, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;

	if (!recording_store_list_unsettled(index->db, index->node, &rows, error))
		return false;
	for (unsigned i = 0; i < rows->len; i++) {
		const struct recording_row *row = rows->pdata[i];
		bool there = g_hash_table_contains(w->present, row->session_id);
		if (there == (row->state == RECORDING_STATE_MISSING) &&
		    !note_presence(index, row, there, error))
			return false;
	}
	return true;
}

static bool list_unchecked(struct index *index, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;

	if (!recording_store_list_unchecked(index->db, index->node, UNCHECKED_MAX, &rows, error))
		return false;
	g_mutex_lock(&index->lock);
	for (unsigned i = 0; i < rows->len && index->unchecked != NULL; i++) {
		const struct recording_row *row = rows->pdata[i];
		index->unchecked(index->unchecked_user, row->session_id);
	}
	g_mutex_unlock(&index->lock);
	return true;
}

bool index_write_row(struct index *index, const struct row_write *w, GError **error)
{
	switch (w->kind) {
	case WRITE_OPEN:
		return write_open(index, w, error);
	case WRITE_SEGMENT:
		return write_segment(index, w, error);
	case WRITE_CLOSE:
		return write_close(index, w, error);
	case WRITE_CHECK:
		return recording_store_note_check(index->db, w->session_id, w->check, w->detail,
						  error);
	case WRITE_GIVE_UP:
		return recording_store_give_up(index->db, w->session_id, w->detail, error);
	case WRITE_COMPARE:
		return compare_rows(index, w, error);
	case WRITE_LIST_UNCHECKED:
		return list_unchecked(index, error);
	case WRITE_STOP:
		break;
	}
	return true;
}
