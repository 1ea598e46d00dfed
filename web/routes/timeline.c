/* GET /api/recordings/ID/timeline: the lines of all segments one behind the other, JSON Lines as
 * they were recorded. What was sealed to the key for keystrokes is not among them. */
#include "web/routes/route.h"

#include "recorder/reader/reader_lines.h"
#include "sql/recording_store.h"

#include <string.h>

/* Reads file after file, so that hours of timeline never stand in memory. */
struct timeline {
	char *session_id;
	struct reader *reader; /* NULL: there are no segments */
	GPtrArray *segments;
	unsigned next;		   /* segment whose file is opened next */
	struct reader_file *file;  /* NULL: none open */
	struct line_reader *lines; /* of the file */
	const char *line;	   /* what was not given away yet of the newest */
	size_t line_bytes;
};

static bool open_next(struct timeline *timeline)
{
	while (timeline->next < timeline->segments->len) {
		const struct segment_row *segment = timeline->segments->pdata[timeline->next++];
		if (!path_is_file_name(segment->timeline_file))
			continue; /* empty: nothing happened in this segment */
		int result =
			reader_file_open(timeline->reader, segment->timeline_file, &timeline->file);
		if (result == 0) {
			timeline->lines = reader_lines_create(timeline->file);
			return true;
		}
		g_warning("web: the timeline %s/%s cannot be opened: %s", timeline->session_id,
			  segment->timeline_file, g_strerror(-result));
	}
	return false;
}

static void close_file(struct timeline *timeline)
{
	g_clear_pointer(&timeline->lines, line_reader_destroy);
	g_clear_pointer(&timeline->file, reader_file_close);
}

/* False: the file has no more. */
static bool next_line(struct timeline *timeline)
{
	int result = line_reader_next(timeline->lines, &timeline->line, &timeline->line_bytes);

	if (result < 0)
		g_warning("web: a timeline of %s cannot be read: %s", timeline->session_id,
			  g_strerror(-result));
	return result > 0;
}

static ssize_t timeline_read(void *source, char *buffer, size_t max_bytes)
{
	struct timeline *timeline = source;
	size_t done = 0;

	while (done < max_bytes && (timeline->file != NULL || open_next(timeline))) {
		if (timeline->line_bytes == 0 && !next_line(timeline)) {
			close_file(timeline);
			continue;
		}
		size_t n = MIN(max_bytes - done, timeline->line_bytes);
		memcpy(buffer + done, timeline->line, n);
		timeline->line += n;
		timeline->line_bytes -= n;
		done += n;
	}
	return done > 0 ? (ssize_t)done : -1;
}

static void timeline_closed(void *source)
{
}

static void timeline_destroy(void *source)
{
	struct timeline *timeline = source;

	close_file(timeline);
	reader_close(timeline->reader);
	g_ptr_array_unref(timeline->segments);
	g_free(timeline->session_id);
	g_free(timeline);
}

static const struct http_stream_ops timeline_ops = {timeline_read, timeline_closed,
						    timeline_destroy};

/* The first file is opened and tried, so that a missing key is told before an answer has begun. */
static int try_first(struct timeline *timeline)
{
	if (timeline->segments->len == 0 || !open_next(timeline))
		return 0;
	return MIN(0, line_reader_next(timeline->lines, &timeline->line, &timeline->line_bytes));
}

/* Takes `segments`. Returns 0 or -errno. */
static int timeline_open(const struct web *web, const char *id, GPtrArray *segments,
			 struct timeline **ret_timeline)
{
	struct timeline *timeline = g_new0(struct timeline, 1);
	int result = 0;

	timeline->session_id = g_strdup(id);
	timeline->segments = segments;
	if (segments->len > 0)
		result = reader_open_session(web->config->recorder.store_dir, id, web->archive,
					     &timeline->reader);
	if (result == 0)
		result = try_first(timeline);
	if (result < 0)
		timeline_destroy(timeline);
	else
		*ret_timeline = timeline;
	return result;
}

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
	struct timeline *timeline;
	int result = timeline_open(call->web, id, segments, &timeline);
	if (result < 0)
		route_recording_failed(call, id, result);
	else
		http_answer_stream(call->answer, "application/x-ndjson; charset=utf-8",
				   http_stream_create(&timeline_ops, timeline));
}
