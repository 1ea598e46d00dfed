/* A time stamp authority for tests: HTTP by GIO, stamps by OpenSSL. */
#include "tests/support/fake_tsa.h"

#include <gio/gio.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#define BODY_MAX_BYTES 65536u

struct fake_tsa {
	GSocketService *service;
	GMainContext *context;
	GMainLoop *loop;
	GThread *thread;
	char *url, *ca_pem, *posted;
	EVP_PKEY *key;
	X509 *certificate;
	GMutex lock;
	enum fake_tsa_mood mood;
	int64_t utc_s;
	unsigned n_requests;
};

/* ---- Certificates ---- */

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	g_assert_nonnull(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static X509 *new_certificate(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *certificate = X509_new();

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), g_random_int_range(1, G_MAXINT32));
	/* Long before and after, so that stamps of other years are valid. */
	X509_gmtime_adj(X509_getm_notBefore(certificate), -20L * 365 * 86400);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 10L * 365 * 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate,
			     X509_get_subject_name(issuer != NULL ? issuer : certificate));
	X509_set_pubkey(certificate, key);
	if (issuer == NULL) {
		add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
	} else {
		add_extension(certificate, NID_key_usage, "critical,digitalSignature");
		add_extension(certificate, NID_ext_key_usage, "critical,timeStamping");
	}
	g_assert_cmpint(X509_sign(certificate, issuer_key, EVP_sha256()), >, 0);
	return certificate;
}

static void make_certificates(struct fake_tsa *tsa)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256");
	X509 *ca = new_certificate(ca_key, "test TSA CA", NULL, ca_key);
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;

	tsa->key = EVP_EC_gen("P-256");
	tsa->certificate = new_certificate(tsa->key, "test TSA", ca, ca_key);
	PEM_write_bio_X509(bio, ca);
	long length = BIO_get_mem_data(bio, &bytes);
	tsa->ca_pem = g_strndup(bytes, (gsize)length);
	BIO_free(bio);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
}

/* ---- Stamps ---- */

static ASN1_INTEGER *next_serial(TS_RESP_CTX *context, void *user)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void)context;
	(void)user;
	ASN1_INTEGER_set(serial, g_random_int_range(1, G_MAXINT32));
	return serial;
}

static int tell_time(TS_RESP_CTX *context, void *user, long *ret_s, long *ret_us)
{
	const struct fake_tsa *tsa = user;

	(void)context;
	*ret_s = (long)(tsa->utc_s != 0 ? tsa->utc_s : g_get_real_time() / G_USEC_PER_SEC);
	*ret_us = 0;
	return 1;
}

/* The question as a liar hears it. */
static GBytes *twist(const struct fake_tsa *tsa, const uint8_t *body, size_t length)
{
	const unsigned char *at = body;
	TS_REQ *request = d2i_TS_REQ(NULL, &at, (long)length);
	unsigned char *der = NULL;

	if (request == NULL)
		return NULL;
	if (tsa->mood == FAKE_TSA_WRONG_NONCE) {
		ASN1_INTEGER *nonce = ASN1_INTEGER_new();
		ASN1_INTEGER_set(nonce, 42);
		TS_REQ_set_nonce(request, nonce);
		ASN1_INTEGER_free(nonce);
	}
	if (tsa->mood == FAKE_TSA_WRONG_IMPRINT) {
		unsigned char other[32] = "another thing altogether, sorry";
		TS_MSG_IMPRINT_set_msg(TS_REQ_get_msg_imprint(request), other, sizeof other);
	}
	int n = i2d_TS_REQ(request, &der);
	GBytes *bytes = g_bytes_new(der, (gsize)n);
	OPENSSL_free(der);
	TS_REQ_free(request);
	return bytes;
}

static TS_RESP_CTX *new_context(struct fake_tsa *tsa)
{
	TS_RESP_CTX *context = TS_RESP_CTX_new();
	ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4.1", 1);

	TS_RESP_CTX_set_signer_cert(context, tsa->certificate);
	TS_RESP_CTX_set_signer_key(context, tsa->key);
	TS_RESP_CTX_set_signer_digest(context, EVP_sha256());
	TS_RESP_CTX_set_def_policy(context, policy);
	/* One that knows another hash only rejects the question. */
	TS_RESP_CTX_add_md(context, tsa->mood == FAKE_TSA_REJECTS ? EVP_sha512() : EVP_sha256());
	TS_RESP_CTX_set_serial_cb(context, next_serial, NULL);
	TS_RESP_CTX_set_time_cb(context, tell_time, tsa);
	ASN1_OBJECT_free(policy);
	return context;
}

static GBytes *stamp(struct fake_tsa *tsa, const uint8_t *body, size_t length)
{
	g_autoptr(GBytes) question = twist(tsa, body, length);
	unsigned char *der = NULL;
	gsize n_question;

	if (question == NULL)
		return NULL;
	const void *bytes = g_bytes_get_data(question, &n_question);
	TS_RESP_CTX *context = new_context(tsa);
	BIO *bio = BIO_new_mem_buf(bytes, (int)n_question);
	TS_RESP *answer = TS_RESP_create_response(context, bio);
	int n = i2d_TS_RESP(answer, &der);
	GBytes *result = g_bytes_new(der, (gsize)n);
	OPENSSL_free(der);
	TS_RESP_free(answer);
	BIO_free(bio);
	TS_RESP_CTX_free(context);
	return result;
}

/* ---- HTTP ---- */

static uint8_t *read_request(GInputStream *stream, char **ret_head, size_t *ret_length)
{
	g_autoptr(GDataInputStream) data = g_data_input_stream_new(stream);
	g_autoptr(GString) head = g_string_new(NULL);
	char *line;

	g_filter_input_stream_set_close_base_stream(G_FILTER_INPUT_STREAM(data), FALSE);
	*ret_length = 0;
	while ((line = g_data_input_stream_read_line(data, NULL, NULL, NULL)) != NULL) {
		g_strchomp(line);
		bool last = line[0] == '\0';
		if (g_ascii_strncasecmp(line, "Content-Length:", 15) == 0)
			*ret_length = (size_t)g_ascii_strtoull(line + 15, NULL, 10);
		g_string_append_printf(head, "%s\n", line);
		g_free(line);
		if (last)
			break;
	}
	g_assert_cmpuint(*ret_length, <=, BODY_MAX_BYTES);
	uint8_t *body = g_malloc0(*ret_length + 1);
	g_input_stream_read_all(G_INPUT_STREAM(data), body, *ret_length, NULL, NULL, NULL);
	*ret_head = g_strdup(head->str);
	return body;
}

static GBytes *answer_to(struct fake_tsa *tsa, const char *head, const uint8_t *body, size_t length)
{
	if (strstr(head, "application/timestamp-query") != NULL)
		return tsa->mood == FAKE_TSA_NONSENSE ? g_bytes_new_static("no", 2)
						      : stamp(tsa, body, length);
	g_free(tsa->posted);
	tsa->posted = g_strndup((const char *)body, length);
	return g_bytes_new_static("", 0);
}

static gboolean serve(GSocketService *service, GSocketConnection *connection, GObject *source,
		      gpointer user)
{
	struct fake_tsa *tsa = user;
	g_autofree char *head = NULL;
	size_t length;
	GIOStream *stream = G_IO_STREAM(connection);
	g_autofree uint8_t *body =
		read_request(g_io_stream_get_input_stream(stream), &head, &length);

	(void)service;
	(void)source;
	g_mutex_lock(&tsa->lock);
	tsa->n_requests++;
	g_autoptr(GBytes) answer = answer_to(tsa, head, body, length);
	const char *status = tsa->mood == FAKE_TSA_BUSY ? "503 Busy" : "200 OK";
	g_mutex_unlock(&tsa->lock);
	g_autofree char *reply = g_strdup_printf(
		"HTTP/1.1 %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n",
		status, answer != NULL ? g_bytes_get_size(answer) : 0);
	GOutputStream *out = g_io_stream_get_output_stream(stream);
	g_output_stream_write_all(out, reply, strlen(reply), NULL, NULL, NULL);
	if (answer != NULL)
		g_output_stream_write_bytes(out, answer, NULL, NULL);
	g_io_stream_close(stream, NULL, NULL);
	return TRUE;
}

static gpointer run(gpointer user)
{
	struct fake_tsa *tsa = user;

	g_main_context_push_thread_default(tsa->context);
	g_main_loop_run(tsa->loop);
	g_main_context_pop_thread_default(tsa->context);
	return NULL;
}

struct fake_tsa *fake_tsa_start(void)
{
	struct fake_tsa *tsa = g_new0(struct fake_tsa, 1);
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) wanted = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) got = NULL;

	g_mutex_init(&tsa->lock);
	make_certificates(tsa);
	tsa->context = g_main_context_new();
	tsa->loop = g_main_loop_new(tsa->context, FALSE);
	g_main_context_push_thread_default(tsa->context);
	tsa->service = g_socket_service_new();
	g_assert_true(g_socket_listener_add_address(G_SOCKET_LISTENER(tsa->service), wanted,
						    G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
						    NULL, &got, NULL));
	g_signal_connect(tsa->service, "incoming", G_CALLBACK(serve), tsa);
	g_socket_service_start(tsa->service);
	g_main_context_pop_thread_default(tsa->context);
	tsa->url = g_strdup_printf("http://127.0.0.1:%u/",
				   g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(got)));
	tsa->thread = g_thread_new("tsa", run, tsa);
	return tsa;
}

static gboolean quit(gpointer user)
{
	struct fake_tsa *tsa = user;

	g_main_loop_quit(tsa->loop);
	return G_SOURCE_REMOVE;
}

void fake_tsa_stop(struct fake_tsa *tsa)
{
	/* On its own thread: a loop that does not run yet would miss it. */
	g_autoptr(GSource) source = g_idle_source_new();

	g_source_set_callback(source, quit, tsa, NULL);
	g_source_attach(source, tsa->context);
	g_thread_join(tsa->thread);
	g_socket_listener_close(G_SOCKET_LISTENER(tsa->service));
	g_object_unref(tsa->service);
	g_main_loop_unref(tsa->loop);
	g_main_context_unref(tsa->context);
	X509_free(tsa->certificate);
	EVP_PKEY_free(tsa->key);
	g_mutex_clear(&tsa->lock);
	g_free(tsa->url);
	g_free(tsa->ca_pem);
	g_free(tsa->posted);
	g_free(tsa);
}

const char *fake_tsa_url(const struct fake_tsa *tsa)
{
	return tsa->url;
}

const char *fake_tsa_ca_pem(const struct fake_tsa *tsa)
{
	return tsa->ca_pem;
}

void fake_tsa_set_mood(struct fake_tsa *tsa, enum fake_tsa_mood mood)
{
	g_mutex_lock(&tsa->lock);
	tsa->mood = mood;
	g_mutex_unlock(&tsa->lock);
}

void fake_tsa_set_time(struct fake_tsa *tsa, int64_t utc_s)
{
	g_mutex_lock(&tsa->lock);
	tsa->utc_s = utc_s;
	g_mutex_unlock(&tsa->lock);
}

unsigned fake_tsa_requests(struct fake_tsa *tsa)
{
	g_mutex_lock(&tsa->lock);
	unsigned n = tsa->n_requests;
	g_mutex_unlock(&tsa->lock);
	return n;
}

char *fake_tsa_posted(struct fake_tsa *tsa)
{
	g_mutex_lock(&tsa->lock);
	char *posted = g_strdup(tsa->posted);
	g_mutex_unlock(&tsa->lock);
	return posted;
}
