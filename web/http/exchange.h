/** One request and its answer, as the routes see them: plain values, no HTTP library.
 *
 *  Belongs to one thread at a time: the server's thread while the request comes in and the answer
 *  goes out, one worker thread between. */
#pragma once

#include "web/http/source.h"
#include "web/http/stream.h"

#include <glib.h>
#include <stdint.h>

enum http_method { HTTP_GET, HTTP_POST };

/** A body larger than this is answered with 413: the largest real one is a login or a reason. */
#define HTTP_BODY_MAX_BYTES 16384u
#define HTTP_QUERY_MAX 16u

/** Headers that routes ask for. */
enum http_header {
	HTTP_COOKIE,
	HTTP_CONTENT_TYPE,
	HTTP_CSRF,
	HTTP_HOST,
	HTTP_IF_NONE_MATCH,
	HTTP_ORIGIN,
	HTTP_RANGE,
	HTTP_HEADER_COUNT
};

struct http_request {
	enum http_method method;	 /**< HEAD counts as GET: the server leaves the body away */
	char *path;			 /**< decoded, and path_ok */
	char *source;			 /**< numeric address of the peer */
	char *header[HTTP_HEADER_COUNT]; /**< NULL where absent */
	GHashTable *query;		 /**< text to text */
	GByteArray *body;
};

/** At most one of body, file, source and stream is set. */
struct http_answer {
	unsigned status;
	char *content_type;
	char *cache_control;   /**< NULL: "no-store" */
	char *etag, *location; /**< NULL: none */
	char *set_cookie, *content_range;
	/** a Content-Security-Policy in place of the console's; NULL: the console's */
	const char *policy;
	uint32_t retry_after_s; /**< 0: none */
	GBytes *body;
	int file_fd; /**< -1: none; closed by the server */
	struct http_source *source;
	uint64_t file_offset, file_length; /**< the part of file or source that goes out */
	struct http_stream *stream;	   /**< takes one reference */
};

/** The query's parameter `name`, decoded and borrowed; NULL when it is absent. */
const char *http_request_query(const struct http_request *request, const char *name);

/** Sets status and body; takes nothing. */
void http_answer_text(struct http_answer *answer, unsigned status, const char *content_type,
		      const char *text);
/** Takes `bytes`. */
void http_answer_bytes(struct http_answer *answer, unsigned status, const char *content_type,
		       GBytes *bytes);
/** Takes the stream. */
void http_answer_stream(struct http_answer *answer, const char *content_type,
			struct http_stream *stream);
/** Takes `fd`, a regular file, and answers with the part that the request's Range header
 *  names: 200, 206 or 416. */
void http_answer_file(struct http_answer *answer, const struct http_request *request,
		      const char *content_type, int fd);

/** The same for bytes that are no file; takes the source, which has `size_bytes`. */
void http_answer_source(struct http_answer *answer, const struct http_request *request,
			const char *content_type, struct http_source *source, uint64_t size_bytes);

/** What the server does around a route: frees what the request owns; makes an answer without status
 *  and body; frees what an answer still owns. */
void http_request_finish(struct http_request *request);
void http_answer_init(struct http_answer *answer);
void http_answer_finish(struct http_answer *answer);
