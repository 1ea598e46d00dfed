/* Timelines out of the archive of an evidence file, or out of a recording's directory.
 * It must not judge them. */
#include "evidence/timeline/timeline_fetch.h"

#include "evidence/layout.h"
#include "evidence/plan.h"
#include "evidence/tar_read.h"
#include "recorder/lines/line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct timeline_fetch {
	const struct reader *reader; /**< NULL: out of an evidence file */
	int fd;			     /**< of that; -1 */
	struct tar_read *tar;
};

static struct timeline_fetch *failed(const char *path, int code, GError **error)
{
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_IO, "cannot read %s: %s", path,
		    g_strerror(code));
	return NULL;
}

/* The archive begins behind the box's header. The file was verified; that it is still the same
 * shows when the bytes are compared. */
static struct tar_read *open_archive(int fd)
{
	uint8_t footer[EVIDENCE_FOOTER_BYTES];
	uint32_t box_bytes;
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof footer ||
	    pread(fd, footer, sizeof footer, st.st_size - (off_t)sizeof footer) !=
		    (ssize_t)sizeof footer ||
	    !layout_read_footer(footer, &box_bytes) || box_bytes > st.st_size ||
	    box_bytes < EVIDENCE_BOX_HEADER_BYTES + sizeof footer)
		return NULL;
	return tar_read_create(fd, (uint64_t)st.st_size - box_bytes + EVIDENCE_BOX_HEADER_BYTES,
			       box_bytes - EVIDENCE_BOX_HEADER_BYTES - sizeof footer);
}

struct timeline_fetch *timeline_fetch_file(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return failed(path, errno, error);
	struct tar_read *tar = open_archive(fd);
	if (tar == NULL) {
		close(fd);
		return failed(path, EBADMSG, error);
	}
	struct timeline_fetch *fetch = g_new0(struct timeline_fetch, 1);
	fetch->fd = fd;
	fetch->tar = tar;
	return fetch;
}

struct timeline_fetch *timeline_fetch_reader(const struct reader *reader)
{
	struct timeline_fetch *fetch = g_new0(struct timeline_fetch, 1);

	fetch->reader = reader;
	fetch->fd = -1;
	return fetch;
}

void timeline_fetch_destroy(struct timeline_fetch *fetch)
{
	if (fetch == NULL)
		return;
	g_clear_pointer(&fetch->tar, tar_read_destroy);
	if (fetch->fd >= 0)
		close(fetch->fd);
	g_free(fetch);
}

static int find_entry(struct tar_read *tar, const char *name)
{
	struct tar_entry entry;
	int result;

	while ((result = tar_read_next(tar, &entry)) > 0)
		if (strcmp(entry.name, name) == 0)
			return 0;
	return result < 0 ? result : -ENOENT;
}

static int read_entry(struct timeline_fetch *fetch, const struct chain_file *file, GBytes **ret)
{
	int code = find_entry(fetch->tar, file->name);
	g_autofree uint8_t *bytes = code == 0 ? g_malloc(MAX(file->bytes, UINT64_C(1))) : NULL;
	size_t have = 0;
	ssize_t n = 0;

	while (code == 0 && have < file->bytes &&
	       (n = tar_read_data(fetch->tar, bytes + have, (size_t)file->bytes - have)) > 0)
		have += (size_t)n;
	if (code == 0 && n < 0)
		code = (int)n;
	if (code == 0)
		*ret = g_bytes_new_take(g_steal_pointer(&bytes), have);
	return code;
}

/* What the chain does not speak of (the tail that a power cut left) is not read. */
static int read_recorded(struct timeline_fetch *fetch, const struct chain_file *file, GBytes **ret)
{
	struct reader_file *recorded = NULL;
	int code = reader_file_open(fetch->reader, file->name, &recorded);
	g_autofree uint8_t *bytes = code == 0 ? g_malloc(MAX(file->bytes, UINT64_C(1))) : NULL;
	size_t have = 0;
	ssize_t n = 0;

	while (code == 0 && have < file->bytes &&
	       (n = reader_file_pread(recorded, bytes + have, (size_t)file->bytes - have, have)) >
		       0)
		have += (size_t)n;
	reader_file_close(recorded);
	if (code == 0 && n < 0)
		code = (int)n;
	if (code == 0)
		*ret = g_bytes_new_take(g_steal_pointer(&bytes), have);
	return code;
}

GBytes *timeline_fetch_next(struct timeline_fetch *fetch, const struct chain_file *file,
			    GError **error)
{
	GBytes *bytes = NULL;
	int code = -EFBIG;

	if (file->bytes <= LINES_MAX_BYTES)
		code = fetch->reader != NULL ? read_recorded(fetch, file, &bytes)
					     : read_entry(fetch, file, &bytes);
	if (code < 0)
		g_set_error(error, EVIDENCE_ERROR,
			    code == -ENOENT ? EVIDENCE_ERROR_DAMAGED : EVIDENCE_ERROR_IO,
			    "cannot read %s: %s", file->name, g_strerror(-code));
	return bytes;
}
