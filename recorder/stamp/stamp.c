/* Time stamps by OpenSSL's TS API. It must not know whence an answer comes or what was stamped. */
#include "recorder/stamp/stamp.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <time.h>

#define NONCE_BYTES 16u
#define HASH_BYTES 32u

G_DEFINE_QUARK(stamp - error, stamp_error)

static bool parse_hash(const char *sha256, uint8_t ret[HASH_BYTES])
{
	if (strlen(sha256) != STAMP_HEX_BYTES - 1 ||
	    strspn(sha256, "0123456789abcdef") != STAMP_HEX_BYTES - 1)
		return false;
	for (unsigned i = 0; i < HASH_BYTES; i++)
		ret[i] = (uint8_t)(g_ascii_xdigit_value(sha256[2 * i]) << 4 |
				   g_ascii_xdigit_value(sha256[2 * i + 1]));
	return true;
}

/* The newest thing that OpenSSL complained about, and an empty queue behind it. */
static const char *last_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason != NULL ? reason : "OpenSSL does not say why";
}

/* ---- The question ---- */

static bool set_imprint(TS_REQ *request, uint8_t hash[HASH_BYTES])
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	bool ok = imprint != NULL && algorithm != NULL &&
		  X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
		  TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
		  TS_MSG_IMPRINT_set_msg(imprint, hash, HASH_BYTES) == 1 &&
		  TS_REQ_set_msg_imprint(request, imprint) == 1;

	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	return ok;
}

static bool set_nonce(TS_REQ *request)
{
	uint8_t bytes[NONCE_BYTES];
	bool ok = RAND_bytes(bytes, sizeof bytes) == 1;
	BIGNUM *number = ok ? BN_bin2bn(bytes, sizeof bytes, NULL) : NULL;
	ASN1_INTEGER *nonce = number != NULL ? BN_to_ASN1_INTEGER(number, NULL) : NULL;

	ok = nonce != NULL && TS_REQ_set_nonce(request, nonce) == 1;
	ASN1_INTEGER_free(nonce);
	BN_free(number);
	return ok;
}

GBytes *stamp_request(const char *sha256, GError **error)
{
	uint8_t hash[HASH_BYTES];
	unsigned char *der = NULL;
	GBytes *bytes = NULL;

	if (!parse_hash(sha256, hash)) {
		g_set_error(error, STAMP_ERROR, STAMP_ERROR_ANSWER,
			    "what is to be stamped is not a SHA-256");
		return NULL;
	}
	TS_REQ *request = TS_REQ_new();
	if (request != NULL && TS_REQ_set_version(request, 1) == 1 && set_imprint(request, hash) &&
	    set_nonce(request) && TS_REQ_set_cert_req(request, 1) == 1) {
		int length = i2d_TS_REQ(request, &der);
		if (length > 0)
			bytes = g_bytes_new(der, (gsize)length);
	}
	if (bytes == NULL)
		g_set_error(error, STAMP_ERROR, STAMP_ERROR_ANSWER,
			    "the question to the authority cannot be made: %s", last_reason());
	OPENSSL_free(der);
	TS_REQ_free(request);
	return bytes;
}

/* ---- Whom to trust ---- */

/* 0 or -ENOENT, -EINVAL. */
static int load_store(const char *ca_file, X509_STORE **ret)
{
	g_autofree char *pem = NULL;
	X509 *certificate;
	int n = 0;

	if (!g_file_get_contents(ca_file, &pem, NULL, NULL))
		return -ENOENT;
	X509_STORE *store = X509_STORE_new();
	BIO *bio = BIO_new_mem_buf(pem, -1);
	while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, certificate);
		X509_free(certificate);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (n == 0) {
		X509_STORE_free(store);
		return -EINVAL;
	}
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	*ret = store;
	return 0;
}

static TS_RESP *parse_answer(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	TS_RESP *answer = length <= STAMP_MAX_BYTES ? d2i_TS_RESP(NULL, &at, (long)length) : NULL;

	ERR_clear_error();
	if (answer != NULL && at == (const unsigned char *)bytes + length)
		return answer;
	TS_RESP_free(answer);
	return NULL;
}

/* ---- The answer, when it comes ---- */

/* OpenSSL 3.4 gave the function another name and frowns at the old one. Takes a
 * reference of its own. */
static void set_store(TS_VERIFY_CTX *context, X509_STORE *store)
{
	X509_STORE_up_ref(store);
#if OPENSSL_VERSION_PREREQ(3, 4)
	TS_VERIFY_CTX_set0_store(context, store);
#else
	TS_VERIFY_CTX_set_store(context, store);
#endif
}

static bool check_answer(TS_REQ *request, TS_RESP *answer, X509_STORE *store, GError **error)
{
	TS_VERIFY_CTX *context = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
	bool ok = false;

	if (context != NULL) {
		TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
		set_store(context, store);
		ok = TS_RESP_verify_response(context, answer) == 1;
	}
	if (!ok)
		g_set_error(error, STAMP_ERROR, STAMP_ERROR_ANSWER,
			    "the authority's answer does not hold: %s", last_reason());
	TS_VERIFY_CTX_free(context);
	return ok;
}

bool stamp_answers(GBytes *request, GBytes *answer, const char *ca_file, GError **error)
{
	gsize request_bytes, answer_bytes;
	const unsigned char *der = g_bytes_get_data(request, &request_bytes);
	TS_REQ *question = d2i_TS_REQ(NULL, &der, (long)request_bytes);
	const void *bytes = g_bytes_get_data(answer, &answer_bytes);
	TS_RESP *parsed = parse_answer(bytes, answer_bytes);
	X509_STORE *store = NULL;
	int result = load_store(ca_file, &store);
	bool ok = false;

	if (result < 0)
		g_set_error(error, STAMP_ERROR, STAMP_ERROR_FILE, "%s %s", ca_file,
			    result == -ENOENT ? "cannot be read" : "holds no certificate");
	else if (question == NULL || parsed == NULL)
		g_set_error(error, STAMP_ERROR, STAMP_ERROR_ANSWER,
			    "the authority's answer is not a time stamp");
	else
		ok = check_answer(question, parsed, store, error);
	X509_STORE_free(store);
	TS_RESP_free(parsed);
	TS_REQ_free(question);
	ERR_clear_error();
	return ok;
}

/* ---- The answer, years later ---- */

static const char *find_trouble(TS_RESP *answer, const uint8_t hash[HASH_BYTES])
{
	long status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(answer)));
	TS_TST_INFO *info = TS_RESP_get_tst_info(answer);
	PKCS7 *token = TS_RESP_get_token(answer);

	if ((status != TS_STATUS_GRANTED && status != TS_STATUS_GRANTED_WITH_MODS) ||
	    info == NULL || token == NULL)
		return "the authority granted nothing";
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
	const ASN1_OCTET_STRING *message = TS_MSG_IMPRINT_get_msg(imprint);
	if (OBJ_obj2nid(TS_MSG_IMPRINT_get_algo(imprint)->algorithm) != NID_sha256 ||
	    ASN1_STRING_length(message) != (int)HASH_BYTES ||
	    memcmp(ASN1_STRING_get0_data(message), hash, HASH_BYTES) != 0)
		return "it stamps something else";
	/* The signature alone, by the certificate inside; who that is comes later. */
	if (PKCS7_verify(token, NULL, NULL, NULL, NULL, PKCS7_NOVERIFY | PKCS7_BINARY) != 1)
		return "its signature does not hold";
	return NULL;
}

static bool take_time(TS_RESP *answer, time_t *ret)
{
	struct tm time;

	if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(TS_RESP_get_tst_info(answer)), &time) != 1)
		return false;
	*ret = timegm(&time);
	return *ret > 0;
}

static char *subject_of(TS_RESP *answer)
{
	STACK_OF(X509) *signers = PKCS7_get0_signers(TS_RESP_get_token(answer), NULL, 0);
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;

	if (sk_X509_num(signers) > 0)
		X509_NAME_print_ex(bio, X509_get_subject_name(sk_X509_value(signers, 0)), 0,
				   XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	long length = BIO_get_mem_data(bio, &bytes);
	char *subject = g_strndup(bytes, (gsize)MAX(length, 0));
	BIO_free(bio);
	sk_X509_free(signers);
	return subject;
}

/* Signature, ESS attribute, key usage and path; `at` 0: as the store says. Takes `store`. */
static bool holds_under(TS_RESP *answer, X509_STORE *store, time_t at)
{
	X509 *signer = NULL;

	if (at != 0)
		X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), at);
	bool ok = TS_RESP_verify_signature(TS_RESP_get_token(answer), NULL, store, &signer) == 1;
	X509_free(signer);
	X509_STORE_free(store);
	return ok;
}

/* With the certificate inside taken for trusted only the answer itself is left to fail: that it
 * names this certificate and no other, and that it is one for time stamps (RFC 3161 2.3, 2.4.2). */
static bool names_its_signer(TS_RESP *answer)
{
	STACK_OF(X509) *signers = PKCS7_get0_signers(TS_RESP_get_token(answer), NULL, 0);
	X509_STORE *store = X509_STORE_new();
	bool ok = sk_X509_num(signers) == 1 &&
		  X509_STORE_add_cert(store, sk_X509_value(signers, 0)) == 1;

	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
	sk_X509_free(signers);
	if (ok)
		return holds_under(answer, store, 0);
	X509_STORE_free(store);
	return false;
}

/* Takes `store`. */
static void judge_authority(TS_RESP *answer, X509_STORE *store, time_t at, struct stamp *ret)
{
	ret->trusted = holds_under(answer, store, at);
	if (!ret->trusted)
		ret->why = g_strdup(last_reason());
}

/* Takes `store` (may be NULL). */
static const char *judge(TS_RESP *answer, const uint8_t hash[HASH_BYTES], X509_STORE *store,
			 struct stamp *ret)
{
	const char *trouble = find_trouble(answer, hash);
	time_t at = 0;

	if (trouble == NULL && !take_time(answer, &at))
		trouble = "it tells no time";
	if (trouble == NULL && !names_its_signer(answer))
		trouble = "it does not name its authority's certificate, or that is not one for "
			  "time stamps";
	if (trouble != NULL) {
		X509_STORE_free(store);
		return trouble;
	}
	ret->utc_us = (uint64_t)at * 1000000u;
	ret->authority = subject_of(answer);
	if (store != NULL)
		judge_authority(answer, store, at, ret);
	else
		ret->why = g_strdup("no authority was named as trusted");
	return NULL;
}

int stamp_judge(const void *answer, size_t length, const char *sha256, const char *ca_file,
		struct stamp *ret, char **ret_why)
{
	uint8_t hash[HASH_BYTES];
	X509_STORE *store = NULL;
	int result = ca_file != NULL ? load_store(ca_file, &store) : 0;

	*ret = (struct stamp){0};
	if (result < 0)
		return result;
	TS_RESP *parsed = parse_answer(answer, length);
	const char *trouble = "it is not a time stamp";
	if (parsed != NULL && parse_hash(sha256, hash))
		trouble = judge(parsed, hash, g_steal_pointer(&store), ret);
	X509_STORE_free(store);
	TS_RESP_free(parsed);
	ERR_clear_error();
	if (trouble == NULL)
		return 0;
	*ret_why = g_strdup(trouble);
	return -EBADMSG;
}

void stamp_clear(struct stamp *stamp)
{
	g_free(stamp->authority);
	g_free(stamp->why);
	*stamp = (struct stamp){0};
}
