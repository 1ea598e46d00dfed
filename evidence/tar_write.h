/** Writes the archive of an evidence file: POSIX ustar, plain files only (docs/evidence-format.md).
 *  Errors are -errno. One thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tar_write;

/** `fd` is borrowed; bytes go to where it stands. `utc_s` is the time every entry gets.
 *  NULL: libarchive refuses. */
struct tar_write *tar_write_create(int fd, uint64_t utc_s);
/** NULL is fine. */
void tar_write_destroy(struct tar_write *tar);

/** Begins a file of `bytes` bytes. */
int tar_write_begin(struct tar_write *tar, const char *name, uint64_t bytes);
/** Bytes of the file begun last. */
int tar_write_add(struct tar_write *tar, const void *bytes, size_t length);
/** A file in one piece. */
int tar_write_file(struct tar_write *tar, const char *name, const void *bytes, size_t length);
/** Ends the archive. -EIO when a file did not get all its bytes. */
int tar_write_end(struct tar_write *tar);

/** What a file of `bytes` bytes takes in an archive, its header included. */
uint64_t tar_write_size(uint64_t bytes);
/** What the end of an archive takes. */
#define TAR_WRITE_END_BYTES 1024u
