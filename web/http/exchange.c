/* Requests and answers as plain values. It must not know the HTTP library, nor what any route
 * means. */
#include "web/http/exchange.h"

#include "web/http/range.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *http_request_query(const struct http_request *request, const char *name)
{
	return g_hash_table_lookup(request->query, name);
}

void http_request_finish(struct http_request *request)
{
	g_free(request->path);
	g_free(request->source);
	for (unsigned i = 0; i < HTTP_HEADER_COUNT; i++)
		g_free(request->header[i]);
	g_clear_pointer(&request->query, g_hash_table_unref);
	g_clear_pointer(&request->body, g_byte_array_unref);
}

void http_answer_init(struct http_answer *answer)
{
	*answer = (struct http_answer){.status = 500, .file_fd = -1};
}

void http_answer_finish(struct http_answer *answer)
{
	g_free(answer->content_type);
	g_free(answer->cache_control);
	g_free(answer->etag);
	g_free(answer->location);
	g_free(answer->set_cookie);
	g_free(answer->content_range);
	g_clear_pointer(&answer->body, g_bytes_unref);
	if (answer->file_fd >= 0)
		close(answer->file_fd);
	answer->file_fd = -1;
	g_clear_pointer(&answer->source, http_source_destroy);
	g_clear_pointer(&answer->stream, http_stream_release);
}

static void start(struct http_answer *answer, unsigned status, const char *content_type)
{
	g_free(answer->content_type);
	g_clear_pointer(&answer->body, g_bytes_unref);
	answer->status = status;
	answer->content_type = g_strdup(content_type);
}

void http_answer_text(struct http_answer *answer, unsigned status, const char *content_type,
		      const char *text)
{
	start(answer, status, content_type);
	answer->body = g_bytes_new(text, strlen(text));
}

void http_answer_bytes(struct http_answer *answer, unsigned status, const char *content_type,
		       GBytes *bytes)
{
	start(answer, status, content_type);
	answer->body = bytes;
}

void http_answer_stream(struct http_answer *answer, const char *content_type,
			struct http_stream *stream)
{
	start(answer, 200, content_type);
	answer->stream = stream;
}

/* Sets the part of the body that the Range header names. False: none of it, and answered. */
static bool choose_part(struct http_answer *answer, const struct http_request *request,
			const char *content_type, uint64_t size_bytes)
{
	start(answer, 200, content_type);
	answer->file_length = size_bytes;
	switch (range_parse(request->header[HTTP_RANGE], size_bytes, &answer->file_offset,
			    &answer->file_length)) {
	case RANGE_NONE:
		break;
	case RANGE_PART:
		answer->status = 206;
		answer->content_range = g_strdup_printf(
			"bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, answer->file_offset,
			answer->file_offset + answer->file_length - 1, size_bytes);
		break;
	case RANGE_UNSATISFIABLE:
		http_answer_text(answer, 416, "text/plain; charset=utf-8", "no such range\n");
		answer->content_range = g_strdup_printf("bytes */%" PRIu64, size_bytes);
		return false;
	}
	return true;
}

void http_answer_file(struct http_answer *answer, const struct http_request *request,
		      const char *content_type, int fd)
{
	struct stat info;

	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		close(fd);
		http_answer_text(answer, 404, "text/plain; charset=utf-8", "no such file\n");
		return;
	}
	if (choose_part(answer, request, content_type, (uint64_t)info.st_size))
		answer->file_fd = fd;
	else
		close(fd);
}

void http_answer_source(struct http_answer *answer, const struct http_request *request,
			const char *content_type, struct http_source *source, uint64_t size_bytes)
{
	if (choose_part(answer, request, content_type, size_bytes))
		answer->source = source;
	else
		http_source_destroy(source);
}
