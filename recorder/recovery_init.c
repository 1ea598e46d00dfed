/* What a segment needs beside its own files: the init segment and the sealed data key. It must not
 * cut anything, only keep, make again or remove. */
#include "recorder/recovery_init.h"

#include "recorder/crypt/archive_key.h"
#include "recorder/mux/init_remake.h"
#include "recorder/mux/init_scan.h"
#include "recorder/segment.h"

#include <errno.h>
#include <string.h>

/* An entry names it: what is wrong with it is damage, which the verifier will name, and not
 * what a power cut left. */
static bool is_entered(const struct recovery_files *files, uint32_t number)
{
	return number <= files->chain->from.n_segments;
}

/* Says again what the pictures themselves say; without pictures that can be read nothing is
 * known. */
static int remake(const struct recovery_files *files, const struct recovery_file *video,
		  struct chain_segment *segment, char codec[16])
{
	g_autoptr(GByteArray) init =
		video->bytes != NULL ? init_remake(video->bytes, (size_t)video->length) : NULL;
	struct chain_file file = {0};
	struct init_scan scan;

	if (init == NULL || !init_scan(init->data, init->len, &scan))
		return -ENOENT;
	g_snprintf(file.name, sizeof file.name, SEGMENT_INIT_NAME, segment->number);
	int result = store_recording_put(files->store, file.name, init->data, init->len);
	if (result < 0)
		return result;
	g_message("%s of %s is made again from its pictures", file.name,
		  files->chain->from.session_id);
	file.bytes = init->len;
	digest_hex_of(init->data, init->len, file.sha256);
	segment->files[segment->n_files++] = file;
	segment->width = scan.width;
	segment->height = scan.height;
	g_strlcpy(codec, scan.codec, 16);
	return 0;
}

/* -ENOENT: it is torn, and out of the way. */
static int take(const struct recovery_files *files, const struct recovery_file *found,
		uint32_t number, struct chain_segment *segment, char codec[16])
{
	struct init_scan scan;

	if (found->bytes != NULL && init_scan(found->bytes, (size_t)found->length, &scan)) {
		segment->width = scan.width;
		segment->height = scan.height;
		g_strlcpy(codec, scan.codec, 16);
		return recovery_file_keep(files, found, (size_t)found->length, segment);
	}
	g_warning("%s of %s is torn", found->name, files->chain->from.session_id);
	int result = is_entered(files, number) ? 0 : recovery_file_discard(files, found);
	return result < 0 ? result : -ENOENT;
}

/* The newest init segment up to this one belongs to it: a size is announced with the
 * segment that begins it. */
int recovery_init_add(const struct recovery_files *files, const struct recovery_file *video,
		      struct chain_segment *segment, char codec[16])
{
	int result = -ENOENT;

	for (uint32_t number = segment->number; number > 0; number--) {
		char name[32];
		struct recovery_file found;
		g_snprintf(name, sizeof name, SEGMENT_INIT_NAME, number);
		result = recovery_file_find(files, name, &found);
		if (result == 0 && found.file == NULL) {
			result = -ENOENT;
			continue;
		}
		if (result == 0)
			result = take(files, &found, number, segment, codec);
		recovery_file_clear(&found);
		break;
	}
	return result == -ENOENT ? remake(files, video, segment, codec) : result;
}

/* It carries the number of the first segment that needs it: without a picture there
 * it belongs to nothing. */
int recovery_init_drop(const struct recovery_files *files, uint32_t number)
{
	char name[32];
	struct recovery_file found;

	g_snprintf(name, sizeof name, SEGMENT_INIT_NAME, number);
	int result = recovery_file_find(files, name, &found);
	if (result == 0 && found.file != NULL)
		result = recovery_file_discard(files, &found);
	recovery_file_clear(&found);
	return result;
}

/* Without the sealed key nobody will ever read the segment; it is entered nevertheless, for
 * what its checkpoints say. */
int recovery_key_add(const struct recovery_files *files, unsigned number,
		     struct chain_segment *segment)
{
	char name[32];
	struct recovery_file found;

	g_snprintf(name, sizeof name, DATA_KEY_FILE_NAME, number);
	int result = recovery_file_find(files, name, &found);
	bool whole = result == 0 && found.bytes != NULL &&
		     archive_key_is_sealed(found.bytes, (size_t)found.length);
	if (result == 0 && !whole)
		g_warning("%s of %s is %s: segment %u cannot be read any more", name,
			  files->chain->from.session_id, found.file == NULL ? "gone" : "torn",
			  segment->number);
	if (whole || (result == 0 && found.file != NULL &&
		      number <= files->chain->from.n_keys[SEGMENT_KEY_FILES]))
		result = recovery_file_keep(files, &found, (size_t)found.length, segment);
	else if (result == 0 && found.file != NULL)
		result = recovery_file_discard(files, &found);
	recovery_file_clear(&found);
	return result;
}
