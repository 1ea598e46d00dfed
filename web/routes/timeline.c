/* GET /api/recordings/ID/timeline: the timelines of all segments one behind the other, JSON Lines as they were recorded. */
#include "web/routes/route.h"
#include "web/routes/store_file.h"

#include "sql/recording_store.h"

#include <errno.h>
#include <unistd.h>

/* Reads file after file, so that hours of timeline never stand in memory. */
struct timeline {
	char *store_dir, *session_id;
	GPtrArray *segments;
	unsigned next; /* segment whose file is opened next */
	int fd;	       /* -1: none open */
};

static bool open_next(struct timeline *timeline)
{
	while (timeline->next < timeline->segments->len) {
		const struct segment_row *segment = timeline->segments->pdata[timeline->next++];
		if (!path_is_file_name(segment->timeline_file))
			continue; /* empty: nothing happened in this segment */
		timeline->fd = store_file_open(timeline->store_dir, timeline->session_id,
					       segment->timeline_file);
		if (timeline->fd >= 0)
			return true;
		g_warning("web: the timeline %s/%s cannot be opened: %s", timeline->session_id,
			  segment->timeline_file, g_strerror(-timeline->fd));
		timeline->fd = -1;
	}
	return false;
}

static ssize_t timeline_read(void *source, char *buffer, size_t max_bytes)
{
	struct timeline *timeline = source;

	while (timeline->fd >= 0 || open_next(timeline)) {
		ssize_t n = read(timeline->fd, buffer, max_bytes);
		if (n > 0)
			return n;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			g_warning("web: a timeline of %s cannot be read: %s", timeline->session_id,
				  g_strerror(errno));
		close(timeline->fd);
		timeline->fd = -1;
	}
	return -1;
}

static void timeline_closed(void *source)
{
}

static void timeline_destroy(void *source)
{
	struct timeline *timeline = source;

	if (timeline->fd >= 0)
		close(timeline->fd);
	g_ptr_array_unref(timeline->segments);
	g_free(timeline->store_dir);
	g_free(timeline->session_id);
	g_free(timeline);
}

static const struct http_stream_ops timeline_ops = {timeline_read, timeline_closed,
						    timeline_destroy};

void route_timeline(struct route_call *call)
{
	const char *id = call->parts.part[0];
	GPtrArray *segments;
	g_autoptr(GError) error = NULL;

	if (!path_is_uuid(id)) {
		route_fail(call, 404, "not-found", "There is no recording of this session.");
		return;
	}
	if (!recording_store_segments(call->db, id, &segments, &error)) {
		route_db_failed(call, error);
		return;
	}
	if (!route_audit_once(call, "recording-play", id)) {
		g_ptr_array_unref(segments);
		return;
	}
	struct timeline *timeline = g_new0(struct timeline, 1);
	timeline->store_dir = g_strdup(call->web->config->recorder.store_dir);
	timeline->session_id = g_strdup(id);
	timeline->segments = segments;
	timeline->fd = -1;
	http_answer_stream(call->answer, "application/x-ndjson; charset=utf-8",
			   http_stream_create(&timeline_ops, timeline));
}
