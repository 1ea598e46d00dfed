/* From findings to one sentence. It must not look at the evidence again, nor know where
 * the sentence is written. */
#include "evidence/verdict.h"

#include "base/clock.h"

#define NO_OLDER "its signer's certificate is no older"
#define ALL_AS_SIGNED "every byte is the one that was signed"
#define NAME_THE_CA "Who signed is not proven: name the trusted certificate with --ca."

static enum verify_class worst_class(const struct verify_report *report)
{
	enum verify_class worst = VERIFY_NOTE;

	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *finding = report->findings->pdata[i];
		if (finding->class < worst)
			worst = finding->class;
	}
	return worst;
}

enum verdict_code verdict_code_of(enum verify_class worst)
{
	switch (worst) {
	case VERIFY_BROKEN:
		return VERDICT_BROKEN;
	case VERIFY_UNTRUSTED:
		return VERDICT_UNTRUSTED;
	case VERIFY_INCOMPLETE:
		return VERDICT_INCOMPLETE;
	case VERIFY_NOTE:
		break;
	}
	return VERDICT_PROVEN;
}

static enum verdict_code code_of(int result, const struct verify_report *report)
{
	enum verdict_code code = verdict_code_of(worst_class(report));

	if (result < 0)
		return VERDICT_UNREADABLE;
	if (code != VERDICT_PROVEN)
		return code;
	if (result != 0)
		return VERDICT_INCOMPLETE;
	return report->deleted ? VERDICT_DELETED : VERDICT_PROVEN;
}

struct verdict verdict_make(int result, bool origin_asked, const struct verify_report *report,
			    const struct evidence_report *evidence)
{
	return (struct verdict){
		.code = code_of(result, report),
		.origin_asked = origin_asked,
		.report = report,
		.evidence = evidence,
	};
}

static const char *proven_text(const struct verdict *v)
{
	if (verdict_warning(v) != NULL)
		return v->origin_asked ? "PROVEN: every byte of this copy is the one that was "
					 "signed, made from the named recording, and those who "
					 "signed are trusted."
				       : "WHOLE: every byte of this copy is the one that was "
					 "signed, made from the named recording. " NAME_THE_CA;
	if (v->evidence != NULL && !v->evidence->manifest.whole)
		return v->origin_asked ? "PROVEN: " ALL_AS_SIGNED
					 ", this is the named part of the recording, and those who "
					 "signed are trusted."
				       : "WHOLE: " ALL_AS_SIGNED
					 ", this is the named part of the recording. " NAME_THE_CA;
	return v->origin_asked ? "PROVEN: " ALL_AS_SIGNED
				 ", nothing is missing, the signer is trusted."
			       : "WHOLE: " ALL_AS_SIGNED ", nothing is missing. " NAME_THE_CA;
}

static const char *incomplete_text(const struct verdict *v)
{
	switch (v->report->contents) {
	case VERIFY_CONTENTS_ENCRYPTED:
		return "INCOMPLETE: chain and signatures hold, but contents were not checked: they "
		       "are encrypted, name the key with --archive-key.";
	case VERIFY_CONTENTS_SHREDDED:
		return "INCOMPLETE: chain and signatures hold, but the contents were shredded: "
		       "nobody can read them any more.";
	case VERIFY_CONTENTS_CHECKED:
		break;
	}
	if (v->report->deleted)
		return "INCOMPLETE: the recording was deleted, but not all of it: files of it "
		       "still "
		       "lie there.";
	return v->report->sealed
		       ? "INCOMPLETE: the recording is whole as far as it was signed and has a "
			 "proven end, but not everything that was written is signed: see below."
		       : "INCOMPLETE: what is there is proven, but the recording has no proven "
			 "end.";
}

const char *verdict_text(const struct verdict *v)
{
	switch (v->code) {
	case VERDICT_PROVEN:
		return proven_text(v);
	case VERDICT_BROKEN:
		return "BROKEN: something is not what was signed: the findings below say what, and "
		       "where.";
	case VERDICT_UNTRUSTED:
		return "UNTRUSTED: the signatures hold, but somebody else may have made them: a "
		       "certificate behind them is not to be trusted, see below.";
	case VERDICT_INCOMPLETE:
		return incomplete_text(v);
	case VERDICT_DELETED:
		return v->origin_asked
			       ? "DELETED: lawfully, by a tombstone of a trusted signer; of the "
				 "recording only its chain is left."
			       : "DELETED: by a signed tombstone; of the recording only its chain "
				 "is left. " NAME_THE_CA;
	case VERDICT_UNREADABLE:
		break;
	}
	return "UNREADABLE: there is nothing to judge.";
}

const char *verdict_key(const struct verdict *v)
{
	switch (v->code) {
	case VERDICT_PROVEN:
		return "proven";
	case VERDICT_BROKEN:
		return "broken";
	case VERDICT_UNTRUSTED:
		return "untrusted";
	case VERDICT_INCOMPLETE:
		return "incomplete";
	case VERDICT_DELETED:
		return "deleted";
	case VERDICT_UNREADABLE:
		break;
	}
	return "unreadable";
}

static char *when_begun(const struct verify_times *times)
{
	g_autofree char *after = clock_format_utc(times->begun_after_utc_us);
	g_autofree char *before = clock_format_utc(times->begun_before_utc_us);

	if (times->begun_after_utc_us != 0 && times->begun_before_utc_us != 0)
		return g_strdup_printf("begun after %.19sZ (" NO_OLDER
				       ") and before %.19sZ (time stamp)",
				       after, before);
	if (times->begun_before_utc_us != 0)
		return g_strdup_printf("begun before %.19sZ (time stamp)", before);
	if (times->begun_after_utc_us != 0)
		return g_strdup_printf("begun after %.19sZ (" NO_OLDER
				       "); that it is not younger than it says is its node's word",
				       after);
	return g_strdup("its node's word alone: nobody else's was given or is trusted");
}

char *verdict_time_text(const struct verdict *v)
{
	const struct verify_times *times = &v->report->times;
	g_autofree char *begun = when_begun(times), *ended = NULL;

	if (times->ended_before_utc_us == 0)
		return g_steal_pointer(&begun);
	ended = clock_format_utc(times->ended_before_utc_us);
	return g_strdup_printf("%s, ended before %.19sZ (time stamp)", begun, ended);
}

bool verdict_has_manifest(const struct verdict *v)
{
	return v->evidence != NULL && v->evidence->manifest.session != NULL;
}

const char *verdict_warning(const struct verdict *v)
{
	return verdict_has_manifest(v) && v->evidence->manifest.derived
		       ? "DERIVED COPY: these are not the recorded pictures, but made from them; "
			 "the chain proves only what the source was."
		       : NULL;
}
