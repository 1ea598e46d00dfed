/* GET /api/recordings/ID/playlist.m3u8: the recorded segments as an HLS playlist; running
 * recordings grow (EVENT), closed ones are whole (VOD). */
#include "web/routes/hls.h"
#include "web/routes/route.h"

#include "sql/recording_store.h"

#include <string.h>

void route_playlist(struct route_call *call)
{
	const char *id = call->parts.part[0];
	autorow(recording_row) recording = NULL;
	g_autoptr(GPtrArray) segments = NULL;
	g_autoptr(GError) error = NULL;

	if (!recording_store_find(call->db, id, &recording, &error) ||
	    (recording != NULL && !recording_store_segments(call->db, id, &segments, &error))) {
		route_db_failed(call, error);
		return;
	}
	if (recording == NULL || segments->len == 0) {
		route_fail(call, 404, "not-found",
			   recording == NULL ? "There is no recording of this session."
					     : "Nothing has been recorded yet.");
		return;
	}
	if (!route_audit_once(call, "recording-play", id))
		return;
	g_autofree char *text = hls_playlist(segments, recording->started_utc_us,
					     recording->state != RECORDING_STATE_OPEN);
	http_answer_text(call->answer, 200, "application/vnd.apple.mpegurl", text);
}
