/* Gathers what the leaves say, and judges their order. It must not look at heads, recordings or
 * rows. */
#include "recorder/nodelog/log_check_internal.h"

#include <inttypes.h>
#include <string.h>

#define FIND log_check_find

static void note_audit(struct log_check *check, const struct leaf *leaf)
{
	struct logged_audit audit = {.id = leaf->audit_id, .index = leaf->index};

	if (g_hash_table_contains(check->audit_by_id, &audit.id)) {
		FIND(check, VERIFY_BROKEN,
		     "leaf %" PRIu64 " enters audit record %" PRIu64 " a second time", leaf->index,
		     audit.id);
		return;
	}
	memcpy(audit.sha256, leaf->sha256, sizeof audit.sha256);
	g_array_append_val(check->audit, audit);
	g_hash_table_insert(check->audit_by_id, g_memdup2(&audit.id, sizeof audit.id),
			    GUINT_TO_POINTER(check->audit->len));
}

static struct logged_recording *know(struct log_check *check, const char *session)
{
	struct logged_recording *recording = g_hash_table_lookup(check->recordings, session);

	if (recording == NULL) {
		char *key = g_strdup(session);
		recording = g_new0(struct logged_recording, 1);
		recording->session = key;
		g_hash_table_insert(check->recordings, key, recording);
	}
	return recording;
}

/* A recording has one genesis and one seal: another one later is a recording that was
 * put in another's place. */
static void note_once(struct log_check *check, const struct leaf *leaf, char hash[DIGEST_HEX_BYTES])
{
	if (hash[0] != '\0')
		FIND(check, VERIFY_BROKEN, "leaf %" PRIu64 " is a second %s of recording %s",
		     leaf->index, leaf_kind_name(leaf->kind), leaf->session);
	else
		memcpy(hash, leaf->sha256, DIGEST_HEX_BYTES);
}

static void note_recording(struct log_check *check, const struct leaf *leaf)
{
	struct logged_recording *recording = know(check, leaf->session);

	switch (leaf->kind) {
	case LEAF_GENESIS:
		note_once(check, leaf, recording->genesis);
		recording->genesis_index = leaf->index;
		g_free(recording->utc);
		recording->utc = g_strdup(leaf->utc);
		break;
	case LEAF_SEAL:
		note_once(check, leaf, recording->seal);
		break;
	case LEAF_DELETION:
		memcpy(recording->deletion, leaf->sha256, sizeof recording->deletion);
		break;
	case LEAF_EXPORT:
	case LEAF_AUDIT:
	case LEAF_KIND_COUNT:
		break;
	}
}

void log_check_note_leaf(uint64_t number, const char *line, size_t length, const struct leaf *leaf,
			 void *user)
{
	struct log_check *check = user;
	int64_t utc_s = leaf != NULL ? log_check_seconds(leaf->utc) : 0;

	(void)line;
	(void)length;
	g_array_append_val(check->leaf_times_s, utc_s);
	if (leaf == NULL) {
		FIND(check, VERIFY_BROKEN, "line %" PRIu64 " of the leaves is not a leaf",
		     number + 1);
		return;
	}
	if (check->node == NULL)
		check->node = g_strdup(leaf->node);
	if (leaf->index != number || strcmp(leaf->node, check->node) != 0)
		FIND(check, VERIFY_BROKEN,
		     "line %" PRIu64 " of the leaves holds leaf %" PRIu64 " of node %s", number + 1,
		     leaf->index, leaf->node);
	g_free(check->last_utc);
	check->last_utc = g_strdup(leaf->utc);
	if (leaf->kind == LEAF_AUDIT)
		note_audit(check, leaf);
	else
		note_recording(check, leaf);
}
