/* Sends answers out, each with the same security headers. It must not know what is in them. */
#include "web/http/reply.h"

#include "web/http/source_mhd.h"
#include "web/http/stream_mhd.h"

#define CONSOLE_POLICY                                                                             \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "            \
	"media-src 'self' blob:; worker-src 'self' blob:; img-src 'self' data:; "                  \
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "                            \
	"require-trusted-types-for 'script'"

static const struct {
	const char *name, *value;
} security_headers[] = {
	{"Strict-Transport-Security", "max-age=31536000"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), microphone=(), geolocation=()"},
};

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	/* MHD refuses a value with a line break in it, which is what we want of it; the
	 * answer then goes without. */
	if (value != NULL && MHD_add_response_header(response, name, value) != MHD_YES)
		g_warning("http: the header %s could not be added to an answer", name);
}

static void body_free(void *bytes)
{
	g_bytes_unref(bytes);
}

static struct MHD_Response *make_response(struct MHD_Connection *connection,
					  struct http_answer *answer)
{
	struct MHD_Response *response;

	if (answer->stream != NULL)
		return http_stream_response(answer->stream, connection);
	if (answer->source != NULL)
		return http_source_response(g_steal_pointer(&answer->source), answer->file_offset,
					    answer->file_length);
	if (answer->file_fd >= 0) {
		response = MHD_create_response_from_fd_at_offset64(
			answer->file_length, answer->file_fd, answer->file_offset);
		if (response != NULL)
			answer->file_fd = -1;
		return response;
	}
	if (answer->body == NULL)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	gsize length;
	union {
		const void *read_only;
		void *data;
	} body = {.read_only = g_bytes_get_data(answer->body, &length)};
	return MHD_create_response_from_buffer_with_free_callback_cls(
		length, body.data, body_free, g_steal_pointer(&answer->body));
}

enum MHD_Result reply_send(struct MHD_Connection *connection, struct http_answer *answer)
{
	struct MHD_Response *response = make_response(connection, answer);

	if (response == NULL)
		return MHD_NO;
	for (size_t i = 0; i < G_N_ELEMENTS(security_headers); i++)
		add_header(response, security_headers[i].name, security_headers[i].value);
	add_header(response, "Content-Security-Policy",
		   answer->policy != NULL ? answer->policy : CONSOLE_POLICY);
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
	add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
		   answer->cache_control != NULL ? answer->cache_control : "no-store");
	add_header(response, MHD_HTTP_HEADER_ETAG, answer->etag);
	add_header(response, MHD_HTTP_HEADER_LOCATION, answer->location);
	add_header(response, MHD_HTTP_HEADER_SET_COOKIE, answer->set_cookie);
	add_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, answer->content_range);
	if (answer->file_length > 0 || answer->content_range != NULL)
		add_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	if (answer->stream != NULL) /* a proxy in front must pass each picture on at once */
		add_header(response, "X-Accel-Buffering", "no");
	if (answer->retry_after_s > 0) {
		g_autofree char *seconds = g_strdup_printf("%u", answer->retry_after_s);
		add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
	}
	enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}
