/* Takes requests in: copies what routes may see, refuses what is out of bounds. It
 * must not know any route. */
#include "web/http/intake.h"

#include "web/http/path.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const char *const header_names[HTTP_HEADER_COUNT] = {
	[HTTP_COOKIE] = "Cookie",
	[HTTP_CONTENT_TYPE] = "Content-Type",
	[HTTP_CSRF] = "X-Vitrine-CSRF",
	[HTTP_HOST] = "Host",
	[HTTP_IF_NONE_MATCH] = "If-None-Match",
	[HTTP_ORIGIN] = "Origin",
	[HTTP_RANGE] = "Range",
};

static char *peer_address(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char text[INET6_ADDRSTRLEN] = "";

	if (info == NULL || info->client_addr == NULL)
		return g_strdup("");
	const void *peer = info->client_addr;
	if (info->client_addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)peer)->sin_addr, text,
			  sizeof(text));
	else if (info->client_addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)peer)->sin6_addr, text,
			  sizeof(text));
	return g_strdup(text);
}

static enum MHD_Result take_query(void *user_data, enum MHD_ValueKind kind, const char *key,
				  const char *value)
{
	GHashTable *query = user_data;

	if (g_hash_table_size(query) >= HTTP_QUERY_MAX)
		return MHD_NO;
	if (g_utf8_validate(key, -1, NULL) && (value == NULL || g_utf8_validate(value, -1, NULL)))
		g_hash_table_insert(query, g_strdup(key), g_strdup(value != NULL ? value : ""));
	return MHD_YES;
}

static bool take_method(const char *method, enum http_method *ret)
{
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		*ret = HTTP_GET;
	else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0)
		*ret = HTTP_POST;
	else
		return false;
	return true;
}

static bool announces_too_much(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length != NULL && g_ascii_strtoull(length, NULL, 10) > HTTP_BODY_MAX_BYTES;
}

unsigned intake_headers(struct MHD_Connection *connection, const char *url, const char *method,
			struct http_request *request, const char **ret_refusal)
{
	request->path = g_strdup(url);
	request->source = peer_address(connection);
	request->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	request->body = g_byte_array_new();
	if (!take_method(method, &request->method)) {
		*ret_refusal = "only GET, HEAD and POST are known here\n";
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (!path_ok(url)) {
		*ret_refusal = "malformed path\n";
		return MHD_HTTP_BAD_REQUEST;
	}
	if (announces_too_much(connection)) {
		*ret_refusal = "the body is too large\n";
		return 413;
	}
	for (unsigned i = 0; i < HTTP_HEADER_COUNT; i++)
		request->header[i] = g_strdup(
			MHD_lookup_connection_value(connection, MHD_HEADER_KIND, header_names[i]));
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_query, request->query);
	return 0;
}

bool intake_body(struct http_request *request, const char *bytes, size_t length)
{
	if (length > HTTP_BODY_MAX_BYTES - request->body->len)
		return false;
	g_byte_array_append(request->body, (const uint8_t *)bytes, (guint)length);
	return true;
}

size_t intake_unescape(char *text)
{
	return strstr(text, "%00") != NULL ? strlen(text) : MHD_http_unescape(text);
}
