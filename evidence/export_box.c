/* The box behind the video: manifest, its signature, and every file that proves the
 * video, in an archive. */
#include "evidence/export_internal.h"

#include "evidence/layout.h"
#include "evidence/tar_write.h"
#include "recorder/chain/cms.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COPY_BYTES (256u << 10)

/* What is in memory comes first, then the files of the segments, which the plan has listed. */
static void list_texts(struct exporter *e)
{
	g_autoptr(GArray) of_segments = e->manifest.files;

	e->manifest.files = g_array_new(FALSE, TRUE, sizeof(struct chain_file));
	for (unsigned i = 0; i < e->texts->len; i++) {
		const struct archive_text *text = &g_array_index(e->texts, struct archive_text, i);
		struct chain_file file = {0};
		gsize length;
		const void *bytes = g_bytes_get_data(text->bytes, &length);
		g_strlcpy(file.name, text->name, sizeof file.name);
		file.bytes = length;
		digest_hex_of(bytes, length, file.sha256);
		manifest_add_file(&e->manifest, &file);
	}
	if (of_segments->len > 0)
		g_array_append_vals(e->manifest.files, of_segments->data, of_segments->len);
}

/* The signed manifest. */
struct signed_manifest {
	char *json;
	GBytes *signature;
	GBytes *stamp; /**< over the signature; NULL: none */
};

static bool make_head(struct exporter *e, struct signed_manifest *head, GError **error)
{
	head->json = manifest_to_json(&e->manifest);
	if (head->json == NULL) {
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_IO,
			    "the purpose or a name is not UTF-8");
		return false;
	}
	head->signature = cms_sign(e->order->key, head->json, strlen(head->json), error);
	if (head->signature == NULL)
		return false;
	if (e->order->stamp != NULL) {
		g_autofree char *sha256 =
			g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, head->signature);
		head->stamp = e->order->stamp(sha256, e->order->stamp_user);
	}
	return true;
}

static bool measure(const struct exporter *e, const struct signed_manifest *head,
		    uint32_t *ret_bytes, GError **error)
{
	uint64_t sum = EVIDENCE_BOX_HEADER_BYTES + TAR_WRITE_END_BYTES + EVIDENCE_FOOTER_BYTES +
		       tar_write_size(strlen(head->json)) +
		       tar_write_size(g_bytes_get_size(head->signature)) +
		       (head->stamp != NULL ? tar_write_size(g_bytes_get_size(head->stamp)) : 0);

	for (unsigned i = 0; i < e->manifest.files->len; i++)
		sum += tar_write_size(g_array_index(e->manifest.files, struct chain_file, i).bytes);
	*ret_bytes = (uint32_t)sum;
	if (sum <= EVIDENCE_BOX_MAX_BYTES)
		return true;
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_TOO_LARGE,
		    "the timelines of this span take %.1f GB, a file can hold 4: export shorter "
		    "spans, or leave the timelines out",
		    (double)sum / 1e9);
	return false;
}

/* A file of the recording into the archive; what went in is compared with what was signed. */
static bool copy_file(struct exporter *e, struct tar_write *tar, const struct chain_file *said,
		      GError **error)
{
	struct reader_file *file = exporter_open(e, said->name, error);
	g_autofree uint8_t *buffer = g_malloc(COPY_BYTES);
	struct digest *digest = digest_create();
	char hex[DIGEST_HEX_BYTES];
	uint64_t have = 0;
	ssize_t n = 0;

	int code = file != NULL ? tar_write_begin(tar, said->name, said->bytes) : 0;
	while (file != NULL && code == 0 && have < said->bytes &&
	       (n = reader_file_pread(file, buffer,
				      (size_t)MIN(said->bytes - have, (uint64_t)COPY_BYTES),
				      have)) > 0) {
		digest_add(digest, buffer, (size_t)n);
		code = tar_write_add(tar, buffer, (size_t)n);
		have += (uint64_t)n;
	}
	digest_hex(digest, hex);
	digest_destroy(digest);
	reader_file_close(file);
	if (file == NULL)
		return false;
	if (code < 0 || n < 0)
		return exporter_failed(code < 0 ? code : (int)n, "copy", said->name, error);
	if (have == said->bytes && strcmp(hex, said->sha256) == 0)
		return exporter_advance(e, 0, error);
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
		    "the recording is not what was signed: %s was changed or cut", said->name);
	return false;
}

static int write_bytes(struct tar_write *tar, const char *name, GBytes *bytes)
{
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);

	return tar_write_file(tar, name, data, length);
}

static bool write_texts(struct exporter *e, struct tar_write *tar,
			const struct signed_manifest *head, GError **error)
{
	int code = tar_write_file(tar, EVIDENCE_MANIFEST, head->json, strlen(head->json));

	if (code == 0)
		code = write_bytes(tar, EVIDENCE_SIGNATURE, head->signature);
	if (code == 0 && head->stamp != NULL)
		code = write_bytes(tar, EVIDENCE_STAMP, head->stamp);
	for (unsigned i = 0; code == 0 && i < e->texts->len; i++) {
		const struct archive_text *text = &g_array_index(e->texts, struct archive_text, i);
		code = write_bytes(tar, text->name, text->bytes);
	}
	return code == 0 || exporter_failed(code, "write", e->order->target, error);
}

static bool write_archive(struct exporter *e, const struct signed_manifest *head, GError **error)
{
	g_autoptr(GDateTime) created = g_date_time_new_from_iso8601(e->manifest.created, NULL);
	struct tar_write *tar = tar_write_create(e->fd, (uint64_t)g_date_time_to_unix(created));

	if (tar == NULL)
		return exporter_failed(ENOMEM, "write", e->order->target, error);
	bool ok = write_texts(e, tar, head, error);
	for (unsigned i = e->texts->len; ok && i < e->manifest.files->len; i++)
		ok = copy_file(e, tar, &g_array_index(e->manifest.files, struct chain_file, i),
			       error);
	int code = ok ? tar_write_end(tar) : 0;
	tar_write_destroy(tar);
	return code < 0 ? exporter_failed(code, "write", e->order->target, error) : ok;
}

static bool write_frame(struct exporter *e, const uint8_t *bytes, size_t length, GError **error)
{
	errno = EIO; /* should it be a short write */
	return write(e->fd, bytes, length) == (ssize_t)length ||
	       exporter_failed(errno, "write", e->order->target, error);
}

/* How long the box is must be known before it is written; what was written is compared with it. */
static bool write_box(struct exporter *e, const struct signed_manifest *head, GError **error)
{
	uint8_t header[EVIDENCE_BOX_HEADER_BYTES], footer[EVIDENCE_FOOTER_BYTES];
	uint32_t box_bytes;

	if (!measure(e, head, &box_bytes, error))
		return false;
	layout_box_header(box_bytes, header);
	layout_footer(box_bytes, footer);
	if (lseek(e->fd, (off_t)e->manifest.video_bytes, SEEK_SET) < 0)
		return exporter_failed(errno, "write", e->order->target, error);
	if (!write_frame(e, header, sizeof header, error) || !write_archive(e, head, error) ||
	    !write_frame(e, footer, sizeof footer, error))
		return false;
	return lseek(e->fd, 0, SEEK_CUR) == (off_t)(e->manifest.video_bytes + box_bytes) ||
	       exporter_failed(EIO, "write", e->order->target, error);
}

bool export_box(struct exporter *e, struct evidence_made *ret, GError **error)
{
	struct signed_manifest head = {0};

	if (!export_attach(e, error))
		return false;
	list_texts(e);
	bool ok = make_head(e, &head, error) && write_box(e, &head, error);
	if (ok)
		digest_hex_of(head.json, strlen(head.json), ret->manifest_sha256);
	g_free(head.json);
	ret->stamped = head.stamp != NULL;
	g_clear_pointer(&head.signature, g_bytes_unref);
	g_clear_pointer(&head.stamp, g_bytes_unref);
	return ok;
}
