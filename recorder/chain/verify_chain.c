/* Walks a chain entry by entry: signatures, links, order, sums. It must not know where the chain
 * lies or read any file of the recording. */
#include "recorder/chain/verify_chain.h"

#include "base/clock.h"
#include "recorder/chain/verify_report.h"
#include "recorder/chain/verify_trust.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct walk {
	const struct verify_chain_texts *texts;
	struct verify_report *report;
	struct verify_trust *trust;
	verify_entry_fn each;
	void *user;
	uint64_t next_seq;
	char prev[DIGEST_HEX_BYTES];
	/** the entry before could not be read: the next one's place cannot be checked */
	bool lost_thread;
	uint64_t position_us, t_us;
	uint64_t n_frames, n_segment_bytes;
	struct chain_counts counts;
	char *genesis_utc;
	bool has_genesis;
	int stamp_result; /**< the first error of the file with the trusted certificates */
};

#define BROKEN(w, ...)                                                                             \
	verify_report_add((w)->report, VERIFY_BROKEN, 0, (w)->position_us, (w)->t_us, __VA_ARGS__)

static void check_link(struct walk *w, const struct chain_entry *e)
{
	if (!w->lost_thread && (e->seq != w->next_seq || strcmp(e->prev, w->prev) != 0))
		BROKEN(w,
		       "entry %" PRIu64 " does not follow the one before it: entries were removed, "
		       "added or exchanged",
		       e->seq);
	if (e->t_us < w->t_us)
		BROKEN(w, "the clock of entry %" PRIu64 " runs backwards", e->seq);
	if (w->report->sealed)
		BROKEN(w, "entry %" PRIu64 " lies behind the seal", e->seq);
	if ((e->kind == CHAIN_GENESIS) == w->has_genesis && !w->lost_thread)
		BROKEN(w, "entry %" PRIu64 " (%s) is in the wrong place", e->seq,
		       chain_kind_name(e->kind));
	w->lost_thread = false;
	w->next_seq = e->seq + 1;
	memcpy(w->prev, e->hash, sizeof w->prev);
	w->t_us = MAX(w->t_us, e->t_us);
}

static uint64_t file_bytes(const struct chain_entry *e)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < e->n_files; i++)
		sum += e->files[i].bytes;
	return sum;
}

static void walk_genesis(struct walk *w, const struct chain_entry *e)
{
	w->has_genesis = true;
	g_free(w->report->session_id);
	w->report->session_id = g_strdup(e->session);
	g_free(w->genesis_utc);
	w->genesis_utc = g_strdup(e->utc);
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(e->utc, NULL);
	if (time != NULL)
		w->report->started_utc_us = (uint64_t)g_date_time_to_unix(time) * 1000000u +
					    (uint64_t)g_date_time_get_microsecond(time);
}

static void walk_segment(struct walk *w, const struct chain_entry *e)
{
	if (e->number != w->report->n_segments + 1)
		BROKEN(w, "segment %u follows segment %u: segments are missing or exchanged",
		       e->number, w->report->n_segments);
	if (e->start_us != w->position_us || e->end_us < e->start_us)
		BROKEN(w, "segment %u covers %.1f s to %.1f s, but the one before ended at %.1f s",
		       e->number, (double)e->start_us / 1e6, (double)e->end_us / 1e6,
		       (double)w->position_us / 1e6);
	w->report->n_segments = e->number;
	w->n_frames += e->frames;
	w->n_segment_bytes += file_bytes(e);
	chain_counts_add(&w->counts, &e->counts);
	w->position_us = MAX(e->end_us, e->start_us);
}

static void walk_gap(struct walk *w, const struct chain_entry *e)
{
	if (e->start_us != w->position_us || e->end_us < e->start_us)
		BROKEN(w, "a gap record does not begin where the recording before it ended");
	verify_report_add_gap(w->report, e->start_us, MAX(e->end_us, e->start_us), e->reason,
			      e->detail);
	w->position_us = MAX(e->end_us, w->position_us);
}

static void walk_seal(struct walk *w, const struct chain_entry *e)
{
	if (e->segments != w->report->n_segments || e->frames != w->n_frames ||
	    e->bytes != w->n_segment_bytes || e->duration_us != w->position_us ||
	    (e->has_counts && memcmp(&e->counts, &w->counts, sizeof w->counts) != 0))
		BROKEN(w, "the sums in the seal are not those of the entries before it");
	w->report->sealed = true;
	g_free(w->report->end_reason);
	w->report->end_reason = g_strdup(e->reason);
	if (strcmp(e->reason, "fault") == 0)
		verify_report_add(w->report, VERIFY_NOTE, 0, w->position_us, w->position_us,
				  "the session ended by a fault: %s", e->detail);
}

static void walk_entry(struct walk *w, const struct chain_entry *e)
{
	check_link(w, e);
	w->report->n_entries++;
	switch (e->kind) {
	case CHAIN_GENESIS:
		walk_genesis(w, e);
		break;
	case CHAIN_SEGMENT:
		walk_segment(w, e);
		break;
	case CHAIN_GAP:
		walk_gap(w, e);
		break;
	case CHAIN_SEAL:
		walk_seal(w, e);
		break;
	case CHAIN_CHECKPOINT:
	case CHAIN_KIND_COUNT:
		break;
	}
	if (w->texts->stamps != NULL && w->stamp_result == 0)
		w->stamp_result = verify_stamps_meet(w->texts->stamps, e,
						     w->texts->tsa_ca_path != NULL
							     ? w->texts->tsa_ca_path
							     : w->texts->trusted_pem_path,
						     w->report);
	if (w->each != NULL)
		w->each(e, w->user);
}

/* False: nothing behind this line may be judged. */
static bool walk_line(struct walk *w, const char *line, size_t length)
{
	struct chain_entry entry;

	if (chain_entry_parse(line, length, &entry) < 0) {
		BROKEN(w, "line %" PRIu64 " of the chain is not an entry", w->next_seq + 1);
		w->lost_thread = true;
		w->next_seq++;
		return true;
	}
	bool known = entry.kind != CHAIN_GENESIS || entry.version == CHAIN_VERSION;
	if (!known) {
		w->report->version = entry.version;
	} else {
		if (!verify_trust_signature(w->trust, &entry))
			BROKEN(w, "the signature of entry %" PRIu64 " (%s) does not hold",
			       entry.seq, chain_kind_name(entry.kind));
		walk_entry(w, &entry);
	}
	chain_entry_clear(&entry);
	return known;
}

static int walk_lines(struct walk *w, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL) {
			if (w->report->sealed)
				BROKEN(w, "bytes stand behind the seal");
			verify_report_add(w->report, VERIFY_INCOMPLETE, 0, w->position_us, w->t_us,
					  "the chain is cut in the middle of entry %" PRIu64,
					  w->next_seq);
			return 0;
		}
		if (!walk_line(w, text, (size_t)(newline - text)))
			return -EPROTONOSUPPORT;
		text = newline + 1;
	}
	return 0;
}

/* Without a readable certificate nothing can be proven; that is a finding, not a failure to
 * look. */
static bool load_trust(struct walk *w, const char *pem)
{
	w->trust = pem != NULL ? verify_trust_create(pem) : NULL;
	if (w->trust == NULL) {
		BROKEN(w, "%s is missing or holds no EC certificate: no signature can be checked",
		       CHAIN_CERTIFICATE_FILE);
		return false;
	}
	w->report->signer = verify_trust_subject(w->trust, 0);
	return true;
}

/* With a stamp of a trusted authority its time is known, otherwise there is only the
 * recording's own word. */
static char *time_of_trust(const struct walk *w)
{
	uint64_t utc_us = w->texts->stamps != NULL ? verify_stamps_utc_us(w->texts->stamps) : 0;

	if (utc_us != 0)
		return clock_format_utc(utc_us);
	return g_strdup(w->genesis_utc != NULL ? w->genesis_utc : "");
}

static int judge_trust(struct walk *w)
{
	const struct verify_chain_texts *texts = w->texts;
	g_autofree char *why = NULL, *utc = time_of_trust(w);
	const struct verify_trust_question question = {
		.trusted_pem_path = texts->trusted_pem_path,
		.crl_path = texts->crl_path,
		.utc = utc,
		.stamped_utc_us = texts->stamps != NULL ? verify_stamps_last_us(texts->stamps) : 0};

	if (texts->trusted_pem_path == NULL || w->trust == NULL)
		return 0;
	int result = verify_trust_ask(w->trust, 0, &question, &why);
	if (result == -EPERM)
		verify_report_add(w->report, VERIFY_UNTRUSTED, 0, 0, 0,
				  "the signing certificate (%s) does not lead to a trusted one: %s",
				  w->report->signer, why);
	else if (result == 0 && why != NULL)
		verify_report_add(w->report, VERIFY_NOTE, 0, 0, 0,
				  "the signing certificate (%s): %s", w->report->signer, why);
	if (result == 0)
		w->report->times.begun_after_utc_us = verify_trust_not_before_us(w->trust, 0);
	return result == -EPERM ? 0 : result;
}

static void judge_end(struct walk *w)
{
	if (!w->has_genesis)
		BROKEN(w, "the chain has no genesis entry");
	if (!w->report->sealed)
		verify_report_add(
			w->report, VERIFY_INCOMPLETE, 0, w->position_us, w->position_us,
			"the recording is not sealed: it still runs, or its end is missing");
}

static void note_stamped_times(struct walk *w, struct verify_stamps *stamps)
{
	w->report->times.begun_before_utc_us = verify_stamps_utc_us(stamps);
	if (w->report->sealed)
		w->report->times.ended_before_utc_us = verify_stamps_last_us(stamps);
	verify_stamps_finish(stamps, w->report);
}

static int walk_texts(struct walk *w, const struct verify_chain_texts *texts)
{
	int result = 0;

	if (texts->chain == NULL)
		BROKEN(w, "the chain is missing");
	else if (load_trust(w, texts->certificate_pem))
		result = walk_lines(w, texts->chain, texts->chain_bytes);
	if (result < 0)
		return result;
	result = w->stamp_result < 0 ? w->stamp_result : judge_trust(w);
	if (texts->stamps != NULL)
		note_stamped_times(w, texts->stamps);
	judge_end(w);
	return result;
}

int verify_chain(const struct verify_chain_texts *texts, verify_entry_fn each, void *user,
		 struct verify_report *report)
{
	struct walk w = {.texts = texts, .report = report, .each = each, .user = user};

	memset(w.prev, '0', DIGEST_HEX_BYTES - 1);
	int result = walk_texts(&w, texts);
	report->head = g_strdup(w.prev);
	report->n_frames = w.n_frames;
	report->duration_us = w.position_us;
	verify_trust_destroy(w.trust);
	g_free(w.genesis_utc);
	return result;
}
