/* Bodies of known length that are made while they go out. It must not know what they are. */
#include "web/http/source_mhd.h"

#include <glib.h>

#define SOURCE_BLOCK_BYTES 262144u

struct http_source {
	const struct http_source_ops *ops;
	void *user;
	uint64_t offset; /**< where the part that goes out begins */
};

struct http_source *http_source_create(const struct http_source_ops *ops, void *user)
{
	struct http_source *source = g_new0(struct http_source, 1);

	source->ops = ops;
	source->user = user;
	return source;
}

void http_source_destroy(struct http_source *source)
{
	if (source == NULL)
		return;
	source->ops->destroy(source->user);
	g_free(source);
}

static ssize_t pull(void *user_data, uint64_t position, char *buffer, size_t max_bytes)
{
	struct http_source *source = user_data;
	ssize_t n = source->ops->pread(source->user, buffer, max_bytes, source->offset + position);

	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void response_gone(void *user_data)
{
	http_source_destroy(user_data);
}

struct MHD_Response *http_source_response(struct http_source *source, uint64_t offset,
					  uint64_t length)
{
	source->offset = offset;
	struct MHD_Response *response = MHD_create_response_from_callback(
		length, SOURCE_BLOCK_BYTES, pull, source, response_gone);
	if (response == NULL)
		http_source_destroy(source);
	return response;
}
