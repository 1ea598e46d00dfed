/* The order of an export: plan, lock, video, box, rename. What is written where is export_video.c's
 * and export_box.c's matter. */
#include "evidence/export_internal.h"

#include "base/clock.h"
#include "evidence/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_SUFFIX ".part"

char *evidence_part_path(const char *target)
{
	return g_strconcat(target, PART_SUFFIX, NULL);
}

bool exporter_failed(int code, const char *what, const char *name, GError **error)
{
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_IO, "cannot %s %s: %s", what, name,
		    g_strerror(code < 0 ? -code : code));
	return false;
}

bool exporter_advance(struct exporter *e, uint64_t bytes, GError **error)
{
	const struct evidence_order *order = e->order;

	e->done_bytes += bytes;
	if (order->progress == NULL ||
	    order->progress(MIN(e->done_bytes, e->total_bytes), e->total_bytes, order->user))
		return true;
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_CANCELLED, "the export was stopped");
	return false;
}

struct reader_file *exporter_open(struct exporter *e, const char *name, GError **error)
{
	struct reader_file *file = NULL;
	int code = reader_file_open(e->order->reader, name, &file);

	if (code == -ENOENT)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
			    "the recording is not whole: %s is missing", name);
	else if (code < 0)
		exporter_failed(code, "read", name, error);
	return file;
}

static void insert_text(struct exporter *e, unsigned at, const char *name, GBytes *bytes)
{
	struct archive_text text = {.bytes = bytes};

	g_strlcpy(text.name, name, sizeof text.name);
	g_array_insert_val(e->texts, at, text);
}

void exporter_add_text(struct exporter *e, const char *name, GBytes *bytes)
{
	insert_text(e, e->texts->len, name, bytes);
}

static void text_clear(void *pointer)
{
	struct archive_text *text = pointer;

	g_bytes_unref(text->bytes);
}

bool exporter_read_text(struct exporter *e, const char *name, size_t max_bytes, GError **error)
{
	uint8_t *bytes;
	size_t length;
	int code = reader_read(e->order->reader, name, max_bytes, &bytes, &length);

	if (code < 0)
		return exporter_failed(code, "read", name, error);
	if (strcmp(name, CHAIN_FILE) == 0)
		length = plan_whole_lines((const char *)bytes, length);
	exporter_add_text(e, name, g_bytes_new_take(bytes, length));
	return true;
}

/* Directories can be exchanged; what is in them says whose it is. */
static bool is_wanted(const struct exporter *e, GError **error)
{
	const char *wanted = e->order->session_id, *found = e->manifest.session;

	if (wanted == NULL || g_ascii_strcasecmp(wanted, found != NULL ? found : "") == 0)
		return true;
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
		    "what lies under the name of session %s is the recording of session %s", wanted,
		    found);
	return false;
}

static bool plan(struct exporter *e, GError **error)
{
	if (!exporter_read_text(e, CHAIN_FILE, CHAIN_MAX_BYTES, error) ||
	    !exporter_read_text(e, CHAIN_CERTIFICATE_FILE, CHAIN_CERTIFICATE_MAX_BYTES, error))
		return false;
	const struct archive_text *texts = (const struct archive_text *)(gpointer)e->texts->data;
	/* The reader puts a NUL behind what it reads. */
	const struct verify_chain_texts chain = {
		.chain = g_bytes_get_data(texts[0].bytes, NULL),
		.chain_bytes = g_bytes_get_size(texts[0].bytes),
		.certificate_pem = g_bytes_get_data(texts[1].bytes, NULL),
	};
	const struct evidence_order *order = e->order;
	/* A copy leaves out every file of the segments, each for its own reason. */
	const char *leave_out = order->derivation == NULL ? order->leave_out_timelines : NULL;
	return plan_make(&chain, order->asked, leave_out, &e->manifest, error) &&
	       is_wanted(e, error);
}

static void describe(struct exporter *e)
{
	struct manifest *m = &e->manifest;

	m->derived = e->order->derivation != NULL;
	m->created = clock_format_utc(clock_utc_us());
	m->created_by = g_strdup(e->order->created_by);
	m->node = g_strdup(e->order->node);
	m->purpose = g_strdup(e->order->purpose);
	char *readme = export_readme(m);
	insert_text(e, 0, EVIDENCE_README, g_bytes_new_take(readme, strlen(readme)));
}

static bool write_video(struct exporter *e, GError **error)
{
	return e->order->derivation != NULL ? export_derived(e, error) : export_video(e, error);
}

/* Two exports into one file would mix their bytes. */
static bool open_part(struct exporter *e, const char *path, GError **error)
{
	if (access(e->order->target, F_OK) == 0) {
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_TAKEN, "%s exists already",
			    e->order->target);
		return false;
	}
	e->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (e->fd < 0)
		return exporter_failed(errno, "write", path, error);
	if (flock(e->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_TAKEN, "another export is writing %s",
		    path);
	return false;
}

static bool sync_directory(const char *path)
{
	g_autofree char *directory = g_path_get_dirname(path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Never over a file that is there; NFS knows no RENAME_NOREPLACE, but links. */
static bool rename_new(const char *path, const char *target)
{
	if (renameat2(AT_FDCWD, path, AT_FDCWD, target, RENAME_NOREPLACE) == 0)
		return true;
	return errno == EINVAL && link(path, target) == 0 && unlink(path) == 0;
}

static bool publish(struct exporter *e, const char *path, GError **error)
{
	const char *target = e->order->target;

	if (fsync(e->fd) != 0)
		return exporter_failed(errno, "write", path, error);
	if (!rename_new(path, target))
		return exporter_failed(errno, "make", target, error);
	return sync_directory(target) || exporter_failed(errno, "write", target, error);
}

static void tell(const struct exporter *e, struct evidence_made *ret)
{
	struct stat st;

	ret->bytes = fstat(e->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	g_strlcpy(ret->video_sha256, e->manifest.video_sha256, sizeof ret->video_sha256);
	ret->span_start_us = e->manifest.span_start_us;
	ret->span_end_us = e->manifest.span_end_us;
	ret->whole = e->manifest.whole;
	ret->sealed = e->manifest.chain_sealed;
}

bool evidence_export(const struct evidence_order *order, struct evidence_made *ret, GError **error)
{
	struct exporter e = {.order = order, .fd = -1};
	g_autofree char *path = evidence_part_path(order->target);

	manifest_init(&e.manifest);
	e.texts = g_array_new(FALSE, TRUE, sizeof(struct archive_text));
	g_array_set_clear_func(e.texts, text_clear);
	*ret = (struct evidence_made){0};
	bool ok = plan(&e, error) && open_part(&e, path, error);
	if (ok) {
		describe(&e);
		ok = write_video(&e, error) && export_box(&e, ret, error) &&
		     publish(&e, path, error);
		/* Pictures are made anew each time: there is nothing to go on with. */
		if (!ok && order->derivation != NULL)
			unlink(path);
	}
	if (ok)
		tell(&e, ret);
	if (e.fd >= 0)
		close(e.fd);
	g_array_unref(e.texts);
	manifest_finish(&e.manifest);
	return ok;
}
