/** Reads the directory of a recording, finished or still growing: which files lie in it, and their plain bytes, however they lie on the disk.
 *
 *  Everybody who reads recordings reads through here: the verifier, playback, export, the self-check, recovery. Nothing is written. A reader may be used by
 *  several threads, each of its files by one at a time. Errors are -errno; bytes and names come from a disk and are not trusted. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct archive_key;
struct reader;

/** Opens a recording's directory. `key` opens encrypted files; it is borrowed and must outlive the reader; NULL: plain files can be read, encrypted ones listed. */
int reader_open(const char *dir, const struct archive_key *key, struct reader **ret_reader);
/** The same for the recording of a session in a store. No symbolic link is followed below the store. -EINVAL when `session_id` is not a UUID. */
int reader_open_session(const char *store_dir, const char *session_id,
			const struct archive_key *key, struct reader **ret_reader);
/** Files must be closed. NULL is fine. */
void reader_close(struct reader *reader);

/** One name in the directory, whoever put it there. */
struct reader_entry {
	char *name;	 /**< as chain entries call it: "seg-00001.mp4" */
	char *disk_name; /**< as it lies on the disk: "seg-00001.mp4.part" */
	bool growing;	 /**< belongs to a segment that is still open */
};
/** All names, sorted by name; of two with the same name the one that reader_file_open takes comes first. Struct reader_entry, owned by the array. Returns 0 or
 *  -errno. */
int reader_list(const struct reader *reader, GPtrArray **ret_entries);

struct reader_file;

/** Opens a file by the name chain entries use. -ENOENT; -EINVAL: not a name of one file here, or not a regular file. */
int reader_file_open(const struct reader *reader, const char *name, struct reader_file **ret_file);
/** NULL is fine. */
void reader_file_close(struct reader_file *file);

/** Was of a segment that was still open when the file was opened. */
bool reader_file_growing(const struct reader_file *file);
/** Plain bytes there are now; a growing file has more at the next call. */
int reader_file_size(struct reader_file *file, uint64_t *ret_bytes);
/** Plain bytes from `offset`: as many as there are, up to `length`; 0 at the end. -errno when not one of them can be read. */
ssize_t reader_file_pread(struct reader_file *file, void *buffer, size_t length, uint64_t offset);

/** A whole file with a NUL behind it. -EFBIG above max_bytes. g_free *ret_bytes. */
int reader_read(const struct reader *reader, const char *name, size_t max_bytes,
		uint8_t **ret_bytes, size_t *ret_length);
