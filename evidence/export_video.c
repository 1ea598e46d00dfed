/* The recorded bytes, copied and hashed on the way. It must not know what comes behind them. */
#include "evidence/export_internal.h"

#include "evidence/twin_digest.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct manifest_part *part_at(const struct exporter *e, unsigned i)
{
	return &g_array_index(e->manifest.parts, struct manifest_part, i);
}

bool exporter_write(struct exporter *e, const void *bytes, size_t length, uint64_t offset,
		    GError **error)
{
	const uint8_t *at = bytes;

	while (length > 0) {
		ssize_t n = pwrite(e->fd, at, length, (off_t)offset);
		if (n < 0 && errno != EINTR)
			return exporter_failed(errno, "write", e->order->target, error);
		if (n > 0) {
			at += n;
			length -= (size_t)n;
			offset += (uint64_t)n;
		}
	}
	return true;
}

bool exporter_is_as_signed(const struct manifest_part *part, uint64_t bytes, const char *sha256,
			   GError **error)
{
	if (bytes == part->file.bytes && strcmp(sha256, part->file.sha256) == 0)
		return true;
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
		    "the recording is not what was signed: %s was changed or cut", part->file.name);
	return false;
}

static bool copy_part(struct exporter *e, struct twin_digest *digest,
		      const struct manifest_part *part, GError **error)
{
	struct reader_file *file = exporter_open(e, part->file.name, error);
	char hex[DIGEST_HEX_BYTES];
	uint64_t have = 0;
	bool ok = file != NULL;

	while (ok && have < part->file.bytes) {
		uint8_t *buffer = twin_digest_buffer(digest);
		size_t wanted =
			(size_t)MIN(part->file.bytes - have, (uint64_t)TWIN_DIGEST_BUFFER_BYTES);
		ssize_t n = reader_file_pread(file, buffer, wanted, have);
		if (n == 0)
			break;
		if (n < 0)
			ok = exporter_failed((int)n, "read", part->file.name, error);
		else {
			ok = exporter_write(e, buffer, (size_t)n, part->offset + have, error);
			twin_digest_add(digest, (size_t)n);
			have += (uint64_t)n;
			ok = ok && exporter_advance(e, (uint64_t)n, error);
		}
	}
	reader_file_close(file);
	if (!ok)
		return false;
	twin_digest_end_part(digest, hex);
	return exporter_is_as_signed(part, have, hex, error);
}

/* Hashes a part that an earlier try wrote. Returns 1 when it is right, 0 when it is
 * not, -1 and an error. */
static int check_part(struct exporter *e, struct twin_digest *digest,
		      const struct manifest_part *part, GError **error)
{
	char hex[DIGEST_HEX_BYTES];

	for (uint64_t have = 0; have < part->file.bytes;) {
		size_t wanted =
			(size_t)MIN(part->file.bytes - have, (uint64_t)TWIN_DIGEST_BUFFER_BYTES);
		ssize_t n = pread(e->fd, twin_digest_buffer(digest), wanted,
				  (off_t)(part->offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			exporter_failed(errno, "read", e->order->target, error);
			return -1;
		}
		if (n == 0)
			return 0;
		twin_digest_add(digest, (size_t)n);
		have += (uint64_t)n;
		if (!exporter_advance(e, (uint64_t)n, error))
			return -1;
	}
	twin_digest_end_part(digest, hex);
	return strcmp(hex, part->file.sha256) == 0;
}

/* How many parts lie wholly within the first `bytes` bytes. */
static unsigned parts_within(const struct exporter *e, uint64_t bytes)
{
	unsigned n = 0;

	while (n < e->manifest.parts->len &&
	       part_at(e, n)->offset + part_at(e, n)->file.bytes <= bytes)
		n++;
	return n;
}

/* Keeps what an earlier try wrote as far as it is right, cuts away the rest. Returns the parts
 * kept, hashed into *digest; -1 and an error. */
static int resume(struct exporter *e, struct twin_digest **digest, GError **error)
{
	struct stat st;

	if (fstat(e->fd, &st) != 0) {
		exporter_failed(errno, "read", e->order->target, error);
		return -1;
	}
	unsigned n_kept = parts_within(e, (uint64_t)st.st_size);
	for (unsigned i = 0; i < n_kept; i++) {
		int result = check_part(e, *digest, part_at(e, i), error);
		if (result < 0)
			return -1;
		/* the hash of the whole has seen wrong bytes: begin anew, with fewer parts */
		if (result == 0) {
			n_kept = i;
			i = UINT_MAX;
			e->done_bytes = 0;
			twin_digest_destroy(*digest);
			*digest = twin_digest_create();
		}
	}
	uint64_t end = n_kept > 0
			       ? part_at(e, n_kept - 1)->offset + part_at(e, n_kept - 1)->file.bytes
			       : 0;
	if (ftruncate(e->fd, (off_t)end) == 0)
		return (int)n_kept;
	exporter_failed(errno, "write", e->order->target, error);
	return -1;
}

bool export_video(struct exporter *e, GError **error)
{
	struct twin_digest *digest = twin_digest_create();

	e->total_bytes = e->manifest.video_bytes;
	int kept = resume(e, &digest, error);
	bool ok = kept >= 0;
	for (unsigned i = ok ? (unsigned)kept : 0; ok && i < e->manifest.parts->len; i++)
		ok = copy_part(e, digest, part_at(e, i), error);
	if (ok)
		twin_digest_end(digest, e->manifest.video_sha256);
	twin_digest_destroy(digest);
	return ok;
}
