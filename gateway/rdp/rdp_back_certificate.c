/* Decides about a target's certificate: whatever is stored must hold, pin or CA and name or both;
 * nothing stored is a refusal. Must not know who asks or what happens after a refusal; opens no
 * file, because it runs inside the sandbox. */
#include "gateway/rdp/rdp_back_certificate.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SHA256_HEX_CHARS 64u
/** A chain is a handful of certificates; more is somebody playing. */
#define CHAIN_MAX_BYTES (256u * 1024u)
#define CHAIN_MAX_CERTIFICATES 16

typedef STACK_OF(X509) certificates;

static void certificates_free(certificates *stack)
{
	sk_X509_pop_free(stack, X509_free);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(certificates, certificates_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE_CTX, X509_STORE_CTX_free)

/* All certificates of a PEM text in their order; NULL when there is none or the text is no PEM. */
static certificates *read_certificates(const void *pem, size_t length)
{
	if (length == 0 || length > CHAIN_MAX_BYTES)
		return NULL;
	BIO *bio = BIO_new_mem_buf(pem, (int)length);
	g_autoptr(certificates) stack = sk_X509_new_null();
	X509 *one = NULL;

	if (!bio || !stack) {
		BIO_free(bio);
		return NULL;
	}
	while (sk_X509_num(stack) < CHAIN_MAX_CERTIFICATES &&
	       (one = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (sk_X509_push(stack, one) > 0)
			continue;
		X509_free(one);
		break;
	}
	BIO_free(bio);
	ERR_clear_error(); /* the end of the text is an error to OpenSSL */
	return sk_X509_num(stack) > 0 ? g_steal_pointer(&stack) : NULL;
}

/* Lower-case hex of the SHA-256 over the DER form: what `openssl x509 -fingerprint -sha256`
 * prints without its colons. */
static char *fingerprint(const X509 *certificate)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_bytes = 0;

	if (!X509_digest(certificate, EVP_sha256(), digest, &digest_bytes))
		return NULL;
	GString *hex = g_string_sized_new(SHA256_HEX_CHARS);
	for (unsigned i = 0; i < digest_bytes; i++)
		g_string_append_printf(hex, "%02x", digest[i]);
	return g_string_free(hex, FALSE);
}

static char *plain_hex(const char *text)
{
	GString *hex = g_string_new(NULL);

	for (; *text; text++)
		if (g_ascii_isxdigit(*text))
			g_string_append_c(hex, g_ascii_tolower(*text));
		else if (*text != ':' && *text != ' ')
			g_string_append_c(hex, '?'); /* then it equals no fingerprint */
	return g_string_free(hex, FALSE);
}

static int check_pin(const char *pin, const char *shown, char **ret_detail)
{
	g_autofree char *expected = plain_hex(pin);

	if (strlen(expected) == SHA256_HEX_CHARS && strcmp(expected, shown) == 0)
		return 0;
	*ret_detail = g_strdup_printf("target's certificate has SHA-256 %s, pinned is %s", shown,
				      expected);
	return -EACCES;
}

static bool is_address(const char *host)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
	bool is = address != NULL;

	ASN1_OCTET_STRING_free(address);
	return is;
}

/* Name, purpose and validity; an intermediate CA may be the trust anchor, because the
 * operator chose it as such. */
static bool set_expectations(X509_VERIFY_PARAM *param, const char *host)
{
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER) == 1 &&
	       (is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(param, host)
				 : X509_VERIFY_PARAM_set1_host(param, host, 0)) == 1;
}

static int check_chain(const struct back_target *target, certificates *shown, char **ret_detail)
{
	g_autoptr(certificates) anchors = read_certificates(target->ca_pem, strlen(target->ca_pem));
	g_autoptr(X509_STORE) store = X509_STORE_new();
	g_autoptr(X509_STORE_CTX) verification = X509_STORE_CTX_new();

	if (!anchors || !store || !verification) {
		*ret_detail = g_strdup("the CA stored for the target is no certificate in PEM");
		return -EACCES;
	}
	for (int i = 0; i < sk_X509_num(anchors); i++)
		if (!X509_STORE_add_cert(store, sk_X509_value(anchors, i)))
			return -ENOMEM;
	if (!X509_STORE_CTX_init(verification, store, sk_X509_value(shown, 0), shown) ||
	    !set_expectations(X509_STORE_CTX_get0_param(verification), target->host))
		return -ENOMEM;
	if (X509_verify_cert(verification) == 1)
		return 0;
	int error = X509_STORE_CTX_get_error(verification);
	*ret_detail = g_strdup_printf("target's certificate does not prove '%s': %s", target->host,
				      X509_verify_cert_error_string(error));
	return -EACCES;
}

static bool is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

int rdp_certificate_check(const struct back_target *target, const void *pem, size_t length,
			  char **ret_detail)
{
	g_autoptr(certificates) shown = read_certificates(pem, length);
	g_autofree char *hex = shown ? fingerprint(sk_X509_value(shown, 0)) : NULL;

	if (!hex) {
		*ret_detail = g_strdup("target showed something that is no certificate");
		return -EPROTO;
	}
	bool with_pin = is_given(target->certificate_sha256), with_ca = is_given(target->ca_pem);
	int result = with_pin ? check_pin(target->certificate_sha256, hex, ret_detail) : 0;
	if (result == 0 && with_ca)
		result = check_chain(target, shown, ret_detail);
	if (with_pin || with_ca)
		return result;
	*ret_detail = g_strdup_printf("neither a pin nor a CA is stored for the target; it showed "
				      "SHA-256 %s",
				      hex);
	return -EACCES;
}
