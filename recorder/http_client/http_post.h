/** One HTTP or HTTPS request with a body, and its answer: how the recorder asks time stamp
 *  authorities and tells witnesses.
 *
 *  Blocking: for threads that may wait. No redirects, no proxies from the environment, no cookies,
 *  HTTPS with the peer's name checked. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum http_post_error {
	/** no connection, or it broke, or no answer in time: try again later */
	HTTP_POST_ERROR_AWAY,
	HTTP_POST_ERROR_REFUSED,   /**< an answer that is not 2xx, or larger than it may be */
	HTTP_POST_ERROR_UNTRUSTED, /**< the certificate of an https peer */
	HTTP_POST_ERROR_STOPPED,   /**< *stop became true */
	/** our certificate or key for https cannot be used; the text says what to mend */
	HTTP_POST_ERROR_OWN_KEY,
};
#define HTTP_POST_ERROR http_post_error_quark()
GQuark http_post_error_quark(void);

/** For https; PEM files, NULL or empty where not set. Read anew for each request, so
 *  that they can be renewed. */
struct http_tls {
	const char *ca_file; /**< whom the peer's certificate must lead to; not set: the system's */
	/** Ours, where the peer asks for one: both or neither; the key without a passphrase,
	 *  0600. */
	const char *certificate_file, *key_file;
};

struct http_post {
	const char *url;
	const char *content_type;
	struct http_tls tls;
	const void *body;
	size_t body_bytes;
	size_t answer_max_bytes;
	unsigned timeout_ms; /**< for the whole exchange */
	const bool *stop;    /**< atomic; looked at about once a second; NULL: never */
};

/** Once per process, before threads. */
void http_init(void);

/** The answer's body (g_byte_array_unref), or NULL and an error; the URL is named in it without a
 *  user or password that may stand in it. */
GByteArray *http_post(const struct http_post *request, GError **error);
