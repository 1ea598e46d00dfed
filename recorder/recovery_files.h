/** The files of an interrupted recording, as they are found after a crash. Private to
 *  recorder/recovery*.c. All functions: 0 or -errno. */
#pragma once

#include "recorder/reader/reader.h"
#include "recorder/recovery_chain.h"

/** What the files of an interrupted recording are read and repaired with. */
struct recovery_files {
	struct store_recording *store;
	struct reader *reader; /**< has the data keys that are still known */
	const struct recovered_chain *chain;
	/** the recorder that died encrypted, as does this one: what lies plain is not its own */
	bool encrypted;
};

/** One of them, read whole. */
struct recovery_file {
	char name[32];
	struct reader_file *file; /**< NULL: there is none */
	uint8_t *bytes;		  /**< NULL: cannot be read */
	uint64_t length;	  /**< plain */
	bool locked;		  /**< its key is lost */
};

/** Opens the reader and gives it what `keys` still knows of the recording's data keys. */
int recovery_files_open(struct recovery_files *files, struct store_recording *store,
			const struct recovered_chain *chain, const struct segment_key_places *keys);
void recovery_files_close(struct recovery_files *files);

/** Reads the plain file `name`, 2 GiB at most (else -EFBIG). One that is not there, or whose key is
 *  lost, is no error: see the struct. Clear `*ret` afterwards. */
int recovery_file_find(const struct recovery_files *files, const char *name,
		       struct recovery_file *ret);
/** Also one that was never found. */
void recovery_file_clear(struct recovery_file *found);
/** Removes it from the store. */
int recovery_file_discard(const struct recovery_files *files, const struct recovery_file *found);
/** Lists `file` in the segment and leaves as many plain bytes of `found` on the disk as it says. */
int recovery_file_keep_as(const struct recovery_files *files, const struct recovery_file *found,
			  const struct chain_file *file, struct chain_segment *segment);
/** Keeps and lists the first `keep` bytes under the final name, or removes the file when that is
 *  none. One that is not there is no error. */
int recovery_file_keep(const struct recovery_files *files, const struct recovery_file *found,
		       size_t keep, struct chain_segment *segment);
