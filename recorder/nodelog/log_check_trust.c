/* Holds the certificates behind heads and tombstones against those to trust. It must not
 * judge what was signed. */
#include "recorder/nodelog/log_check_internal.h"

#include <errno.h>
#include <string.h>

#define FIND log_check_find

static struct log_signer *signer_in(const struct log_check *check, int place)
{
	for (unsigned i = 0; i < check->signers->len; i++) {
		struct log_signer *signer = &g_array_index(check->signers, struct log_signer, i);
		if (signer->place == place)
			return signer;
	}
	return NULL;
}

void log_check_note_signer(struct log_check *check, int signer, const struct head *head)
{
	struct log_signer *known = signer_in(check, signer);
	int64_t utc_s = log_check_seconds(head->utc);

	if (known == NULL) {
		const struct log_signer met = {signer, g_strdup(head->utc), g_strdup(head->utc)};
		g_array_append_val(check->signers, met);
	} else if (utc_s < log_check_seconds(known->earliest_utc)) {
		g_free(known->earliest_utc);
		known->earliest_utc = g_strdup(head->utc);
	} else if (utc_s > log_check_seconds(known->latest_utc)) {
		g_free(known->latest_utc);
		known->latest_utc = g_strdup(head->utc);
	}
}

/* Does the key's certificate lead to a trusted one as of `utc`? With `crl_path`: and was it not
 * revoked, whenever that was? No stamp lies over a head. */
static int ask(const struct log_check *check, int place, const char *utc, const char *crl_path,
	       char **ret_why)
{
	const struct verify_trust_question question = {
		.trusted_pem_path = check->trusted_pem_path, .crl_path = crl_path, .utc = utc};

	return verify_trust_ask_key(check->certificates, place, &question, ret_why);
}

static int judge_revocation(struct log_check *check, const struct log_signer *signer,
			    const char *subject, bool covered)
{
	g_autofree char *why = NULL;
	int result = ask(check, signer->place, signer->latest_utc, check->crl_path, &why);

	if (result == -EPERM && covered)
		FIND(check, VERIFY_NOTE,
		     "a certificate of the log (%s): %s; a newer head, under another certificate, "
		     "covers what it signed",
		     subject, why);
	else if (result == -EPERM)
		FIND(check, VERIFY_UNTRUSTED, "the certificate of the newest head (%s): %s",
		     subject, why);
	else if (result == 0 && why != NULL)
		FIND(check, VERIFY_NOTE, "a certificate of the log (%s): %s", subject, why);
	return result == -EPERM ? 0 : result;
}

/* A certificate is valid from one moment to another, so that the ends of what it signed
 * are enough to ask about. */
static int judge_signer(struct log_check *check, const struct log_signer *signer, bool newest)
{
	g_autofree char *subject = verify_trust_subject(check->certificates, signer->place);
	g_autofree char *early = NULL, *late = NULL;
	int result = ask(check, signer->place, signer->earliest_utc, NULL, &early);

	if (result == 0 && strcmp(signer->earliest_utc, signer->latest_utc) != 0)
		result = ask(check, signer->place, signer->latest_utc, NULL, &late);
	if (result == -EPERM) {
		FIND(check, VERIFY_UNTRUSTED,
		     "the certificate of %s (%s) does not lead to a trusted one: %s",
		     newest ? "the newest head" : "older heads", subject,
		     early != NULL ? early : late);
		return 0;
	}
	return result == 0 && check->crl_path != NULL
		       ? judge_revocation(check, signer, subject, !newest)
		       : result;
}

int log_check_trust(struct log_check *check, const struct head *newest)
{
	int last = newest != NULL ? verify_trust_signer(check->certificates, &newest->line) : -1;
	int result = 0;

	if (last >= 0)
		check->report.signer = verify_trust_subject(check->certificates, last);
	if (check->trusted_pem_path == NULL)
		return 0;
	for (unsigned i = 0; i < check->signers->len && result == 0; i++) {
		const struct log_signer *signer =
			&g_array_index(check->signers, struct log_signer, i);
		result = judge_signer(check, signer, signer->place == last);
	}
	return result;
}

int log_check_tombstone_trust(struct log_check *check, const char *session,
			      const struct recording_ends *ends, bool logged)
{
	g_autofree char *why = NULL;

	if (check->trusted_pem_path == NULL || check->certificates == NULL)
		return 0;
	/* What a leaf names, the newest head vouches for: a key that was revoked
	 * since takes nothing away. */
	int result = ask(check, ends->tombstone_signer, ends->tombstone_utc,
			 logged ? NULL : check->crl_path, &why);
	if (result != -EPERM)
		return result;
	g_autofree char *subject =
		verify_trust_subject(check->certificates, ends->tombstone_signer);
	FIND(check, VERIFY_UNTRUSTED,
	     "the certificate of recording %s's tombstone (%s) does not lead to a trusted one: %s",
	     session, subject, why);
	return 0;
}
