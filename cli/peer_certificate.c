/* Up to the TLS handshake of an RDP or VNC target and no further. It logs in nowhere and stores
 * nothing. */
#include "cli/peer_certificate.h"

#include "sql/target_store.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_S 10
/* RFB's security type (RFC 6143 7.2; rfbproto) and those subtypes that show a certificate. */
#define SECURITY_VENCRYPT 19
#define VENCRYPT_X509_NONE 260u
#define VENCRYPT_X509_PLAIN 262u

void peer_certificate_free(struct peer_certificate *certificate)
{
	if (certificate == NULL)
		return;
	g_free(certificate->subject);
	g_free(certificate->issuer);
	g_free(certificate->expires);
	g_free(certificate->sha256);
	g_free(certificate);
}

static bool put(GIOStream *stream, const void *bytes, size_t length, GError **error)
{
	return g_output_stream_write_all(g_io_stream_get_output_stream(stream), bytes, length, NULL,
					 NULL, error);
}

static bool get(GIOStream *stream, void *bytes, size_t length, GError **error)
{
	gsize done = 0;

	if (!g_input_stream_read_all(g_io_stream_get_input_stream(stream), bytes, length, &done,
				     NULL, error))
		return false;
	if (done == length)
		return true;
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CLOSED,
			    "the target closed the connection");
	return false;
}

static bool refuse(GError **error, const char *text)
{
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, text);
	return false;
}

/* [MS-RDPBCGR] 2.2.1.1: X.224 Connection Request with an RDP_NEG_REQ that offers TLS and CredSSP;
 * 2.2.1.2: the confirm. */
static bool rdp_start_tls(GIOStream *stream, GError **error)
{
	static const uint8_t request[] = {3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0,
					  0, 1, 0, 8,  0,  3,	 0, 0, 0};
	uint8_t confirm[19];

	if (!put(stream, request, sizeof request, error) || !get(stream, confirm, 11, error))
		return false;
	if (confirm[0] != 3 || confirm[5] != 0xd0)
		return refuse(error, "the target does not speak RDP");
	if (confirm[3] != sizeof confirm || confirm[2] != 0)
		return refuse(error, "the target offers neither TLS nor NLA");
	if (!get(stream, confirm + 11, 8, error))
		return false;
	if (confirm[11] != 2 || confirm[15] == 0)
		return refuse(error, "the target offers neither TLS nor NLA");
	return true;
}

/* RFC 6143 7.1.1 and 7.1.2. Only 3.7 and later let the client choose. */
static bool vnc_offers_vencrypt(GIOStream *stream, GError **error)
{
	char version[13] = {0};
	uint8_t count, types[255];

	if (!get(stream, version, 12, error))
		return false;
	if (memcmp(version, "RFB 003.", 8) != 0)
		return refuse(error, "the target does not speak VNC");
	if (strcmp(version, "RFB 003.007\n") < 0)
		return refuse(error, "the target speaks a VNC version without TLS");
	if (!put(stream, "RFB 003.008\n", 12, error) || !get(stream, &count, 1, error) ||
	    !get(stream, types, count, error))
		return false;
	return memchr(types, SECURITY_VENCRYPT, count) != NULL
		       ? true
		       : refuse(error, "the target does not offer VeNCrypt");
}

/* VeNCrypt (the community's RFB specification, security type 19), version 0.2: subtypes are
 * numbers of four bytes. */
static bool vnc_start_tls(GIOStream *stream, GError **error)
{
	uint8_t version[2], status, count, subtypes[255 * 4], ready;

	if (!vnc_offers_vencrypt(stream, error) || !put(stream, "\x13", 1, error) ||
	    !get(stream, version, 2, error) || !put(stream, "\0\2", 2, error) ||
	    !get(stream, &status, 1, error))
		return false;
	if (status != 0)
		return refuse(error, "the target speaks another version of VeNCrypt");
	if (!get(stream, &count, 1, error) || !get(stream, subtypes, count * 4u, error))
		return false;
	for (unsigned i = 0; i < count; i++) {
		uint32_t subtype;
		memcpy(&subtype, subtypes + i * 4, sizeof subtype);
		if (GUINT32_FROM_BE(subtype) < VENCRYPT_X509_NONE ||
		    GUINT32_FROM_BE(subtype) > VENCRYPT_X509_PLAIN)
			continue;
		if (!put(stream, subtypes + i * 4, 4, error) || !get(stream, &ready, 1, error))
			return false;
		return ready == 1 ? true : refuse(error, "the target refuses to start TLS");
	}
	return refuse(error, "the target offers TLS without a certificate only");
}

static char *name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;

	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	long length = BIO_get_mem_data(bio, &bytes);
	char *text = g_strndup(bytes, length > 0 ? (gsize)length : 0);
	BIO_free(bio);
	return text;
}

static struct peer_certificate *describe(X509 *x509)
{
	struct peer_certificate *certificate = g_new0(struct peer_certificate, 1);
	uint8_t digest[32];
	unsigned length = 0;
	struct tm expires = {0};
	GString *hex = g_string_new(NULL);

	X509_digest(x509, EVP_sha256(), digest, &length);
	for (unsigned i = 0; i < length; i++)
		g_string_append_printf(hex, "%02x", digest[i]);
	certificate->sha256 = g_string_free(hex, FALSE);
	certificate->subject = name_text(X509_get_subject_name(x509));
	certificate->issuer = name_text(X509_get_issuer_name(x509));
	if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &expires) == 1)
		certificate->expires = g_strdup_printf(
			"%04d-%02d-%02d %02d:%02d:%02d", expires.tm_year + 1900, expires.tm_mon + 1,
			expires.tm_mday, expires.tm_hour, expires.tm_min, expires.tm_sec);
	else
		certificate->expires = g_strdup("unknown");
	return certificate;
}

/* No verification: the operator is about to decide. SECLEVEL 0 admits the short keys
 * of old Windows hosts. */
static struct peer_certificate *shake_hands(int fd, const char *host, GError **error)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = context != NULL ? SSL_new(context) : NULL;
	struct peer_certificate *certificate = NULL;
	g_autofree char *name = g_strdup(host); /* OpenSSL's macro drops const */
	X509 *x509 = NULL;

	if (ssl != NULL) {
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		SSL_set_security_level(ssl, 0);
		if (!g_hostname_is_ip_address(host))
			SSL_set_tlsext_host_name(ssl, name);
		if (SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1)
			x509 = SSL_get1_peer_certificate(ssl);
	}
	if (x509 != NULL)
		certificate = describe(x509);
	else
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "TLS with the target failed: %s",
			    ERR_peek_error() != 0 ? ERR_reason_error_string(ERR_peek_error())
						  : "it closed the connection or did not answer");
	X509_free(x509);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return certificate;
}

struct peer_certificate *peer_certificate_fetch(const char *protocol, const char *host,
						uint16_t port, GError **error)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnection) connection = NULL;
	struct peer_certificate *certificate = NULL;
	bool rdp = strcmp(protocol, "rdp") == 0;

	g_socket_client_set_timeout(client, TIMEOUT_S);
	g_socket_client_set_enable_proxy(client, FALSE);
	connection = g_socket_client_connect_to_host(client, host, port, NULL, error);
	if (connection == NULL) {
		g_prefix_error(error, "cannot reach %s:%u: ", host, (unsigned)port);
		return NULL;
	}
	GIOStream *stream = G_IO_STREAM(connection);
	if (rdp ? rdp_start_tls(stream, error) : vnc_start_tls(stream, error)) {
		/* OpenSSL wants a blocking descriptor; GSocket's own is not. */
		GSocket *socket = g_socket_connection_get_socket(connection);
		struct timeval limit = {.tv_sec = TIMEOUT_S};
		int fd = g_socket_get_fd(socket);
		if (!g_unix_set_fd_nonblocking(fd, FALSE, error))
			return NULL;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
		certificate = shake_hands(fd, host, error);
	}
	if (certificate == NULL)
		g_prefix_error(error, "%s:%u: ", host, (unsigned)port);
	return certificate;
}

char *peer_read_ca_file(const char *path, GError **error)
{
	char *text = NULL;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, error))
		return NULL;
	BIO *bio = length <= TARGET_CA_MAX_BYTES ? BIO_new_mem_buf(text, (int)length) : NULL;
	X509 *first = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	X509_free(first);
	if (first != NULL && strstr(text, "PRIVATE KEY") == NULL)
		return text;
	g_free(text);
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		    "%s must hold PEM certificates, nothing else, and at most 32 KiB", path);
	return NULL;
}
