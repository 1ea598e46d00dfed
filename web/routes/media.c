/* GET /api/recordings/ID/FILE: init and media files, byte for byte as they were recorded and hashed, whole or a range. */
#include "web/routes/hls.h"
#include "web/routes/route.h"
#include "web/routes/store_file.h"

#include "sql/recording_store.h"

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
	int fd = store_file_open(call->web->config->recorder.store_dir, id, name);
	if (fd < 0) {
		g_warning("web: %s/%s is in the database but not in the store: %s", id, name,
			  g_strerror(-fd));
		route_fail(call, 404, "lost", "This part of the recording is not in the store.");
		return;
	}
	http_answer_file(call->answer, call->request, "video/mp4", fd);
	/* Sealed bytes never change; "private" keeps them out of shared caches. */
	call->answer->cache_control = g_strdup("private, max-age=3600");
}
