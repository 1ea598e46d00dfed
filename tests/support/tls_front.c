/* TLS by OpenSSL in front of a socket by GIO; one connection after the other. It must not know
 * what goes through it. */
#include "tests/support/tls_front.h"
#include "tests/support/patience.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct tls_front {
	struct signing_key ca;
	SSL_CTX *context;
	GSocketListener *listener;
	GCancellable *stop;
	GThread *thread;
	guint16 behind_port;
	char *url;
};

/* ---- Certificates ---- */

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return key;
}

static X509 *read_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return certificate;
}

static X509 *name_server(const struct tls_front *front, const struct signing_key *own,
			 const char *name)
{
	X509 *certificate = read_certificate(own->certificate_pem);
	EVP_PKEY *ca = read_key(front->ca.key_pem);
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);

	X509_add_ext(certificate, names, -1);
	X509_EXTENSION_free(names);
	g_assert_cmpint(X509_sign(certificate, ca, EVP_sha256()), >, 0);
	EVP_PKEY_free(ca);
	return certificate;
}

static void make_context(struct tls_front *front, const struct tls_front_settings *settings)
{
	struct signing_key own;

	signing_key_init(&own, "server", &front->ca);
	X509 *certificate = name_server(
		front, &own, settings->wrong_name ? "DNS:elsewhere.example" : "IP:127.0.0.1");
	X509 *ca = read_certificate(front->ca.certificate_pem);
	EVP_PKEY *key = read_key(own.key_pem);
	front->context = SSL_CTX_new(TLS_server_method());
	g_assert_cmpint(SSL_CTX_use_certificate(front->context, certificate), ==, 1);
	g_assert_cmpint(SSL_CTX_use_PrivateKey(front->context, key), ==, 1);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(front->context), ca);
	if (settings->asks_for_certificate)
		SSL_CTX_set_verify(front->context,
				   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	EVP_PKEY_free(key);
	X509_free(ca);
	X509_free(certificate);
	signing_key_finish(&own);
}

void tls_front_issue(const struct tls_front *front, struct signing_key *ret)
{
	signing_key_init(ret, "client", &front->ca);
}

/* ---- Connections ---- */

/* False: that side is done. */
static bool forward(SSL *tls, int behind)
{
	char bytes[16384];
	int n = SSL_read(tls, bytes, sizeof bytes);

	return n > 0 && write(behind, bytes, (size_t)n) == n;
}

static bool back(SSL *tls, int behind)
{
	char bytes[16384];
	ssize_t n = read(behind, bytes, sizeof bytes);

	return n > 0 && SSL_write(tls, bytes, (int)n) == n;
}

static void relay(SSL *tls, int behind)
{
	bool open = true;

	while (open) {
		struct pollfd ready[2] = {{SSL_get_fd(tls), POLLIN, 0}, {behind, POLLIN, 0}};
		bool pending = SSL_pending(tls) > 0;
		if (!pending && poll(ready, 2, PATIENCE_MS) <= 0)
			return;
		if (pending || ready[0].revents != 0)
			open = forward(tls, behind);
		else if (ready[1].revents != 0)
			open = back(tls, behind);
	}
}

static void pass_on(struct tls_front *front, SSL *tls)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnection) behind = g_socket_client_connect_to_host(
		client, "127.0.0.1", front->behind_port, NULL, NULL);

	if (behind == NULL)
		return;
	int fd = g_socket_get_fd(g_socket_connection_get_socket(behind));
	g_unix_set_fd_nonblocking(fd, FALSE, NULL);
	relay(tls, fd);
	SSL_shutdown(tls);
}

static void serve(struct tls_front *front, GSocketConnection *connection)
{
	int fd = g_socket_get_fd(g_socket_connection_get_socket(connection));
	SSL *tls = SSL_new(front->context);
	char first;

	/* GIO's descriptors never block, whatever it says of its own calls. */
	g_unix_set_fd_nonblocking(fd, FALSE, NULL);
	SSL_set_fd(tls, fd);
	/* Who looks at the certificate and goes says nothing. */
	if (SSL_accept(tls) == 1 && SSL_peek(tls, &first, 1) == 1)
		pass_on(front, tls);
	SSL_free(tls);
}

static gpointer run(gpointer user)
{
	struct tls_front *front = user;
	GSocketConnection *connection;

	while ((connection = g_socket_listener_accept(front->listener, NULL, front->stop, NULL)) !=
	       NULL) {
		serve(front, connection);
		g_object_unref(connection);
	}
	return NULL;
}

struct tls_front *tls_front_start(const struct tls_front_settings *settings)
{
	struct tls_front *front = g_new0(struct tls_front, 1);
	g_autoptr(GUri) behind = g_uri_parse(settings->url, G_URI_FLAGS_NONE, NULL);
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) wanted = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) got = NULL;

	signing_key_init(&front->ca, "TLS CA", NULL);
	make_context(front, settings);
	front->behind_port = (guint16)g_uri_get_port(behind);
	front->listener = g_socket_listener_new();
	front->stop = g_cancellable_new();
	g_assert_true(g_socket_listener_add_address(front->listener, wanted, G_SOCKET_TYPE_STREAM,
						    G_SOCKET_PROTOCOL_TCP, NULL, &got, NULL));
	front->url = g_strdup_printf("https://127.0.0.1:%u/",
				     g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(got)));
	front->thread = g_thread_new("tls", run, front);
	return front;
}

void tls_front_stop(struct tls_front *front)
{
	g_cancellable_cancel(front->stop);
	g_thread_join(front->thread);
	g_socket_listener_close(front->listener);
	g_object_unref(front->listener);
	g_object_unref(front->stop);
	SSL_CTX_free(front->context);
	signing_key_finish(&front->ca);
	g_free(front->url);
	g_free(front);
}

const char *tls_front_url(const struct tls_front *front)
{
	return front->url;
}

const char *tls_front_ca_pem(const struct tls_front *front)
{
	return front->ca.certificate_pem;
}
