/* The files of an interrupted recording: how they are found, read, cut and listed. It must not
 * know what is in them. */
#include "recorder/recovery_files.h"

#include "recorder/crypt/crypt_record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (2u << 30)

/* ---- Keys ---- */

static void add_running_keys(struct recovery_files *files, const struct running_keys *running)
{
	const struct archive_resume *from = &files->chain->from;
	struct data_key *key;

	/* One above those that entries name: made by the recorder that died. */
	for (unsigned number = 1; number <= from->n_keys[SEGMENT_KEY_FILES] + 1; number++) {
		if (running_keys_get(running, from->session_id, number, &key) < 0)
			continue;
		reader_add_data_key(files->reader, number, key);
		data_key_unref(key);
		files->encrypted = true;
	}
}

static bool names_keys(const struct recovered_chain *chain)
{
	bool any = chain->from.n_keys[SEGMENT_KEY_FILES] > 0;

	for (unsigned i = 0; i < chain->checkpoints->len; i++) {
		const struct chain_checkpoint *entry =
			&g_array_index(chain->checkpoints, struct recovered_checkpoint, i).entry;
		for (unsigned j = 0; j < entry->n_files; j++)
			any |= g_str_has_prefix(entry->files[j].name, DATA_KEY_FILE_PREFIX);
	}
	return any;
}

/* What is signed is what the disk gives: after a write that failed the kernel holds pages that
 * never got there, and calls them clean. Those that are still to be written stay. */
static int forget_cache(struct store_recording *store)
{
	g_autoptr(GPtrArray) names = NULL;
	int result = store_recording_names(store, &names);

	for (unsigned i = 0; result == 0 && i < names->len; i++) {
		int fd = openat(store_recording_dir(store), names->pdata[i],
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
	return result;
}

int recovery_files_open(struct recovery_files *files, struct store_recording *store,
			const struct recovered_chain *chain, const struct segment_key_places *keys)
{
	*files = (struct recovery_files){
		.store = store, .chain = chain, .encrypted = names_keys(chain)};
	int result = forget_cache(store);

	if (result == 0)
		result = reader_open_at(store_recording_dir(store), NULL, &files->reader);

	if (result == 0 && keys->running != NULL)
		add_running_keys(files, keys->running);
	files->encrypted = files->encrypted && keys->certificate != NULL;
	return result;
}

void recovery_files_close(struct recovery_files *files)
{
	g_clear_pointer(&files->reader, reader_close);
}

/* ---- One file ---- */

void recovery_file_clear(struct recovery_file *found)
{
	g_clear_pointer(&found->file, reader_file_close);
	g_clear_pointer(&found->bytes, g_free);
}

/* What stands in front of a record that was damaged is kept, as is what stands in front
 * of a fragment that was. */
static int read_found(struct recovery_file *found)
{
	uint64_t done = 0;
	ssize_t n = 1;

	found->bytes = g_malloc((gsize)found->length + 1);
	while (done < found->length && n > 0) {
		n = reader_file_pread(found->file, found->bytes + done,
				      (size_t)(found->length - done), done);
		done += n > 0 ? (uint64_t)n : 0;
	}
	if (n == -ENOKEY) {
		g_clear_pointer(&found->bytes, g_free);
		found->locked = true;
		return 0;
	}
	if (n == -EBADMSG)
		g_warning("%s is damaged behind byte %" G_GUINT64_FORMAT, found->name, done);
	found->length = done;
	return n < 0 && n != -EBADMSG ? (int)n : 0;
}

int recovery_file_find(const struct recovery_files *files, const char *name,
		       struct recovery_file *ret)
{
	*ret = (struct recovery_file){0};
	g_strlcpy(ret->name, name, sizeof ret->name);
	int result = reader_file_open(files->reader, name, &ret->file);

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	result = reader_file_size(ret->file, &ret->length);
	/* Made before a power cut, but never written: as good as empty. */
	if (result == -EBADMSG) {
		g_warning("%s does not begin as an encrypted file of this recording", name);
		result = 0;
	}
	if (result == 0 && ret->length > FILE_MAX_BYTES)
		result = -EFBIG;
	if (result == 0)
		result = read_found(ret);
	if (result < 0)
		recovery_file_clear(ret);
	return result;
}

/* The store's name for it, without ".part". */
static char *store_name(const struct recovery_file *found)
{
	return g_strconcat(found->name, reader_file_encrypted(found->file) ? CRYPT_SUFFIX : "",
			   NULL);
}

int recovery_file_discard(const struct recovery_files *files, const struct recovery_file *found)
{
	g_autofree char *name = store_name(found);

	return store_recording_discard(files->store, name, reader_file_growing(found->file));
}

int recovery_file_keep_as(const struct recovery_files *files, const struct recovery_file *found,
			  const struct chain_file *file, struct chain_segment *segment)
{
	g_autofree char *name = store_name(found);
	uint64_t disk_bytes;
	int result =
		reader_file_disk_bytes(found->file, file->bytes + file->tail_bytes, &disk_bytes);

	if (result == 0)
		result = store_recording_repair(files->store, name,
						reader_file_growing(found->file), disk_bytes);
	if (result == 0)
		segment->files[segment->n_files++] = *file;
	return result;
}

int recovery_file_keep(const struct recovery_files *files, const struct recovery_file *found,
		       size_t keep, struct chain_segment *segment)
{
	struct chain_file file = {.bytes = keep};

	if (found->file == NULL)
		return 0;
	if (keep == 0)
		return recovery_file_discard(files, found);
	g_strlcpy(file.name, found->name, sizeof file.name);
	digest_hex_of(found->bytes, keep, file.sha256);
	return recovery_file_keep_as(files, found, &file, segment);
}
