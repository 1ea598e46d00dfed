/* Makes data keys. It must not know what is written with them. */
#include "recorder/segment_key.h"

#include <errno.h>
#include <string.h>

static int write_sealed(struct store_recording *store, const char *name, GBytes *sealed)
{
	gsize length;
	const void *bytes = g_bytes_get_data(sealed, &length);
	struct store_file *file;
	int result = store_file_create(store, name, STORE_FINAL, &file);

	if (result < 0)
		return result;
	result = store_file_append(file, bytes, length);
	/* A power cut that takes it takes everything it opens. */
	int synced = store_file_close(file);
	result = result == 0 ? synced : result;
	if (result < 0 && store_recording_discard(store, name, false) < 0)
		g_warning("%s is left half written", name);
	return result;
}

/* Without it a killed recorder cannot sign what it wrote last, which is no reason not to record. */
static void keep_running(const struct segment_key_places *places, const struct segment_key *key)
{
	int result = places->running == NULL ? 0
					     : running_keys_put(places->running, key->session_id,
								key->number, key->key);

	if (result < 0)
		g_warning("the data key of %s cannot be kept for the time of a crash: %s",
			  key->session_id, g_strerror(-result));
}

static void name_file(enum segment_key_kind kind, unsigned number, char ret[32])
{
	if (kind == SEGMENT_KEY_KEYSTROKES)
		g_snprintf(ret, 32, KEYSTROKE_KEY_FILE_NAME, number);
	else
		g_snprintf(ret, 32, DATA_KEY_FILE_NAME, number);
}

int segment_key_create(const struct segment_key_places *places, enum segment_key_kind kind,
		       struct store_recording *store, const char *session_id, unsigned number,
		       struct segment_key **ret_key)
{
	const struct archive_certificate *certificate =
		kind == SEGMENT_KEY_KEYSTROKES ? places->keystrokes : places->certificate;
	struct segment_key *key = g_new0(struct segment_key, 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) sealed = NULL;
	int result = number <= DATA_KEY_NUMBER_MAX ? 0 : -EOVERFLOW;

	key->number = number;
	g_strlcpy(key->session_id, session_id, sizeof key->session_id);
	name_file(kind, number, key->file.name);
	if (result == 0)
		key->key = data_key_create();
	if (key->key != NULL)
		sealed = archive_certificate_seal(certificate, key->key, &error);
	if (result == 0 && sealed == NULL) {
		g_warning("no data key for %s: %s", session_id,
			  error != NULL ? error->message : "OpenSSL has no randomness");
		result = -EIO;
	}
	if (result == 0)
		result = write_sealed(store, key->file.name, sealed);
	if (result < 0) {
		segment_key_destroy(key);
		return result;
	}
	key->file.bytes = g_bytes_get_size(sealed);
	digest_hex_of(g_bytes_get_data(sealed, NULL), key->file.bytes, key->file.sha256);
	if (kind == SEGMENT_KEY_FILES)
		keep_running(places, key);
	*ret_key = key;
	return 0;
}

void segment_key_destroy(struct segment_key *key)
{
	if (key == NULL)
		return;
	data_key_unref(key->key);
	g_free(key);
}
