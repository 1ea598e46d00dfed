/* Revocation as of the time of signing. OpenSSL's own check judges as of one moment and takes any
 * entry of a list for that moment; here the dates count. */
#include "recorder/chain/verify_revocation.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

static int load_lists(const char *path, STACK_OF(X509_CRL) * *ret)
{
	g_autofree char *pem = NULL;
	STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
	X509_CRL *list;

	if (!g_file_get_contents(path, &pem, NULL, NULL)) {
		sk_X509_CRL_free(lists);
		return -ENOENT;
	}
	BIO *bio = BIO_new_mem_buf(pem, -1);
	while ((list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL)
		sk_X509_CRL_push(lists, list);
	BIO_free(bio);
	ERR_clear_error();
	*ret = lists;
	return sk_X509_CRL_num(lists) > 0 ? 0 : -EINVAL;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm tm;

	return time != NULL && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* Since when it is not to be believed: a key may have been in wrong hands before anybody noticed
 * (RFC 5280 section 5.3.2). */
static int64_t bad_since(const X509_REVOKED *revoked)
{
	int64_t noticed_s = seconds_of(X509_REVOKED_get0_revocationDate(revoked));
	ASN1_GENERALIZEDTIME *invalid =
		X509_REVOKED_get_ext_d2i(revoked, NID_invalidity_date, NULL, NULL);
	int64_t invalid_s = invalid != NULL ? seconds_of(invalid) : noticed_s;

	ASN1_GENERALIZEDTIME_free(invalid);
	return MIN(noticed_s, invalid_s);
}

/* 1: revoked, *ret_since_s; 0: not; -1: no list is of its issuer. */
static int look_up(STACK_OF(X509_CRL) * lists, X509 *certificate, X509 *issuer,
		   int64_t *ret_since_s)
{
	int found = -1;

	for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
		X509_CRL *list = sk_X509_CRL_value(lists, i);
		X509_REVOKED *revoked = NULL;
		if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_issuer_name(certificate)) !=
			    0 ||
		    X509_CRL_verify(list, X509_get0_pubkey(issuer)) != 1)
			continue;
		found = MAX(found, 0);
		/* 2: "removed from the list again". */
		if (X509_CRL_get0_by_cert(list, &revoked, certificate) != 1)
			continue;
		*ret_since_s = bad_since(revoked);
		return 1;
	}
	return found;
}

static int judge_revoked(int64_t since_s, const struct verify_trust_question *question,
			 char **ret_why)
{
	g_autofree char *since = clock_format_utc((uint64_t)MAX(since_s, 0) * 1000000u);

	bool stamped = question->stamped_utc_us != 0;

	if (stamped && question->stamped_utc_us < (uint64_t)MAX(since_s, 0) * 1000000u) {
		*ret_why = g_strdup_printf("a certificate was revoked as of %s, after the time "
					   "stamp: what it signed before still holds",
					   since);
		return 0;
	}
	*ret_why = g_strdup_printf(stamped ? "a certificate was revoked as of %s"
					   : "a certificate was revoked as of %s, and no "
					     "trusted time stamp shows that it signed "
					     "before",
				   since);
	return -EPERM;
}

static int judge_chain(STACK_OF(X509) * chain, STACK_OF(X509_CRL) * lists,
		       const struct verify_trust_question *question, char **ret_why)
{
	bool any_list = false;

	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		int64_t since_s = 0;
		int found = look_up(lists, sk_X509_value(chain, i), sk_X509_value(chain, i + 1),
				    &since_s);
		any_list |= found >= 0;
		if (found == 1)
			return judge_revoked(since_s, question, ret_why);
	}
	if (!any_list)
		*ret_why = g_strdup("no revocation list that was named is of its issuer");
	return 0;
}

int verify_revocation(STACK_OF(X509) * chain, const struct verify_trust_question *question,
		      char **ret_why)
{
	STACK_OF(X509_CRL) *lists = NULL;
	int result = load_lists(question->crl_path, &lists);

	if (result == 0)
		result = judge_chain(chain, lists, question, ret_why);
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
	ERR_clear_error();
	return result;
}
