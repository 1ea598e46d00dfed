/** Reads the archive of an evidence file the strict way docs/evidence-format.md asks for, so that
 *  no bit in it can change unseen. libarchive takes more than that, and so does tar: headers are
 *  judged here. Bytes come from a stranger. One thread. */
#pragma once

#include "recorder/chain/digest.h"

#include <stdbool.h>
#include <sys/types.h>

struct tar_entry {
	char name[101];
	uint64_t bytes;
};

struct tar_read;

/** The archive lies in `fd` (borrowed) from `offset`, `bytes` long. Never NULL. */
struct tar_read *tar_read_create(int fd, uint64_t offset, uint64_t bytes);
void tar_read_destroy(struct tar_read *tar);

/** The next entry. Returns 1; 0 at a proper end of the archive; -EPROTO: not as the format says;
 *  another -errno: reading failed. What is left of the entry before is skipped, but
 *  its padding is judged. */
int tar_read_next(struct tar_read *tar, struct tar_entry *ret);
/** Bytes of the entry, up to `length`; 0 at its end; -errno. */
ssize_t tar_read_data(struct tar_read *tar, void *buffer, size_t length);
