/* OpenSSL set up for one connection. Certificates come as PEM text; nothing here opens a file. */
#include "gateway/vnc/vnc_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SSL_CTX, SSL_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

static SSL_CTX *context_new(const SSL_METHOD *method)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (context == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	/* RFB has no last message: a viewer that is closed just hangs up, and that is no attack. */
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					     SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	return context;
}

int vnc_tls_prepare(void)
{
	g_autoptr(SSL_CTX) context = NULL;

	if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
		return -EIO;
	context = context_new(TLS_method());
	return context != NULL ? 0 : -EIO;
}

/* First certificate is ours, the rest its chain. */
static bool use_chain(SSL_CTX *context, const char *pem)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(pem, -1);
	g_autoptr(X509) own = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	if (own == NULL || SSL_CTX_use_certificate(context, own) != 1)
		return false;
	for (;;) {
		X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (next == NULL)
			break;
		if (SSL_CTX_add0_chain_cert(context, next) != 1) {
			X509_free(next);
			return false;
		}
	}
	ERR_clear_error(); /* the end of the PEM text counts as an error */
	return true;
}

static bool use_key(SSL_CTX *context, const char *pem)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(pem, -1);
	char no_password[] = "";
	g_autoptr(EVP_PKEY) key = PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password);

	return key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1 &&
	       SSL_CTX_check_private_key(context) == 1;
}

/* Gives the stream its SSL object; the context lives as long as it. */
static int start(struct vnc_stream *stream, SSL_CTX *context)
{
	stream->ssl = SSL_new(context);
	if (stream->ssl == NULL || SSL_set_fd(stream->ssl, stream->fd) != 1)
		return -ENOMEM;
	return 0;
}

int vnc_tls_accept(struct vnc_stream *stream, const char *certificate_pem,
		   const char *private_key_pem)
{
	g_autoptr(SSL_CTX) context = context_new(TLS_server_method());

	if (context == NULL || !use_chain(context, certificate_pem) ||
	    !use_key(context, private_key_pem))
		return -EINVAL;
	if (start(stream, context) < 0)
		return -EINVAL;
	SSL_set_accept_state(stream->ssl);
	return vnc_stream_handshake(stream);
}

bool vnc_tls_identity_given(const struct vnc_tls_identity *identity)
{
	return (identity->certificate_sha256 != NULL && identity->certificate_sha256[0] != '\0') ||
	       (identity->ca_pem != NULL && identity->ca_pem[0] != '\0');
}

static bool trust_ca(SSL_CTX *context, const char *pem)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(pem, -1);
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	unsigned n = 0;

	for (;; n++) {
		g_autoptr(X509) ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (ca == NULL)
			break;
		if (X509_STORE_add_cert(store, ca) != 1)
			return false;
	}
	ERR_clear_error();
	return n > 0;
}

/* A name or an address, as X.509 tells them apart; SNI must not carry addresses (RFC 6066 3). */
static bool expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	g_autofree char *name = g_strdup(host);

	if (host == NULL || host[0] == '\0')
		return false;
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return true;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* Compares the certificate's SHA-256 with a pin written by a person. */
static bool pin_holds(X509 *certificate, const char *pin)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0, at = 0;

	if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1)
		return false;
	for (; *pin != '\0'; pin++) {
		int high, low;

		if (*pin == ':' || *pin == ' ')
			continue;
		high = g_ascii_xdigit_value(pin[0]);
		low = high < 0 ? -1 : g_ascii_xdigit_value(pin[1]);
		if (low < 0 || at >= length || digest[at] != (high << 4 | low))
			return false;
		at++;
		pin++;
	}
	return at == length;
}

static char *certificate_words(X509 *certificate)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	GString *words = g_string_new("certificate sha256 ");

	X509_digest(certificate, EVP_sha256(), digest, &length);
	for (unsigned i = 0; i < length; i++)
		g_string_append_printf(words, "%02x", digest[i]);
	return g_string_free(words, FALSE);
}

static int check_pin(struct vnc_stream *stream, const struct vnc_tls_identity *identity,
		     char **ret_detail)
{
	g_autoptr(X509) certificate = SSL_get1_peer_certificate(stream->ssl);
	g_autofree char *words = NULL;

	if (certificate == NULL) {
		*ret_detail = g_strdup("the target showed no certificate");
		return -EACCES;
	}
	if (identity->certificate_sha256 == NULL || identity->certificate_sha256[0] == '\0' ||
	    pin_holds(certificate, identity->certificate_sha256))
		return 0;
	words = certificate_words(certificate);
	*ret_detail = g_strdup_printf("the target's %s is not the pinned one", words);
	return -EACCES;
}

int vnc_tls_connect(struct vnc_stream *stream, const struct vnc_tls_identity *identity,
		    char **ret_detail)
{
	g_autoptr(SSL_CTX) context = context_new(TLS_client_method());
	bool with_ca = identity->ca_pem != NULL && identity->ca_pem[0] != '\0';
	long verdict;
	int error;

	if (!vnc_tls_identity_given(identity)) {
		*ret_detail = g_strdup("no certificate is known for this target");
		return -EACCES;
	}
	if (context == NULL || (with_ca && !trust_ca(context, identity->ca_pem)) ||
	    start(stream, context) < 0) {
		*ret_detail = g_strdup("the CA stored for this target is unreadable");
		return -EINVAL;
	}
	if (with_ca && !expect_host(stream->ssl, identity->host)) {
		*ret_detail = g_strdup("the target has no host name to check");
		return -EINVAL;
	}
	SSL_set_verify(stream->ssl, with_ca ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_set_connect_state(stream->ssl);
	error = vnc_stream_handshake(stream);
	verdict = SSL_get_verify_result(stream->ssl);
	if (with_ca && verdict != X509_V_OK && error != -ECANCELED && error != -ETIMEDOUT) {
		*ret_detail = g_strdup_printf("the target's certificate: %s",
					      X509_verify_cert_error_string(verdict));
		return -EACCES;
	}
	if (error < 0) {
		unsigned long code = ERR_peek_error();

		if (error == -EPROTO && code != 0)
			*ret_detail = g_strdup_printf("TLS: %s", ERR_reason_error_string(code));
		return error;
	}
	return check_pin(stream, identity, ret_detail);
}
