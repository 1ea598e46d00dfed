/* The pictures of an evidence file: one pass that hashes parts and whole and follows the boxes. It
 * must not know the chain. */
#include "evidence/verify_internal.h"

#include "evidence/layout.h"
#include "evidence/twin_digest.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct pass {
	struct judge *judge;
	struct twin_digest *digest;
	struct box_walk boxes;
	uint64_t at;
};

/* Reads up to `end`; less when the file grew shorter meanwhile. */
static int read_up_to(struct pass *p, uint64_t end)
{
	while (p->at < end) {
		uint8_t *buffer = twin_digest_buffer(p->digest);
		size_t wanted = (size_t)MIN(end - p->at, (uint64_t)TWIN_DIGEST_BUFFER_BYTES);
		ssize_t n = pread(p->judge->fd, buffer, wanted, (off_t)p->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		twin_digest_add(p->digest, (size_t)n);
		box_walk_add(&p->boxes, buffer, (size_t)n);
		p->at += (uint64_t)n;
	}
	return 0;
}

static void blame(struct judge *j, const struct manifest_part *part)
{
	static const struct judged_segment unknown = {0};
	const struct judged_segment *segment = judge_segment_of(j, part->file.name);

	if (segment == NULL)
		segment = &unknown;
	JUDGE_BROKEN_AT(j, segment,
			"the pictures of %s, %" PRIu64 " bytes from byte %" PRIu64
			" of the file, are not what was signed",
			part->file.name, part->file.bytes, part->offset);
}

static int read_part(struct pass *p, const struct manifest_part *part)
{
	char hex[DIGEST_HEX_BYTES];
	uint64_t end = MIN(p->at + part->file.bytes, p->judge->video_bytes);
	bool in_place = part->offset == p->at;

	int result = read_up_to(p, end);
	if (result < 0)
		return result;
	twin_digest_end_part(p->digest, hex);
	if (in_place && strcmp(hex, part->file.sha256) == 0)
		p->judge->report->recording.n_bytes += part->file.bytes;
	else
		blame(p->judge, part);
	return 0;
}

static int read_video(struct pass *p)
{
	const struct manifest *m = &p->judge->report->manifest;
	int result = 0;

	for (unsigned i = 0; i < m->parts->len && result == 0; i++)
		result = read_part(p, &g_array_index(m->parts, struct manifest_part, i));
	return result < 0 ? result : read_up_to(p, p->judge->video_bytes);
}

static void judge_whole(struct pass *p)
{
	const struct manifest *m = &p->judge->report->manifest;
	char hex[DIGEST_HEX_BYTES];

	twin_digest_end(p->digest, hex);
	if (p->judge->video_bytes != m->video_bytes)
		JUDGE_BROKEN(p->judge,
			     "the video has %" PRIu64 " bytes, signed were %" PRIu64
			     ": pictures were removed or added",
			     p->judge->video_bytes, m->video_bytes);
	else if (strcmp(hex, m->video_sha256) != 0)
		JUDGE_BROKEN(p->judge, "the video as a whole is not what was signed");
	if (!box_walk_is_whole(&p->boxes))
		JUDGE_BROKEN(p->judge, "the boxes of the video do not fill it");
	if (p->boxes.ours > 0)
		JUDGE_BROKEN(p->judge, "a second box of evidence lies in the video");
	if (m->derived && p->judge->video_bytes == m->video_bytes)
		p->judge->report->recording.n_bytes += m->video_bytes;
}

int judge_video(struct judge *j)
{
	struct pass pass = {.judge = j, .digest = twin_digest_create()};

	int result = read_video(&pass);
	if (result == 0)
		judge_whole(&pass);
	twin_digest_destroy(pass.digest);
	return result;
}
