/** Reads the directory of a recording, finished or still growing: which files lie in it, and their
 *  plain bytes, however they lie on the disk.
 *
 *  Everybody who reads recordings reads through here: the verifier, playback, export, the
 *  self-check, recovery. Nothing is written. A reader may be used by several threads,
 *  each of its files by one at a time. Errors are -errno; bytes and names come from a
 *  disk and are not trusted. */
#pragma once

#include "recorder/crypt/archive_key.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct reader;

/** Opens a recording's directory. `key` opens encrypted files; it is borrowed and must outlive the
 *  reader; NULL: plain files can be read, encrypted ones listed. */
int reader_open(const char *dir, const struct archive_key *key, struct reader **ret_reader);
/** The same for the recording of a session in a store. No symbolic link is followed below the
 *  store. -EINVAL when `session_id` is not a UUID. */
int reader_open_session(const char *store_dir, const char *session_id,
			const struct archive_key *key, struct reader **ret_reader);
/** The same for a directory that is open; it is duplicated. */
int reader_open_at(int dir_fd, const struct archive_key *key, struct reader **ret_reader);
/** A data key that need not be opened: the recorder's own. Before any file is opened. */
void reader_add_data_key(struct reader *reader, unsigned number, struct data_key *key);
/** Whose recording this must be, where the opener did not know: encrypted files of another session
 *  are -EBADMSG from now on. Before any file is opened. */
void reader_expect_session(struct reader *reader, const char *session_id);
/** Files must be closed. NULL is fine. */
void reader_close(struct reader *reader);

/** One name in the directory, whoever put it there. */
struct reader_entry {
	char *name;	 /**< as chain entries call it: "seg-00001.mp4" */
	char *disk_name; /**< as it lies on the disk: "seg-00001.mp4.enc.part" */
	bool growing;	 /**< belongs to a segment that is still open */
	bool encrypted;
};
/** All names, sorted by name; of two with the same name the one that reader_file_open takes comes
 *  first. Struct reader_entry, owned by the array. Returns 0 or -errno. */
int reader_list(const struct reader *reader, GPtrArray **ret_entries);

struct reader_file;

/** Opens a file by the name chain entries use. -ENOENT; -EINVAL: not a name of one file here,
 *  or not a regular file. */
int reader_file_open(const struct reader *reader, const char *name, struct reader_file **ret_file);
/** Sealed keystrokes ("seg-00001.keys") as their plain bytes, for a reader whose key opens the data
 *  keys for them ("keys-001.cms"). For everybody else, reader_file_open gives their bytes on the
 *  disk. Errors as reader_file_open. */
int reader_keystrokes_open(const struct reader *reader, const char *name,
			   struct reader_file **ret_file);
/** NULL is fine. */
void reader_file_close(struct reader_file *file);

/** Was of a segment that was still open when the file was opened. */
bool reader_file_growing(const struct reader_file *file);
bool reader_file_encrypted(const struct reader_file *file);
/** Number of its data key; 0: plain, or nothing is written yet. */
unsigned reader_file_key_number(struct reader_file *file);
/** Plain bytes there are now; a growing file has more at the next call. Of an encrypted file this
 *  is its own word until the bytes are read. -EBADMSG: says it is encrypted and is not, or
 *  is of another session. */
int reader_file_size(struct reader_file *file, uint64_t *ret_bytes);
/** Bytes on the disk behind the last that mean something: of an append cut short by a crash, or
 *  foreign. Always 0 for a plain file. Errors as reader_file_size. */
int reader_file_torn_bytes(struct reader_file *file, uint64_t *ret_bytes);
/** Bytes on the disk that hold the first `bytes` plain ones. -EINVAL when it cannot be cut there:
 *  in the middle of a record, or it is shorter. */
int reader_file_disk_bytes(struct reader_file *file, uint64_t bytes, uint64_t *ret_disk_bytes);
/** Plain bytes from `offset`: as many as there are, up to `length`; 0 at the end. -errno when not
 *  one of them can be read: -ENOKEY: no key opens it; -EBADMSG: these bytes are not the ones
 *  that were written there. */
ssize_t reader_file_pread(struct reader_file *file, void *buffer, size_t length, uint64_t offset);

/** A whole file with a NUL behind it. -EFBIG above max_bytes. g_free *ret_bytes. */
int reader_read(const struct reader *reader, const char *name, size_t max_bytes,
		uint8_t **ret_bytes, size_t *ret_length);
