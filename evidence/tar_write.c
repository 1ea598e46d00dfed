/* The archive through libarchive. It must not know what the files are. */
#include "evidence/tar_write.h"

#include "evidence/layout.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <glib.h>

struct tar_write {
	struct archive *archive;
	time_t utc_s;
	uint64_t missing_bytes; /**< of the file begun last */
};

static int failure(const struct tar_write *tar)
{
	int code = archive_errno(tar->archive);

	return code > 0 ? -code : -EIO;
}

struct tar_write *tar_write_create(int fd, uint64_t utc_s)
{
	struct tar_write *tar = g_new0(struct tar_write, 1);

	tar->utc_s = (time_t)utc_s;
	tar->archive = archive_write_new();
	/* Blocks of one file block, the last not filled up: nothing stands behind the two blocks
	 * that end the archive. */
	if (tar->archive != NULL && archive_write_set_format_ustar(tar->archive) == ARCHIVE_OK &&
	    archive_write_set_bytes_per_block(tar->archive, 128 * EVIDENCE_BLOCK_BYTES) ==
		    ARCHIVE_OK &&
	    archive_write_set_bytes_in_last_block(tar->archive, 1) == ARCHIVE_OK &&
	    archive_write_open_fd(tar->archive, fd) == ARCHIVE_OK)
		return tar;
	tar_write_destroy(tar);
	return NULL;
}

void tar_write_destroy(struct tar_write *tar)
{
	if (tar == NULL)
		return;
	archive_write_free(tar->archive);
	g_free(tar);
}

int tar_write_begin(struct tar_write *tar, const char *name, uint64_t bytes)
{
	struct archive_entry *entry = archive_entry_new();

	if (tar->missing_bytes > 0 || bytes > INT64_MAX) {
		archive_entry_free(entry);
		return -EIO;
	}
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0444);
	archive_entry_set_size(entry, (la_int64_t)bytes);
	archive_entry_set_mtime(entry, tar->utc_s, 0);
	int result = archive_write_header(tar->archive, entry) == ARCHIVE_OK ? 0 : failure(tar);
	archive_entry_free(entry);
	tar->missing_bytes = bytes;
	return result;
}

int tar_write_add(struct tar_write *tar, const void *bytes, size_t length)
{
	if (length > tar->missing_bytes)
		return -EIO;
	if (archive_write_data(tar->archive, bytes, length) != (la_ssize_t)length)
		return failure(tar);
	tar->missing_bytes -= length;
	return 0;
}

int tar_write_file(struct tar_write *tar, const char *name, const void *bytes, size_t length)
{
	int result = tar_write_begin(tar, name, length);

	return result < 0 ? result : tar_write_add(tar, bytes, length);
}

int tar_write_end(struct tar_write *tar)
{
	if (tar->missing_bytes > 0)
		return -EIO;
	return archive_write_close(tar->archive) == ARCHIVE_OK ? 0 : failure(tar);
}

uint64_t tar_write_size(uint64_t bytes)
{
	uint64_t blocks = bytes / EVIDENCE_BLOCK_BYTES + (bytes % EVIDENCE_BLOCK_BYTES != 0);

	return EVIDENCE_BLOCK_BYTES * (1 + blocks);
}
