/* GET /api/recordings/ID/FILE: init and media files, byte for byte as they were recorded and
 * hashed, whole or a range. */
#include "web/routes/hls.h"
#include "web/routes/route.h"

#include "recorder/reader/reader.h"
#include "sql/recording_store.h"

struct media {
	struct reader *reader;
	struct reader_file *file;
};

static ssize_t media_pread(void *user, void *buffer, size_t length, uint64_t offset)
{
	struct media *media = user;

	return reader_file_pread(media->file, buffer, length, offset);
}

static void media_destroy(void *user)
{
	struct media *media = user;

	reader_file_close(media->file);
	reader_close(media->reader);
	g_free(media);
}

static const struct http_source_ops media_ops = {media_pread, media_destroy};

/* Reads a byte, so that a missing key is told before an answer has begun. Returns 0 or -errno; then
 * there is nothing to destroy. */
static int open_media(const struct web *web, const char *id, const char *name,
		      struct media **ret_media, uint64_t *ret_bytes)
{
	struct media *media = g_new0(struct media, 1);
	uint8_t first;
	int result = reader_open_session(web->config->recorder.store_dir, id, web->archive,
					 &media->reader);

	if (result == 0)
		result = reader_file_open(media->reader, name, &media->file);
	if (result == 0)
		result = reader_file_size(media->file, ret_bytes);
	if (result == 0 && *ret_bytes > 0)
		result = (int)MIN(0, reader_file_pread(media->file, &first, 1, 0));
	if (result < 0)
		media_destroy(media);
	else
		*ret_media = media;
	return result;
}

static void no_file(struct route_call *call)
{
	route_fail(call, 404, "not-found", "This recording has no such file.");
}

void route_media(struct route_call *call)
{
	const char *id = call->parts.part[0], *name = call->parts.part[1];
	g_autoptr(GPtrArray) segments = NULL;
	g_autoptr(GError) error = NULL;

	if (!path_is_uuid(id) || !path_is_file_name(name)) {
		no_file(call);
		return;
	}
	if (!recording_store_segments(call->db, id, &segments, &error)) {
		route_db_failed(call, error);
		return;
	}
	if (!hls_knows_file(segments, name)) {
		no_file(call);
		return;
	}
	if (!route_audit_once(call, "recording-play", id))
		return;
	struct media *media;
	uint64_t size_bytes;
	int result = open_media(call->web, id, name, &media, &size_bytes);
	if (result < 0) {
		route_recording_failed(call, id, result);
		return;
	}
	http_answer_source(call->answer, call->request, "video/mp4",
			   http_source_create(&media_ops, media), size_bytes);
	/* Sealed bytes never change; "private" keeps them out of shared caches. */
	call->answer->cache_control = g_strdup("private, max-age=3600");
}
