/** From MHD's view of a request to struct http_request, within fixed bounds; only inside
 *  web/http. */
#pragma once

#include "web/http/exchange.h"

#include <microhttpd.h>
#include <stdbool.h>

/** Fills everything but the body. Returns 0, or the status to refuse with and a line of
 *  text in *ret_refusal. */
unsigned intake_headers(struct MHD_Connection *connection, const char *url, const char *method,
			struct http_request *request, const char **ret_refusal);

/** Adds a piece of body. False: it became longer than HTTP_BODY_MAX_BYTES. */
bool intake_body(struct http_request *request, const char *bytes, size_t length);

/** Percent-decodes in place like MHD, except that text with an encoded NUL stays as it is (and
 *  path_ok refuses its percent sign).
 *  Returns the new length. */
size_t intake_unescape(char *text);
