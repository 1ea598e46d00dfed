/* Sealed keystrokes after a crash. Nobody here can read them, and it must not try: records say
 * themselves where they end. */
#include "recorder/recovery_keystrokes.h"

#include "recorder/crypt/crypt_record.h"
#include "recorder/segment.h"

#include <errno.h>

#define FILE_MAX_BYTES (256u << 20)
#define SEALED_KEY_MAX_BYTES (64u << 10)

struct found {
	char name[32];
	uint8_t *bytes;
	size_t length;
	bool part;
};

static void list_file(const struct found *found, size_t keep, struct chain_segment *segment)
{
	struct chain_file *file = &segment->files[segment->n_files++];

	*file = (struct chain_file){.bytes = keep};
	g_strlcpy(file->name, found->name, sizeof file->name);
	digest_hex_of(found->bytes, keep, file->sha256);
}

static int read_found(const struct recovery_files *files, size_t max_bytes, struct found *found)
{
	return store_recording_read(files->store, found->name, max_bytes, &found->bytes,
				    &found->length, &found->part);
}

/* Without it nobody will ever read them; they are entered nevertheless, for that they were
 * recorded. */
static int list_key(const struct recovery_files *files, unsigned number,
		    struct chain_segment *segment)
{
	struct found key = {0};

	g_snprintf(key.name, sizeof key.name, KEYSTROKE_KEY_FILE_NAME, number);
	int result = read_found(files, SEALED_KEY_MAX_BYTES, &key);
	if (result == 0)
		list_file(&key, key.length, segment);
	else
		g_warning("%s of %s: %s: keystrokes of segment %u cannot be read any more",
			  key.name, files->chain->from.session_id, g_strerror(-result),
			  segment->number);
	g_free(key.bytes);
	return result == -ENOENT ? 0 : result;
}

static int keep(const struct recovery_files *files, const struct found *found, size_t whole,
		struct chain_segment *segment)
{
	struct crypt_file_id id;
	int result = store_recording_repair(files->store, found->name, found->part, whole);

	if (result == 0)
		result = crypt_header_read(found->bytes, found->name, &id);
	if (result < 0)
		return result;
	list_file(found, whole, segment);
	return list_key(files, id.key_number, segment);
}

int recovery_keystrokes_repair(const struct recovery_files *files, struct chain_segment *segment)
{
	struct found found = {0};

	if (segment->n_files + 2 > CHAIN_MAX_FILES)
		return -EINVAL;
	g_snprintf(found.name, sizeof found.name, SEGMENT_KEYSTROKES_NAME, segment->number);
	int result = read_found(files, FILE_MAX_BYTES, &found);
	if (result < 0)
		return result == -ENOENT ? 0 : result;
	size_t whole = crypt_whole_bytes(found.bytes, found.length);
	if (whole > 0)
		result = keep(files, &found, whole, segment);
	else
		result = store_recording_discard(files->store, found.name, found.part);
	g_free(found.bytes);
	return result;
}
