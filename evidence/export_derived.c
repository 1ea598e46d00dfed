/* A derived copy: the recorded files are read and compared with the chain, what somebody makes of
 * them is written in their place. It must not know how pictures are changed. */
#include "evidence/export_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PICTURES_REASON "a derived copy: the pictures were made anew"
#define OTHERS_REASON "a derived copy: what was covered must not show through"

struct derived_source {
	struct exporter *exporter;
	struct digest *whole, *part; /**< part: of the open one */
	struct reader_file *file;
	const struct manifest_part *open; /**< NULL: none */
	unsigned next;
	uint64_t have; /**< bytes of the open part */
};

struct derived_sink {
	struct exporter *exporter;
	struct digest *digest;
};

bool derived_source_failed(const struct derived_source *s, int code, GError **error)
{
	const char *name = s->open->file.name;

	if (code == -ECANCELED)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_CANCELLED,
			    "the export was stopped");
	else if (code == -EBADMSG)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
			    "the pictures of %s do not play", name);
	else
		exporter_failed(code, "read", name, error);
	return false;
}

/* What a decoder had no use for was signed, too. */
static bool read_rest(struct derived_source *s, GError **error)
{
	uint8_t rest[4096];
	ssize_t n;

	while ((n = derived_source_read(s, rest, sizeof rest)) > 0)
		;
	return n == 0 || derived_source_failed(s, (int)n, error);
}

static bool close_part(struct derived_source *s, GError **error)
{
	char hex[DIGEST_HEX_BYTES];

	if (s->open == NULL)
		return true;
	bool ok = read_rest(s, error);
	digest_hex(s->part, hex);
	ok = ok && exporter_is_as_signed(s->open, s->have, hex, error);
	g_clear_pointer(&s->file, reader_file_close);
	g_clear_pointer(&s->part, digest_destroy);
	s->open = NULL;
	return ok;
}

bool derived_source_next(struct derived_source *s, const struct manifest_part **ret, GError **error)
{
	const GArray *parts = s->exporter->manifest.parts;
	const struct manifest_part *part = NULL;

	*ret = NULL;
	if (!close_part(s, error))
		return false;
	while (s->next < parts->len && (part == NULL || part->file.bytes == 0))
		part = &g_array_index(parts, struct manifest_part, s->next++);
	if (part == NULL || part->file.bytes == 0)
		return true;
	s->file = exporter_open(s->exporter, part->file.name, error);
	if (s->file == NULL)
		return false;
	s->open = part;
	s->part = digest_create();
	s->have = 0;
	*ret = part;
	return true;
}

ssize_t derived_source_read(struct derived_source *s, void *buffer, size_t length)
{
	uint64_t left = s->open->file.bytes - s->have;
	ssize_t n = reader_file_pread(s->file, buffer, (size_t)MIN(length, left), s->have);

	if (n <= 0)
		return n;
	digest_add(s->part, buffer, (size_t)n);
	digest_add(s->whole, buffer, (size_t)n);
	s->have += (uint64_t)n;
	return exporter_advance(s->exporter, (uint64_t)n, NULL) ? n : -ECANCELED;
}

bool derived_sink_add(struct derived_sink *sink, const void *bytes, size_t length, GError **error)
{
	uint64_t at = digest_bytes(sink->digest);

	digest_add(sink->digest, bytes, length);
	return exporter_write(sink->exporter, bytes, length, at, error);
}

static void leave_out(struct manifest *m, const struct chain_file *file)
{
	manifest_leave_out(m, file->name,
			   plan_kind_of(file->name) == PLAN_OTHER ? OTHERS_REASON
								  : PICTURES_REASON);
}

/* Nothing of the segments is in the file; the chain says what it was made of. */
static void turn_derived(struct manifest *m)
{
	for (unsigned i = 0; i < m->parts->len; i++)
		leave_out(m, &g_array_index(m->parts, struct manifest_part, i).file);
	for (unsigned i = 0; i < m->files->len; i++)
		leave_out(m, &g_array_index(m->files, struct chain_file, i));
	g_array_set_size(m->parts, 0);
	g_array_set_size(m->files, 0);
}

bool export_derived(struct exporter *e, GError **error)
{
	const struct evidence_derivation *derivation = e->order->derivation;
	struct derived_source source = {.exporter = e, .whole = digest_create()};
	struct derived_sink sink = {e, digest_create()};
	struct manifest *m = &e->manifest;
	const struct manifest_part *left = NULL;

	e->total_bytes = m->video_bytes;
	bool ok = ftruncate(e->fd, 0) == 0 ||
		  exporter_failed(errno, "write", e->order->target, error);
	ok = ok && derivation->make(derivation->user, m, &source, &sink, error) &&
	     derived_source_next(&source, &left, error);
	g_assert(!ok || left == NULL);
	if (ok) {
		m->operations =
			derivation->describe(derivation->user, m->span_start_us, m->span_end_us);
		digest_hex(source.whole, m->source_sha256);
		digest_hex(sink.digest, m->video_sha256);
		m->video_bytes = digest_bytes(sink.digest);
		turn_derived(m);
	}
	reader_file_close(source.file);
	g_clear_pointer(&source.part, digest_destroy);
	digest_destroy(source.whole);
	digest_destroy(sink.digest);
	return ok;
}
