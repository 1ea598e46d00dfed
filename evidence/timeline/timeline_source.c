/* From signed files to lines. A file is read as a whole (a segment has minutes), compared, and only
 * then decoded. It must not know what lines say. */
#include "evidence/timeline/timeline_source.h"

#include "evidence/timeline/timeline_fetch.h"
#include "recorder/chain/verify_chain.h"
#include "recorder/chain/verify_report.h"
#include "recorder/lines/line_reader.h"

#include <errno.h>
#include <string.h>

#define SUFFIX ".jsonl.gz"

struct timeline_source {
	struct timeline_fetch *fetch;
	GArray *files; /**< struct chain_file: timelines in their order */
	unsigned next;
	GBytes *bytes;		   /**< of the file that is read; NULL: none */
	struct line_reader *lines; /**< of the same */
	uint64_t started_us;
	unsigned left_out;
};

static bool is_timeline(const char *name)
{
	return g_str_has_prefix(name, "seg-") && g_str_has_suffix(name, SUFFIX);
}

static struct timeline_source *source_create(struct timeline_fetch *fetch)
{
	struct timeline_source *source = g_new0(struct timeline_source, 1);

	source->fetch = fetch;
	source->files = g_array_new(FALSE, FALSE, sizeof(struct chain_file));
	return source;
}

static void close_file(struct timeline_source *source)
{
	g_clear_pointer(&source->lines, line_reader_destroy);
	g_clear_pointer(&source->bytes, g_bytes_unref);
}

void timeline_source_destroy(struct timeline_source *source)
{
	if (source == NULL)
		return;
	close_file(source);
	timeline_fetch_destroy(source->fetch);
	g_array_unref(source->files);
	g_free(source);
}

uint64_t timeline_source_started_us(const struct timeline_source *source)
{
	return source->started_us;
}

unsigned timeline_source_left_out(const struct timeline_source *source)
{
	return source->left_out;
}

static void list_manifest(struct timeline_source *source, const struct manifest *manifest)
{
	for (unsigned i = 0; i < manifest->files->len; i++) {
		const struct chain_file *file =
			&g_array_index(manifest->files, struct chain_file, i);
		if (is_timeline(file->name))
			g_array_append_vals(source->files, file, 1);
	}
	for (unsigned i = 0; i < manifest->left_out->len; i++) {
		const struct manifest_omission *omission = manifest->left_out->pdata[i];
		source->left_out += is_timeline(omission->name);
	}
}

static bool can_be_believed(const struct verdict *verdict, int result, const char *path,
			    GError **error)
{
	const struct verify_report *report = verdict->report;

	if (verdict->code == VERDICT_UNREADABLE) {
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_IO,
			    "%s, or a file with certificates that was named, cannot be judged: %s",
			    path, g_strerror(-result));
		return false;
	}
	if (verdict->code != VERDICT_BROKEN && verdict_has_manifest(verdict))
		return true;
	const struct verify_finding *first =
		report->findings->len > 0 ? report->findings->pdata[0] : NULL;
	g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED, "%s: %s (%s)", path,
		    verdict_text(verdict), first != NULL ? first->text : "");
	return false;
}

struct timeline_source *timeline_source_of_file(const char *path, const struct verify_whom *whom,
						enum verdict_code *ret_verdict, GError **error)
{
	struct evidence_report report;
	struct timeline_source *source = NULL;
	int result = evidence_verify_for(path, whom, &report);
	const struct verdict verdict =
		verdict_make(result, whom->ca != NULL, &report.recording, &report);

	if (ret_verdict != NULL)
		*ret_verdict = verdict.code;
	if (can_be_believed(&verdict, result, path, error)) {
		struct timeline_fetch *fetch = timeline_fetch_file(path, error);
		source = fetch != NULL ? source_create(fetch) : NULL;
	}
	if (source != NULL) {
		source->started_us = report.recording.started_utc_us;
		list_manifest(source, &report.manifest);
	}
	evidence_report_finish(&report);
	return source;
}

/* The entries of a chain that are met on the way. */
struct chain_walk {
	struct timeline_source *source;
	struct evidence_span span;
	unsigned n_segments;
};

static void meet_entry(const struct chain_entry *entry, void *user)
{
	struct chain_walk *walk = user;

	if (entry->kind != CHAIN_SEGMENT || !plan_is_asked_for(walk->span, entry))
		return;
	walk->n_segments++;
	for (unsigned i = 0; i < entry->n_files; i++)
		if (is_timeline(entry->files[i].name))
			g_array_append_vals(walk->source->files, &entry->files[i], 1);
}

static const char *damage_of(const struct verify_report *report)
{
	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *finding = report->findings->pdata[i];
		if (finding->class == VERIFY_BROKEN)
			return finding->text;
	}
	return NULL;
}

static bool walk_chain(struct chain_walk *walk, const struct verify_chain_texts *texts,
		       GError **error)
{
	struct verify_report report;

	verify_report_init(&report);
	int result = verify_chain(texts, meet_entry, walk, &report);
	const char *damage = result < 0 ? g_strerror(-result) : damage_of(&report);
	walk->source->started_us = report.started_utc_us;
	if (damage != NULL)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
			    "the recording's chain does not hold: %s", damage);
	else if (walk->n_segments == 0)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_NOTHING,
			    "no finished segment of the recording lies in this span");
	bool ok = damage == NULL && walk->n_segments > 0;
	verify_report_finish(&report);
	return ok;
}

static bool fill_from_chain(struct chain_walk *walk, const struct reader *reader, GError **error)
{
	g_autofree uint8_t *chain = NULL, *certificate = NULL;
	size_t length, unused;
	int code = reader_read(reader, CHAIN_FILE, CHAIN_MAX_BYTES, &chain, &length);

	if (code == 0)
		code = reader_read(reader, CHAIN_CERTIFICATE_FILE, CHAIN_CERTIFICATE_MAX_BYTES,
				   &certificate, &unused);
	if (code < 0) {
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_IO,
			    "the recording cannot be read: %s", g_strerror(-code));
		return false;
	}
	const struct verify_chain_texts texts = {
		.chain = (const char *)chain,
		.chain_bytes = plan_whole_lines((const char *)chain, length),
		.certificate_pem = (const char *)certificate,
	};
	return walk_chain(walk, &texts, error);
}

struct timeline_source *timeline_source_of_recording(const struct reader *reader,
						     struct evidence_span span, GError **error)
{
	struct timeline_source *source = source_create(timeline_fetch_reader(reader));
	struct chain_walk walk = {source, span, 0};

	if (fill_from_chain(&walk, reader, error))
		return source;
	timeline_source_destroy(source);
	return NULL;
}

static ssize_t read_bytes(void *user, void *buffer, size_t length, uint64_t offset)
{
	gsize size;
	const uint8_t *bytes = g_bytes_get_data(user, &size);
	size_t n = offset < size ? MIN(length, (size_t)(size - offset)) : 0;

	if (n > 0)
		memcpy(buffer, bytes + offset, n);
	return (ssize_t)n;
}

static bool open_file(struct timeline_source *source, GError **error)
{
	const struct chain_file *said =
		&g_array_index(source->files, struct chain_file, source->next++);
	gsize length;
	char sha256[DIGEST_HEX_BYTES];

	source->bytes = timeline_fetch_next(source->fetch, said, error);
	if (source->bytes == NULL)
		return false;
	const void *bytes = g_bytes_get_data(source->bytes, &length);
	digest_hex_of(bytes, length, sha256);
	if (length != said->bytes || strcmp(sha256, said->sha256) != 0) {
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
			    "%s is not what was signed", said->name);
		return false;
	}
	source->lines = line_reader_create(read_bytes, source->bytes);
	return true;
}

int timeline_source_next(struct timeline_source *source, const char **ret_line, size_t *ret_length,
			 GError **error)
{
	for (;;) {
		int result = 0;
		if (source->lines != NULL)
			result = line_reader_next(source->lines, ret_line, ret_length);
		if (result > 0)
			return result;
		if (result < 0) {
			g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED,
				    "a timeline was signed that is none: %s", g_strerror(-result));
			return -1;
		}
		close_file(source);
		if (source->next == source->files->len)
			return 0;
		if (!open_file(source, error))
			return -1;
	}
}
