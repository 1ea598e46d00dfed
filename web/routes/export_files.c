/* /api/exports/ID/...: what was made, and its companions. The table of events comes out of the
 * recording, whose chain vouches for each line, as an evidence file's does. */
#include "web/routes/exports.h"

#include "evidence/timeline/timeline_csv.h"
#include "evidence/timeline/timeline_source.h"
#include "web/export/export_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* The job that the path names, when it has a file that this login may have; NULL: already
 * answered. */
static struct export_row *find_ready(struct route_call *call)
{
	autorow(export_row) row = exports_find(call);

	if (row == NULL)
		return NULL;
	if (row->state != EXPORT_READY) {
		route_fail(call, 409, "not-ready", "This export has no file (any more).");
		return NULL;
	}
	if (row->without_timeline || exports_may_have_timelines(call))
		return g_steal_pointer(&row);
	route_fail(call, 403, "policy",
		   "This file holds keys and other events, which your role may not take out: ask "
		   "for an export of your own.");
	return NULL;
}

static void answer_spooled(struct route_call *call, const char *path, const char *type)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		g_warning("web: %s cannot be opened: %s", path, g_strerror(errno));
		route_fail(call, 404, "lost", "The file is not in this node's spool.");
		return;
	}
	http_answer_file(call->answer, call->request, type, fd);
}

void route_export_file(struct route_call *call)
{
	autorow(export_row) row = find_ready(call);

	if (row == NULL || !route_audit_once(call, "export-download", row->session_id))
		return;
	g_autofree char *path = export_worker_path(call->web->exports, row->id);
	answer_spooled(call, path, "video/mp4");
}

void route_export_certificate(struct route_call *call)
{
	autorow(export_row) row = find_ready(call);

	if (row == NULL || !route_audit_once(call, "export-download", row->session_id))
		return;
	g_autofree char *path = export_worker_certificate_path(call->web->exports, row->id);
	answer_spooled(call, path, "application/pdf");
}

/* Rows are made as they are read. */
struct event_table {
	char *session_id;
	struct reader *reader;
	struct timeline_source *source;
	GString *row; /* the newest */
	size_t given; /* of it */
	bool ended;
};

/* A table that ends early must not look whole. */
static void end_early(struct event_table *table, const char *why)
{
	g_autofree char *text = g_strdup_printf("the table ends here: %s", why);

	g_warning("web: the events of %s cannot be read: %s", table->session_id, why);
	timeline_csv_row(table->row, 0, text, strlen(text));
	table->ended = true;
}

static void next_row(struct event_table *table)
{
	const char *line;
	size_t length;
	g_autoptr(GError) error = NULL;
	int result = timeline_source_next(table->source, &line, &length, &error);

	g_string_truncate(table->row, 0);
	table->given = 0;
	if (result > 0)
		timeline_csv_row(table->row, timeline_source_started_us(table->source), line,
				 length);
	else if (result < 0)
		end_early(table, error->message);
	else
		table->ended = true;
}

static ssize_t table_read(void *source, char *buffer, size_t max_bytes)
{
	struct event_table *table = source;
	size_t done = 0;

	while (done < max_bytes) {
		if (table->given == table->row->len) {
			if (table->ended)
				break;
			next_row(table);
		}
		size_t n = MIN(max_bytes - done, table->row->len - table->given);
		memcpy(buffer + done, table->row->str + table->given, n);
		table->given += n;
		done += n;
	}
	return done > 0 ? (ssize_t)done : -1;
}

static void table_closed(void *source)
{
}

static void table_destroy(void *source)
{
	struct event_table *table = source;

	timeline_source_destroy(table->source);
	reader_close(table->reader);
	g_string_free(table->row, TRUE);
	g_free(table->session_id);
	g_free(table);
}

static const struct http_stream_ops table_ops = {table_read, table_closed, table_destroy};

static void answer_table(struct route_call *call, const struct export_row *row,
			 struct reader *reader)
{
	const struct evidence_span span = {row->from_us, row->to_us != 0 ? row->to_us : UINT64_MAX};
	g_autoptr(GError) error = NULL;
	struct timeline_source *source = timeline_source_of_recording(reader, span, &error);

	if (source == NULL) {
		reader_close(reader);
		g_warning("web: the events of %s cannot be read: %s", row->session_id,
			  error->message);
		route_fail(call, 500, "recording", "The recording is not what was signed.");
		return;
	}
	struct event_table *table = g_new0(struct event_table, 1);
	table->session_id = g_strdup(row->session_id);
	table->reader = reader;
	table->source = source;
	table->row = g_string_new(NULL);
	timeline_csv_head(table->row);
	http_answer_stream(call->answer, "text/csv; charset=utf-8",
			   http_stream_create(&table_ops, table));
}

void route_export_timeline(struct route_call *call)
{
	autorow(export_row) row = find_ready(call);
	struct reader *reader;

	if (row == NULL)
		return;
	if (row->without_timeline) {
		route_fail(call, 404, "no-events", "This export was made without events.");
		return;
	}
	if (!route_audit_once(call, "timeline-export", row->session_id))
		return;
	int result = reader_open_session(call->web->config->recorder.store_dir, row->session_id,
					 call->web->archive, &reader);
	if (result < 0)
		route_recording_failed(call, row->session_id, result);
	else
		answer_table(call, row, reader);
}
