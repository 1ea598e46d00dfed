/* The chain's part of recovery. It must not judge files: that is the verifier's matter. */
#include "recorder/recovery_chain.h"

#include "recorder/chain/chain_reader.h"
#include "recorder/chain/verify_trust.h"

#include <errno.h>
#include <string.h>

static void segment_free(void *pointer)
{
	struct chain_segment *segment = pointer;

	g_free((char *)(uintptr_t)segment->codec);
	g_free(segment);
}

bool recovered_name_number(const char *name, const char *prefix, const char *suffix,
			   unsigned *ret_number)
{
	size_t length = strlen(name), around = strlen(prefix) + strlen(suffix);
	guint64 number;

	if (length <= around || !g_str_has_prefix(name, prefix) || !g_str_has_suffix(name, suffix))
		return false;
	g_autofree char *digits = g_strndup(name + strlen(prefix), length - around);
	if (!g_ascii_string_to_unsigned(digits, 10, 0, UINT32_MAX, &number, NULL))
		return false;
	*ret_number = (unsigned)number;
	return true;
}

void recovered_chain_note_keys(const struct chain_segment *segment,
			       unsigned n_keys[SEGMENT_KEY_KIND_COUNT])
{
	unsigned number;

	for (unsigned i = 0; i < segment->n_files; i++) {
		const char *name = segment->files[i].name;
		enum segment_key_kind kind = SEGMENT_KEY_FILES;
		bool is_key = recovered_name_number(name, DATA_KEY_FILE_PREFIX,
						    DATA_KEY_FILE_SUFFIX, &number);
		if (!is_key && recovered_name_number(name, KEYSTROKE_KEY_FILE_PREFIX,
						     DATA_KEY_FILE_SUFFIX, &number)) {
			kind = SEGMENT_KEY_KEYSTROKES;
			is_key = true;
		}
		if (is_key)
			n_keys[kind] = MAX(n_keys[kind], MIN(number, DATA_KEY_NUMBER_MAX));
	}
}

static void note_checkpoint(struct recovered_chain *ret, const struct chain_entry *e)
{
	struct recovered_checkpoint checkpoint = {
		e->t_us,
		{.number = e->number, .frames = (uint32_t)e->frames, .n_files = e->n_files}};

	memcpy(checkpoint.entry.files, e->files, sizeof e->files);
	g_array_append_val(ret->checkpoints, checkpoint);
}

static void note_segment(struct recovered_chain *ret, const struct chain_entry *e)
{
	struct chain_segment *segment = g_new0(struct chain_segment, 1);

	*segment = (struct chain_segment){.number = e->number,
					  .start_us = e->start_us,
					  .end_us = e->end_us,
					  .frames = (uint32_t)e->frames,
					  .width = e->width,
					  .height = e->height,
					  .first_frame_us = e->first_frame_us,
					  .codec = g_strdup(e->codec),
					  .n_files = e->n_files};
	memcpy(segment->files, e->files, sizeof segment->files);
	g_ptr_array_add(ret->segments, segment);
	g_array_set_size(ret->checkpoints, 0);
	recovered_chain_note_keys(segment, ret->from.n_keys);
	ret->from.n_segments = e->number;
	ret->from.position_us = e->end_us;
	ret->from.n_frames += e->frames;
	chain_counts_add(&ret->from.counts, &e->counts);
	for (unsigned i = 0; i < e->n_files; i++)
		ret->from.n_bytes += e->files[i].bytes;
}

static uint64_t parse_utc(const char *text)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

	return time == NULL ? 0
			    : (uint64_t)g_date_time_to_unix(time) * 1000000u +
				      (uint64_t)g_date_time_get_microsecond(time);
}

static void note_entry(struct recovered_chain *ret, const struct chain_entry *e)
{
	static const char before_all[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	struct archive_resume *from = &ret->from;
	bool first = from->head[0] == '\0';

	ret->broken |= strcmp(e->prev, first ? before_all : from->head) != 0 ||
		       e->seq != (first ? 0 : from->last_seq + 1) ||
		       (e->kind == CHAIN_GENESIS) != first || ret->sealed;
	from->last_seq = e->seq;
	from->t_us = MAX(from->t_us, e->t_us);
	memcpy(from->head, e->hash, sizeof from->head);
	ret->utc_us = parse_utc(e->utc);
	switch (e->kind) {
	case CHAIN_GENESIS:
		from->clock_us = e->clock_us;
		from->started_utc_us = ret->utc_us;
		g_free(from->quality);
		from->quality = g_strdup(e->quality);
		ret->certificate = e->files[0];
		ret->foreign |= g_ascii_strcasecmp(e->session, from->session_id) != 0;
		break;
	case CHAIN_SEGMENT:
		note_segment(ret, e);
		break;
	case CHAIN_GAP:
		from->position_us = e->end_us;
		break;
	case CHAIN_SEAL:
		ret->sealed = true;
		break;
	case CHAIN_CHECKPOINT:
		note_checkpoint(ret, e);
		break;
	case CHAIN_KIND_COUNT:
		break;
	}
}

static bool read_entry(const char *line, const char *newline, struct chain_entry *ret)
{
	return chain_entry_parse(line, (size_t)(newline - line), ret) == 0;
}

/* What a power cut leaves at the end of a file that grew, as many lines as fit in there: entries
 * that lie behind would have been written later. */
static bool is_torn_end(const char *at, const char *end)
{
	const char *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))) != NULL; at = newline + 1) {
		struct chain_entry entry;
		if (!read_entry(at, newline, &entry))
			continue;
		chain_entry_clear(&entry);
		return false;
	}
	return true;
}

int recovered_chain_read(const char *session_id, const char *text, size_t length,
			 struct recovered_chain *ret)
{
	const char *at = text, *end = text + length, *newline;

	*ret = (struct recovered_chain){.segments = g_ptr_array_new_with_free_func(segment_free)};
	ret->checkpoints = g_array_new(FALSE, FALSE, sizeof(struct recovered_checkpoint));
	ret->from.session_id = g_strdup(session_id);
	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		struct chain_entry entry;
		if (!read_entry(at, newline, &entry)) {
			if (!is_torn_end(newline + 1, end))
				return -EPROTO;
			break;
		}
		note_entry(ret, &entry);
		chain_entry_clear(&entry);
		ret->last_at = (size_t)(at - text);
		ret->last_bytes = (size_t)(newline - at);
		at = newline + 1;
	}
	ret->from.chain_bytes = (uint64_t)(at - text);
	return ret->from.quality != NULL ? 0 : -EPROTO;
}

bool recovered_chain_is_signed(const struct recovered_chain *chain, const char *text,
			       const struct chain_key *key)
{
	struct signed_line line;
	struct verify_trust *trust = verify_trust_create(chain_key_certificate_pem(key));
	bool is = trust != NULL && !chain->broken &&
		  signed_line_parse(text + chain->last_at, chain->last_bytes, &line) == 0 &&
		  verify_trust_signer(trust, &line) == 0;

	verify_trust_destroy(trust);
	return is;
}

void archive_resume_clear(struct archive_resume *from)
{
	g_clear_pointer(&from->session_id, g_free);
	g_clear_pointer(&from->quality, g_free);
}

void recovered_chain_clear(struct recovered_chain *chain)
{
	archive_resume_clear(&chain->from);
	g_clear_pointer(&chain->segments, g_ptr_array_unref);
	g_clear_pointer(&chain->checkpoints, g_array_unref);
}
