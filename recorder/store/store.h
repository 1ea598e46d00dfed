/** Where recordings lie: a directory per recording, files that only grow, names that say
 *  whether a file is finished.
 *
 *  An open file is called `<name>.part`; sealing syncs it and renames it to `<name>`. Appends reach
 *  the kernel at once and the disk within about a second: one thread of the store syncs everything
 *  that was written, so that encoding never waits for a disk.
 *
 *  Functions of one recording are called by one thread at a time; the store itself may be used from
 *  any. Errors are -errno. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/** Keeps a second recorder off the store until *ret_fd is closed, by the end of the program if
 *  nothing else: each would take the other's running recordings for what a killed one left.
 *  -EBUSY: there is one already. A directory that cannot take the lock's file is said in the log
 *  and not locked: *ret_fd -1. */
int store_lock(const char *dir, int *ret_fd);

/** Opens (and makes, 0750) the directory and starts the sync thread. Returns 0 or -errno. */
int store_open(const char *dir, struct store **ret_store);
/** All recordings must be closed. Syncs what is left. */
void store_close(struct store *store);

/** Bytes an unprivileged writer could still put there; where inodes are short, what so
 *  many files would hold. */
int store_free_bytes(const struct store *store, uint64_t *ret_bytes);

/** Names of all recordings (directories named like a UUID in small letters), as char *.
 *  All of them, or -errno. */
int store_list(const struct store *store, GPtrArray **ret_names);

struct store_recording;

/** -EEXIST when there is one already; -EINVAL when `session_id` is not a UUID in small letters. */
int store_recording_create(struct store *store, const char *session_id,
			   struct store_recording **ret_recording);
int store_recording_open(struct store *store, const char *session_id,
			 struct store_recording **ret_recording);
/** Files must be closed or given to store_seal_files. */
void store_recording_close(struct store_recording *recording);

/** The directory's descriptor, borrowed: for reading. */
int store_recording_dir(const struct store_recording *recording);

/** Reads a whole file, `<name>` or else `<name>.part`. -ENOENT; -EFBIG above max_bytes; -EINVAL: no
 *  plain file. g_free *ret_bytes. */
int store_recording_read(struct store_recording *recording, const char *name, size_t max_bytes,
			 uint8_t **ret_bytes, size_t *ret_length, bool *ret_part);
/** Names of everything in the directory, as char *, sorted. All of them, or -errno. */
int store_recording_names(struct store_recording *recording, GPtrArray **ret_names);
/** Renames `<name>.part` to `<name>` after a crash, cut to `bytes` first and synced. */
int store_recording_repair(struct store_recording *recording, const char *name, bool part,
			   uint64_t bytes);
/** Writes a new file whole; it lies on the disk under its name when this returns 0. -EEXIST;
 *  another -errno: there is nothing of it, or `<name>.part`. */
int store_recording_put(struct store_recording *recording, const char *name, const void *bytes,
			size_t length);
/** Removes `<name>.part` (`part`) or `<name>`, which held nothing that could be kept. */
int store_recording_discard(struct store_recording *recording, const char *name, bool part);
/** Waits until what was renamed and removed is so on the disk. */
int store_recording_sync(struct store_recording *recording);

struct store_file;

enum store_file_kind {
	STORE_PART,  /**< `<name>.part` until sealed */
	STORE_FINAL, /**< `<name>` from the start: the chain */
};

/** A new file; -EEXIST when the name is taken. */
int store_file_create(struct store_recording *recording, const char *name,
		      enum store_file_kind kind, struct store_file **ret_file);
/** Goes on with `<name>`, cut to `bytes` (recovery of the chain). */
int store_file_reopen(struct store_recording *recording, const char *name, uint64_t bytes,
		      struct store_file **ret_file);

/** Appends everything or nothing: after -ENOSPC, -EIO or -EDQUOT the file is as before. An error
 *  met by the sync thread is returned by the next append. */
int store_file_append(struct store_file *file, const void *bytes, size_t length);
/** Has what was appended on the disk before it returns. Waits for the disk: never where pictures
 *  are waited for. Returns 0 or -errno. */
int store_file_sync(struct store_file *file);
uint64_t store_file_bytes(const struct store_file *file);
/** Syncs and closes without sealing (the file keeps the name it has). 0, or the -errno of a sync:
 *  then nobody knows what of it lies on the disk. NULL is fine. */
int store_file_close(struct store_file *file);

/** Called on the store's thread. `result` 0 or the first -errno. */
typedef void (*store_sealed_fn)(void *user, int result);

/** Syncs what was appended to `n_files` files so far, and the names of those that are new, on the
 *  store's thread, in the order of the calls. They stay the caller's, and may be closed or sealed
 *  before `synced` was called; the recording must stay open until then. NULL files are skipped. */
void store_sync_files(struct store_recording *recording, struct store_file *const *files,
		      unsigned n_files, store_sealed_fn synced, void *user);

/** Syncs and renames `n_files` files, then the directory, on the store's thread, in the order of
 *  the calls. Takes the files (the pointers, not the array); the recording must stay open until
 *  `sealed` was called. NULL files are skipped. */
void store_seal_files(struct store_recording *recording, struct store_file *const *files,
		      unsigned n_files, store_sealed_fn sealed, void *user);
