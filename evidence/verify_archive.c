/* The box at the end of an evidence file and the archive in it. It must not know what the entries
 * prove. */
#include "evidence/verify_internal.h"

#include "evidence/layout.h"
#include "evidence/tar_read.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)
/* What is kept of one entry: the chain of a session of days has some megabytes. */
#define KEEP_MAX_BYTES (256u << 20)

static int read_at(int fd, void *buffer, size_t length, uint64_t offset)
{
	ssize_t n;

	do
		n = pread(fd, buffer, length, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

int judge_find_box(struct judge *j)
{
	uint8_t footer[EVIDENCE_FOOTER_BYTES], header[EVIDENCE_BOX_HEADER_BYTES];
	int result = 0;

	if (j->file_bytes >= sizeof footer)
		result = read_at(j->fd, footer, sizeof footer, j->file_bytes - sizeof footer);
	if (result < 0)
		return result;
	if (j->file_bytes < sizeof footer || !layout_read_footer(footer, &j->box_bytes)) {
		JUDGE_BROKEN(j, "the file does not end as evidence does: its end was cut off or "
				"changed, or it is another file");
		return 0;
	}
	if (j->box_bytes <= j->file_bytes)
		result = read_at(j->fd, header, sizeof header, j->file_bytes - j->box_bytes);
	if (result < 0)
		return result;
	if (j->box_bytes > j->file_bytes || !layout_is_box_header(header, j->box_bytes)) {
		JUDGE_BROKEN(j, "the box that its footer speaks of does not lie in the file");
		return 0;
	}
	j->video_bytes = j->file_bytes - j->box_bytes;
	return 1;
}

static bool is_kept(const char *name)
{
	return g_str_has_prefix(name, "manifest.") || g_str_has_prefix(name, "ts-") ||
	       g_str_has_prefix(name, "log-") || strcmp(name, CHAIN_FILE) == 0 ||
	       strcmp(name, CHAIN_CERTIFICATE_FILE) == 0;
}

static void archived_free(void *pointer)
{
	struct archived *archived = pointer;

	g_clear_pointer(&archived->content, g_bytes_unref);
	g_free(archived);
}

/* Hashes an entry, and keeps it when it is to be judged. */
static int take_entry(struct tar_read *tar, const struct tar_entry *entry, struct archived *ret)
{
	g_autofree uint8_t *buffer = g_malloc(READ_BYTES);
	struct digest *digest = digest_create();
	GByteArray *kept = is_kept(entry->name) ? g_byte_array_new() : NULL;
	ssize_t n;

	while ((n = tar_read_data(tar, buffer, READ_BYTES)) > 0) {
		digest_add(digest, buffer, (size_t)n);
		if (kept != NULL && kept->len + (size_t)n <= KEEP_MAX_BYTES)
			g_byte_array_append(kept, buffer, (guint)n);
	}
	ret->file.bytes = digest_bytes(digest);
	digest_hex(digest, ret->file.sha256);
	digest_destroy(digest);
	if (kept != NULL && kept->len == ret->file.bytes) {
		g_byte_array_append(kept, (const guint8 *)"", 1); /* texts end with a NUL */
		kept->len--;
		ret->content = g_byte_array_free_to_bytes(kept);
	} else if (kept != NULL) {
		g_byte_array_unref(kept);
	}
	return n < 0 ? (int)n : 0;
}

static int read_entry(struct judge *j, struct tar_read *tar, const struct tar_entry *entry)
{
	static const char *const first[] = {EVIDENCE_MANIFEST, EVIDENCE_SIGNATURE};
	struct archived *archived = g_new0(struct archived, 1);
	guint place = g_hash_table_size(j->archive);

	if (place < G_N_ELEMENTS(first) && strcmp(entry->name, first[place]) != 0)
		JUDGE_BROKEN(j, "entry %u of the archive must be %s", place + 1, first[place]);
	int result = take_entry(tar, entry, archived);
	g_strlcpy(archived->file.name, entry->name, sizeof archived->file.name);
	if (result < 0) {
		archived_free(archived);
		return result;
	}
	if (g_hash_table_contains(j->archive, entry->name)) {
		JUDGE_BROKEN(j, "the archive has two entries of one name");
		archived_free(archived);
		return 0;
	}
	g_hash_table_insert(j->archive, g_strdup(entry->name), archived);
	return 0;
}

int judge_read_archive(struct judge *j)
{
	uint64_t bytes = j->box_bytes - EVIDENCE_BOX_HEADER_BYTES - EVIDENCE_FOOTER_BYTES;
	struct tar_read *tar =
		tar_read_create(j->fd, j->video_bytes + EVIDENCE_BOX_HEADER_BYTES, bytes);
	struct tar_entry entry;
	int result;

	j->archive = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, archived_free);
	while ((result = tar_read_next(tar, &entry)) > 0)
		if ((result = read_entry(j, tar, &entry)) < 0)
			break;
	tar_read_destroy(tar);
	if (result != -EPROTO)
		return result;
	JUDGE_BROKEN(j,
		     "the archive is not as it was written: entry %u or what lies behind it "
		     "was changed",
		     g_hash_table_size(j->archive) + 1);
	return 0;
}

const struct archived *judge_archived(const struct judge *j, const char *name)
{
	return g_hash_table_lookup(j->archive, name);
}
