/* Deletes one recording from the store. Whether it may go was decided before. */
#include "recorder/deletion.h"

#include "recorder/chain/chain_reader.h"
#include "recorder/chain/tombstone.h"
#include "recorder/crypt/data_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STAMP_PREFIX "ts-"

/* ---- The tombstone ---- */

/* Of the last whole line that is an entry; zeros when there is none: then the chain
 * proves nothing anyway. */
static int read_head(struct store_recording *recording, char ret[DIGEST_HEX_BYTES])
{
	uint8_t *bytes;
	size_t length;
	bool part;
	int result = store_recording_read(recording, CHAIN_FILE, CHAIN_MAX_BYTES, &bytes, &length,
					  &part);

	memset(ret, '0', DIGEST_HEX_BYTES - 1);
	ret[DIGEST_HEX_BYTES - 1] = '\0';
	if (result < 0)
		return result == -ENOENT ? 0 : result;
	const char *line = (const char *)bytes, *end = line + length, *newline;
	while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		struct chain_entry entry;
		if (chain_entry_parse(line, (size_t)(newline - line), &entry) == 0) {
			g_strlcpy(ret, entry.hash, DIGEST_HEX_BYTES);
			chain_entry_clear(&entry);
		}
		line = newline + 1;
	}
	g_free(bytes);
	return 0;
}

static int take_away(struct store_recording *recording, const char *session_id, bool part)
{
	if (!part)
		g_critical("the tombstone in recording %s is not this node's, or speaks of another "
			   "state of it: it is taken away",
			   session_id);
	int result = store_recording_discard(recording, TOMBSTONE_FILE, part);
	return result < 0 ? result : -ENOENT;
}

/* -ENOENT: there is none yet. Somebody else's would put their words into our log, and their reasons
 * in the place of ours. */
static int find_tombstone(struct store_recording *recording, const struct own_keys *keys,
			  const char *session_id, const char *head,
			  char ret_sha256[DIGEST_HEX_BYTES])
{
	g_autofree uint8_t *bytes = NULL;
	size_t length;
	bool part = false;
	struct own_tombstone own;
	int result = store_recording_read(recording, TOMBSTONE_FILE, TOMBSTONE_MAX_BYTES, &bytes,
					  &length, &part);
	bool strange = result == -EINVAL || result == -ELOOP || result == -EFBIG;

	if (result < 0 && !strange)
		return result;
	if (strange || part ||
	    !own_tombstone_read(keys, session_id, (const char *)bytes, length, &own) ||
	    strcmp(own.head, head) != 0)
		return take_away(recording, session_id, part);
	memcpy(ret_sha256, own.sha256, DIGEST_HEX_BYTES);
	return 0;
}

static int write_tombstone(struct store_recording *recording, const struct chain_key *key,
			   const struct deletion *deletion, char head[DIGEST_HEX_BYTES],
			   char ret_sha256[DIGEST_HEX_BYTES])
{
	g_autoptr(GError) error = NULL;
	const struct tombstone tombstone = {.session = deletion->session_id,
					    .head = head,
					    .cause = deletion->cause,
					    .class = deletion->class,
					    .reason = deletion->reason,
					    .requested_by = deletion->requested_by,
					    .approved_by = deletion->approved_by};
	g_autofree char *text = tombstone_make(&tombstone, key, ret_sha256, &error);
	if (text != NULL)
		return store_recording_put(recording, TOMBSTONE_FILE, text, strlen(text));
	g_warning("no tombstone for %s: %s", deletion->session_id, error->message);
	return -EIO;
}

/* ---- The contents ---- */

static bool stays(const char *name)
{
	return strcmp(name, CHAIN_FILE) == 0 || strcmp(name, CHAIN_CERTIFICATE_FILE) == 0 ||
	       strcmp(name, TOMBSTONE_FILE) == 0 || g_str_has_prefix(name, STAMP_PREFIX);
}

static bool is_sealed_key(const char *name)
{
	unsigned number;

	return sscanf(name, DATA_KEY_FILE_NAME, &number) == 1 ||
	       sscanf(name, KEYSTROKE_KEY_FILE_NAME, &number) == 1;
}

/* Sealed data keys first: without them the rest is noise, whatever the disk still remembers. */
static int remove_contents(struct store_recording *recording, bool keys)
{
	g_autoptr(GPtrArray) names = NULL;
	int result = store_recording_names(recording, &names);

	if (result < 0)
		return result;
	/* What cannot be removed, a directory perhaps, does not save the rest. */
	for (unsigned i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		if (stays(name) || is_sealed_key(name) != keys)
			continue;
		int one = store_recording_discard(recording, name, false);
		if (one < 0)
			g_warning("%s cannot be removed: %s", name, g_strerror(-one));
		result = result == 0 ? one : result;
	}
	int synced = store_recording_sync(recording);
	return result == 0 ? synced : result;
}

static int have_tombstone(struct store_recording *recording, const struct own_keys *keys,
			  const struct deletion *deletion, char ret_sha256[DIGEST_HEX_BYTES])
{
	char head[DIGEST_HEX_BYTES];
	int result = read_head(recording, head);

	if (result < 0)
		return result;
	result = find_tombstone(recording, keys, deletion->session_id, head, ret_sha256);
	return result == -ENOENT
		       ? write_tombstone(recording, keys->present, deletion, head, ret_sha256)
		       : result;
}

int deletion_run(struct store *store, const struct own_keys *keys, const struct deletion *deletion,
		 char ret_sha256[DIGEST_HEX_BYTES])
{
	struct store_recording *recording;
	int result = store_recording_open(store, deletion->session_id, &recording);

	if (result < 0)
		return result;
	result = have_tombstone(recording, keys, deletion, ret_sha256);
	if (result == 0) {
		int opened = remove_contents(recording, true);
		result = remove_contents(recording, false);
		result = opened < 0 ? opened : result;
	}
	store_recording_close(recording);
	return result;
}
