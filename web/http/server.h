/** The HTTPS server: takes requests apart within fixed bounds, gives each to a worker
 *  thread, and sends the answers.
 *
 *  Network threads never wait for a database or a password hash: a request is suspended
 *  while a worker has it. */
#pragma once

#include "web/http/exchange.h"

#include <stdbool.h>

struct http_server;

struct http_settings {
	const char *address; /**< numeric */
	uint16_t port;
	const char *certificate_pem, *private_key_pem; /**< borrowed while the server lives */
	unsigned workers;			       /**< requests worked on at the same time */
	/** Fills `answer` for `request`. On a worker thread, several at a time. */
	void (*handle)(const struct http_request *request, struct http_answer *answer,
		       void *user_data);
	void *user_data;
};

#define HTTP_ERROR http_error_quark()
GQuark http_error_quark(void);
enum http_error { HTTP_ERROR_LISTEN, HTTP_ERROR_TLS };

/** Listens and serves. NULL and an error in one line: address in use, certificate that
 *  does not fit its key, ... */
struct http_server *http_server_create(const struct http_settings *settings, GError **error);

/** No new connections from now on; requests at hand are still answered. */
void http_server_quiesce(struct http_server *server);

/** Ends all connections and frees the server. Every stream must have come to its end before (or
 *  come to it without further help): a sleeping connection cannot be closed. NULL is fine. */
void http_server_destroy(struct http_server *server);

/** Requests answered since the start. Any thread. */
uint64_t http_server_requests(const struct http_server *server);
