/* Was this recording deleted lawfully? It must not look at the files that are left. */
#include "recorder/chain/verify_tombstone.h"

#include "recorder/chain/tombstone.h"
#include "recorder/chain/verify_report.h"
#include "recorder/chain/verify_trust.h"

#include <errno.h>
#include <string.h>

static bool broken(struct verify_report *report, const char *what)
{
	verify_report_add(report, VERIFY_BROKEN, 0, 0, 0, "the tombstone %s", what);
	return false;
}

static bool speaks_of(const struct tombstone *t, const struct verify_report *report)
{
	return g_strcmp0(t->session, report->session_id) == 0 &&
	       g_strcmp0(t->head, report->head) == 0;
}

static void note(const struct tombstone *t, const char *signer, struct verify_report *report)
{
	if (strcmp(t->cause, "order") == 0)
		verify_report_add(report, VERIFY_NOTE, 0, 0, 0,
				  "deleted at %s by order of %s, approved by %s: %s; signed by %s",
				  t->utc, t->requested_by, t->approved_by, t->reason, signer);
	else
		verify_report_add(report, VERIFY_NOTE, 0, 0, 0,
				  "deleted at %s because its retention class %s was past its %s "
				  "limit; signed by %s",
				  t->utc, t->class, t->cause, signer);
}

/* No stamp says when it was signed, so that a revocation counts, whatever its date. */
static int judge_signer(const struct tombstone *t, const struct verify_trust *trust,
			const char *signer, const struct verify_whom *whom,
			struct verify_report *report)
{
	const struct verify_trust_question question = {
		.trusted_pem_path = whom->ca, .crl_path = whom->crl, .utc = t->utc};
	g_autofree char *why = NULL;

	if (whom->ca == NULL)
		return 0;
	int result = verify_trust_ask(trust, 0, &question, &why);
	if (result == -EPERM)
		verify_report_add(report, VERIFY_UNTRUSTED, 0, 0, 0,
				  "the certificate of the tombstone (%s) does not lead to a "
				  "trusted one: %s",
				  signer, why);
	else if (result == 0 && why != NULL)
		verify_report_add(report, VERIFY_NOTE, 0, 0, 0,
				  "the certificate of the tombstone (%s): %s", signer, why);
	return result == -EPERM ? 0 : result;
}

/* The key may be a later one than the recording's, so the tombstone brings its own certificate,
 * judged at its own time. */
static bool judge(const struct tombstone *t, const struct signed_line *line, const char *pem,
		  const struct verify_whom *whom, struct verify_report *report, int *ret_error)
{
	struct verify_trust *trust = verify_trust_create(pem);
	g_autofree char *signer = NULL;
	bool lawful = false;

	if (trust == NULL || verify_trust_signer(trust, line) != 0) {
		broken(report, "is not signed under the certificate in it");
	} else if (!speaks_of(t, report)) {
		broken(report, "is of another recording, or of another state of this one");
	} else {
		signer = verify_trust_subject(trust, 0);
		*ret_error = judge_signer(t, trust, signer, whom, report);
		lawful = *ret_error == 0;
	}
	if (lawful)
		note(t, signer, report);
	verify_trust_destroy(trust);
	return lawful;
}

bool verify_tombstone(const char *text, size_t length, const struct verify_whom *whom,
		      struct verify_report *report, int *ret_error)
{
	struct tombstone t;
	struct signed_line line;
	const char *pem;
	bool lawful = false;
	int result = tombstone_parse(text, length, &t, &line, &pem);

	*ret_error = 0;
	if (result == -EPROTO) {
		broken(report, "is not one");
	} else if (result == -EPROTONOSUPPORT) {
		report->version = t.version;
		*ret_error = result;
	} else {
		lawful = judge(&t, &line, pem, whom, report, ret_error);
	}
	tombstone_clear(&t);
	return lawful;
}
