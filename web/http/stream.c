/* Streams: puts a connection to sleep while its source is empty and wakes it again. It
 * must not know what flows. */
#include "web/http/stream_mhd.h"

#include <glib.h>
#include <stdbool.h>

#define STREAM_BLOCK_BYTES 65536u

struct http_stream {
	gatomicrefcount references;
	const struct http_stream_ops *ops;
	void *source;
	GMutex lock; /* guards the two below; taken before any lock of the source */
	struct MHD_Connection *connection;
	bool asleep;
	bool answered; /* a response was made; only server threads look at it */
};

struct http_stream *http_stream_create(const struct http_stream_ops *ops, void *source)
{
	struct http_stream *stream = g_new0(struct http_stream, 1);

	g_atomic_ref_count_init(&stream->references);
	g_mutex_init(&stream->lock);
	stream->ops = ops;
	stream->source = source;
	return stream;
}

struct http_stream *http_stream_ref(struct http_stream *stream)
{
	g_atomic_ref_count_inc(&stream->references);
	return stream;
}

void http_stream_unref(struct http_stream *stream)
{
	if (!g_atomic_ref_count_dec(&stream->references))
		return;
	stream->ops->destroy(stream->source);
	g_mutex_clear(&stream->lock);
	g_free(stream);
}

void http_stream_release(struct http_stream *stream)
{
	if (!stream->answered)
		stream->ops->closed(stream->source);
	http_stream_unref(stream);
}

void http_stream_wake(struct http_stream *stream)
{
	g_mutex_lock(&stream->lock);
	if (stream->asleep && stream->connection != NULL) {
		stream->asleep = false;
		MHD_resume_connection(stream->connection);
	}
	g_mutex_unlock(&stream->lock);
}

ssize_t http_stream_read(struct http_stream *stream, char *buffer, size_t max_bytes)
{
	return stream->ops->read(stream->source, buffer, max_bytes);
}

/* The lock spans read and suspend, so a wake between the two waits and then finds the connection
 * asleep. */
static ssize_t pull(void *user_data, uint64_t position, char *buffer, size_t max_bytes)
{
	struct http_stream *stream = user_data;

	g_mutex_lock(&stream->lock);
	ssize_t n = http_stream_read(stream, buffer, max_bytes);
	if (n == 0) {
		stream->asleep = true;
		MHD_suspend_connection(stream->connection);
	}
	g_mutex_unlock(&stream->lock);
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static void response_gone(void *user_data)
{
	struct http_stream *stream = user_data;

	g_mutex_lock(&stream->lock);
	stream->connection = NULL;
	g_mutex_unlock(&stream->lock);
	stream->ops->closed(stream->source);
	http_stream_unref(stream);
}

struct MHD_Response *http_stream_response(struct http_stream *stream,
					  struct MHD_Connection *connection)
{
	stream->answered = true;
	stream->connection = connection;
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, pull, http_stream_ref(stream), response_gone);
	if (response == NULL)
		response_gone(stream);
	return response;
}
