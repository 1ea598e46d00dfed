/* What an archive signs: checkpoints, gaps, segments, the seal. It must not touch segment files. */
#include "recorder/archive_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

uint64_t archive_not_before(struct archive *a, uint64_t t_us)
{
	a->t_us = MAX(a->t_us, t_us);
	return a->t_us;
}

/* Takes `line`. */
int archive_append_entry(struct archive *a, char *line, GError *error)
{
	if (line == NULL) {
		g_warning("chain entry: %s", error->message);
		g_error_free(error);
		return -EIO;
	}
	/* The chain in memory went on: what followed an entry that is not there would not link. */
	if (a->error == 0)
		a->error = store_file_append(a->chain_file, line, strlen(line));
	g_free(line);
	return a->error;
}

static void note_synced(void *user, int result)
{
	struct archive *a = user;

	archive_note_result(a, a->noted_results, result);
}

int archive_checkpoint(struct archive *archive, uint64_t t_us)
{
	struct archive *a = archive;

	if (a->error < 0)
		return a->error;
	if (archive_unsigned_bytes(a) == 0 || a->noted.number > 0 || !g_queue_is_empty(&a->closed))
		return 0;
	segment_checkpoint(a->segment, &a->noted);
	a->noted_us = archive_not_before(a, t_us);
	a->checkpoint_bytes = segment_bytes(a->segment);
	segment_sync(a->segment, note_synced, a);
	return 0;
}

void archive_enter_checkpoint(struct archive *a, int result)
{
	GError *error = NULL;

	a->error = a->error < 0 ? a->error : result;
	if (a->error == 0) {
		char *line = chain_add_checkpoint(a->chain, a->noted_us, &a->noted, &error);
		if (archive_append_entry(a, line, error) == 0)
			notary_checkpoint(a->services.notary, a->session_id,
					  chain_last_seq(a->chain), chain_head(a->chain));
	}
	a->noted.number = 0;
}

void closed_free(struct closed *closed)
{
	segment_destroy(closed->segment);
	g_free((char *)(uintptr_t)closed->gap.reason);
	g_free((char *)(uintptr_t)closed->gap.detail);
	g_free(closed);
}

static int enter_gap(struct archive *a, const struct chain_gap *gap)
{
	GError *error = NULL;
	char *line = chain_add_gap(a->chain, archive_not_before(a, gap->end_us), gap, &error);

	return archive_append_entry(a, line, error);
}

int archive_enter_gaps(struct archive *a)
{
	const struct closed *head;

	while ((head = g_queue_peek_head(&a->closed)) != NULL && head->segment == NULL) {
		if (a->error == 0)
			a->error = enter_gap(a, &head->gap);
		closed_free(g_queue_pop_head(&a->closed));
	}
	return a->error;
}

int archive_add_segment_entry(struct archive *a, uint64_t t_us, const struct chain_segment *entry)
{
	GError *error = NULL;
	char *line = chain_add_segment(a->chain, archive_not_before(a, t_us), entry, &error);
	int result = archive_append_entry(a, line, error);

	if (result < 0)
		return result;
	a->n_frames += entry->frames;
	chain_counts_add(&a->sums, &entry->counts);
	for (unsigned i = 0; i < entry->n_files; i++)
		a->n_bytes += entry->files[i].bytes;
	index_segment(a->services.index, a->session_id, entry);
	return 0;
}

int archive_adopt_segment(struct archive *archive, const struct chain_segment *segment)
{
	int result = archive_add_segment_entry(archive, segment->end_us, segment);

	if (result < 0)
		return result;
	archive->n_segments = segment->number;
	archive->position_us = segment->end_us;
	return 0;
}

void archive_totals(const struct archive *archive, struct archive_totals *ret)
{
	*ret = (struct archive_totals){archive->n_frames, archive->n_bytes, archive->position_us,
				       ""};
	g_strlcpy(ret->head, chain_head(archive->chain), sizeof ret->head);
}

/* Of all starts of the recorder that wrote here, as far as they are still known. The check's thread
 * gets copies of its own. */
static GPtrArray *known_keys(const struct archive *a)
{
	const struct running_keys *running = a->services.keys.running;
	GPtrArray *keys = g_ptr_array_new_with_free_func((GDestroyNotify)data_key_unref);

	for (unsigned number = 1; running != NULL && number <= a->n_keys[SEGMENT_KEY_FILES];
	     number++) {
		struct data_key *key = NULL;
		if (running_keys_get(running, a->session_id, number, &key) < 0)
			key = NULL;
		g_ptr_array_add(keys, key);
	}
	return keys;
}

int archive_seal(struct archive *archive, uint64_t t_us, const char *reason, const char *detail,
		 struct archive_totals *ret)
{
	struct archive *a = archive;
	const struct chain_seal seal = {reason,	    detail,	    a->n_segments, a->n_frames,
					a->n_bytes, a->position_us, a->sums};
	GError *error = NULL;
	char *line = chain_add_seal(a->chain, archive_not_before(a, t_us), &seal, &error);
	int result = archive_append_entry(a, line, error);

	if (result < 0)
		return result;
	/* Nobody is told of a seal that the disk may not have. */
	a->error = store_file_close(g_steal_pointer(&a->chain_file));
	if (a->error < 0)
		return a->error;
	archive_totals(a, ret);
	sealed_check_add(a->services.check, a->session_id, known_keys(a));
	if (a->services.keys.running != NULL)
		running_keys_forget(a->services.keys.running, a->session_id);
	index_close(a->services.index, a->session_id, true, clock_utc_us(), ret->head, "");
	notary_seal(a->services.notary, a->session_id, chain_last_seq(a->chain), ret->head);
	return 0;
}

void archive_give_up(struct archive *archive, const char *detail)
{
	index_close(archive->services.index, archive->session_id, false, clock_utc_us(), "",
		    detail);
}
