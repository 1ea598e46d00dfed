/* Judges what the log speaks of: recordings in the store, rows of the audit trail. It must not
 * judge the recordings themselves: that is chain/verify.c. */
#include "recorder/nodelog/log_check_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define FIND log_check_find

/* Written by recorder/settled.c. */
#define SETTLED_FILE "settled"

/* Not in the log: a recording whose recorder has not come to it yet, or one that was put there
 * behind the log's back. */
static void judge_unlogged(struct log_check *check, const char *session,
			   const struct recording_ends *ends)
{
	bool old = ends->utc != NULL && check->last_utc != NULL &&
		   log_check_seconds(ends->utc) + LOG_LATE_S < log_check_seconds(check->last_utc);

	FIND(check, old ? VERIFY_BROKEN : VERIFY_INCOMPLETE,
	     "recording %s says that it began at %s, but no leaf knows it%s", session,
	     ends->utc != NULL ? ends->utc : "an unknown time",
	     old ? ", and the log went on since: it was put there later" : " yet");
}

static void judge_times(struct log_check *check, const char *session,
			const struct recording_ends *ends, const struct logged_recording *logged)
{
	int64_t late_s = log_check_seconds(logged->utc) - log_check_seconds(ends->utc);

	if (late_s > LOG_LATE_S)
		FIND(check, VERIFY_NOTE,
		     "recording %s was entered into the log %" PRIi64
		     " s after the time at which it says that it began",
		     session, late_s);
}

/* The recorder's own list of what a start need not look at: lines of names. It is not signed, so
 * nothing is proven by it; what it must not do is hide something. */
static GHashTable *read_settled(const char *store_dir)
{
	g_autofree char *path = g_build_filename(store_dir, SETTLED_FILE, NULL), *text = NULL;
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return names;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		g_hash_table_add(names, g_strdup(*line));
	return names;
}

/* What is settled was sealed or deleted before. `settled` was read first, so that a recording
 * sealed meanwhile gives no false alarm. */
static void judge_settled(struct log_check *check, GHashTable *settled, const char *session,
			  const struct recording_ends *ends)
{
	if (ends->seal[0] == '\0' && ends->tombstone[0] == '\0' && !ends->foreign_tombstone &&
	    g_hash_table_contains(settled, session))
		FIND(check, VERIFY_INCOMPLETE,
		     "recording %s has no seal, but stands in the store's list of settled ones: no "
		     "start of the recorder repairs and seals it while it does (file " SETTLED_FILE
		     ")",
		     session);
}

static void judge_recording(struct log_check *check, const char *session,
			    const struct recording_ends *ends)
{
	const struct logged_recording *logged = g_hash_table_lookup(check->recordings, session);

	if (logged == NULL || logged->genesis[0] == '\0') {
		judge_unlogged(check, session, ends);
		return;
	}
	if (strcmp(ends->genesis, logged->genesis) != 0) {
		FIND(check, VERIFY_BROKEN,
		     "recording %s is not the one that leaf %" PRIu64 " of %s knows", session,
		     logged->genesis_index, logged->utc);
		return;
	}
	judge_times(check, session, ends, logged);
	if (ends->foreign_chain) {
		FIND(check, VERIFY_BROKEN,
		     "the seal of recording %s is not signed under the key that began it", session);
		return;
	}
	if (ends->seal[0] == '\0' && logged->seal[0] != '\0')
		FIND(check, VERIFY_BROKEN,
		     "the end of recording %s was cut off: the log knows its seal", session);
	else if (ends->seal[0] != '\0' && logged->seal[0] == '\0')
		FIND(check, VERIFY_INCOMPLETE, "the seal of recording %s has no leaf yet", session);
	else if (strcmp(ends->seal, logged->seal) != 0)
		FIND(check, VERIFY_BROKEN, "the seal of recording %s is not the one the log knows",
		     session);
}

/* A deleted recording leaves its chain and a tombstone; the log knows which one. */
static int judge_deletion(struct log_check *check, const char *session,
			  const struct recording_ends *ends)
{
	const struct logged_recording *logged = g_hash_table_lookup(check->recordings, session);
	const char *leaf = logged != NULL ? logged->deletion : "";

	if (ends->foreign_tombstone)
		FIND(check, VERIFY_BROKEN,
		     "the tombstone of recording %s is not signed by a key of this log: it was not "
		     "deleted by the rules",
		     session);
	else if (ends->tombstone[0] != '\0' && leaf[0] == '\0')
		FIND(check, VERIFY_INCOMPLETE, "the deletion of recording %s has no leaf yet",
		     session);
	else if (ends->tombstone[0] != '\0' && strcmp(ends->tombstone, leaf) != 0)
		FIND(check, VERIFY_BROKEN,
		     "the tombstone of recording %s is not the one the log knows", session);
	else if (ends->tombstone[0] == '\0' && leaf[0] != '\0')
		FIND(check, VERIFY_BROKEN,
		     "the log knows that recording %s was deleted, but its tombstone is gone",
		     session);
	return ends->tombstone[0] != '\0'
		       ? log_check_tombstone_trust(check, session, ends, leaf[0] != '\0')
		       : 0;
}

static int compare_recordings(const void *a, const void *b)
{
	const struct logged_recording *const *first = a, *const *second = b;
	uint64_t one = (*first)->genesis_index, other = (*second)->genesis_index;

	return one < other ? -1 : one > other;
}

/* Named in the order in which they began. */
static void judge_missing(struct log_check *check, GHashTable *present)
{
	GHashTableIter iter;
	gpointer value;
	g_autoptr(GPtrArray) gone = g_ptr_array_new();

	g_hash_table_iter_init(&iter, check->recordings);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct logged_recording *logged = value;
		if (logged->genesis[0] != '\0' && !g_hash_table_contains(present, logged->session))
			g_ptr_array_add(gone, value);
	}
	g_ptr_array_sort(gone, compare_recordings);
	for (unsigned i = 0; i < gone->len; i++) {
		const struct logged_recording *logged = gone->pdata[i];
		if (logged->deletion[0] != '\0')
			FIND(check, VERIFY_BROKEN,
			     "recording %s was deleted, but its tombstone is gone",
			     logged->session);
		else
			FIND(check, VERIFY_BROKEN,
			     "recording %s, entered at %s as leaf %" PRIu64
			     ", is gone, and no deletion was entered: it was removed",
			     logged->session, logged->utc, logged->genesis_index);
	}
}

int log_check_recordings(struct log_check *check)
{
	g_autoptr(GHashTable) present = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) settled = read_settled(check->store_dir);

	for (unsigned i = 0; i < check->store_names->len; i++) {
		const char *session = check->store_names->pdata[i];
		struct recording_ends ends;
		int result =
			recording_ends_read(check->store_dir, session, check->certificates, &ends);
		if (result == 0) {
			judge_recording(check, session, &ends);
			judge_settled(check, settled, session, &ends);
			result = judge_deletion(check, session, &ends);
		}
		recording_ends_clear(&ends);
		/* Gone since the list was made, or without a chain: the same as not there. */
		if (result == -ENOENT)
			continue;
		if (result < 0)
			return result;
		g_hash_table_add(present, (char *)(uintptr_t)session);
		check->report.n_recordings++;
	}
	judge_missing(check, present);
	return 0;
}

void log_check_audit(struct log_check *check, uint64_t id, const char *sha256)
{
	unsigned place = GPOINTER_TO_UINT(g_hash_table_lookup(check->audit_by_id, &id));

	check->report.n_audit_rows++;
	if (place == 0) {
		const struct logged_audit *last =
			check->audit->len > 0 ? &g_array_index(check->audit, struct logged_audit,
							       check->audit->len - 1)
					      : NULL;
		if (last != NULL && id < last->id)
			FIND(check, VERIFY_BROKEN,
			     "audit record %" PRIu64 " has no leaf, though later ones have: it was "
			     "put there later",
			     id);
		return;
	}
	struct logged_audit *logged = &g_array_index(check->audit, struct logged_audit, place - 1);
	logged->seen = true;
	if (strcmp(logged->sha256, sha256) != 0)
		FIND(check, VERIFY_BROKEN,
		     "audit record %" PRIu64 " was changed since leaf %" PRIu64 " entered it", id,
		     logged->index);
}

void log_check_audit_end(struct log_check *check)
{
	for (unsigned i = 0; i < check->audit->len; i++) {
		const struct logged_audit *logged =
			&g_array_index(check->audit, struct logged_audit, i);
		if (!logged->seen)
			FIND(check, VERIFY_BROKEN,
			     "audit record %" PRIu64 " is gone: leaf %" PRIu64 " knows it",
			     logged->id, logged->index);
	}
}
