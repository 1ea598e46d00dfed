/* How a recording ends: who says so, the last look, the seal. It must not know pictures. */
#include "recorder/recording_internal.h"

#include "recorder/recording_report.h"

#include <errno.h>

void recording_begin_end(struct recording *r, enum end_reason reason, const char *detail)
{
	if (r->state != STATE_RUNNING)
		return;
	r->state = STATE_FINISHING;
	r->reason = reason;
	r->detail = g_strdup(detail != NULL ? detail : "");
}

void recording_stop(struct recording *r, enum end_reason reason, const char *detail)
{
	if (r->state != STATE_RUNNING)
		return;
	g_warning("recording %s ends: %s", r->session_id, detail);
	recording_report_ending(&r->observer, reason, detail);
	recording_begin_end(r, reason, detail);
}

void recording_fail(struct recording *r, int error, const char *what)
{
	bool full = error == -ENOSPC || error == -EDQUOT;
	g_autofree char *detail = g_strdup_printf("%s: %s", what, g_strerror(-error));

	recording_stop(r, full ? END_STORAGE_FULL : END_RECORDER_LOST, detail);
}

void recording_accuse(struct recording *r, const char *what)
{
	recording_stop(r, END_FAULT, what);
}

void recording_finish(struct recording *r)
{
	g_autofree char *json =
		g_strdup_printf("{\"type\":\"end\",\"reason\":\"%s\"}", end_reason_key(r->reason));

	recording_last_look(r);
	recording_find_canvas(r);
	recording_forget_doorbell(r);
	pipeline_close_canvas(r->pipeline);
	recording_note_dropped(r);
	recording_add_event(r, json, TIMELINE_RECORDER, recording_now_us(r));
	archive_finish(r->archive, recording_now_us(r));
}

static void close_task(struct recording *r)
{
	g_mutex_lock(&r->lock);
	struct task *task = g_steal_pointer(&r->task);
	g_mutex_unlock(&r->lock);
	task_close(task);
}

/* The report comes last: whoever hears it may take down the scheduler. */
void recording_seal(struct recording *r, int result)
{
	struct archive_totals totals = {0};
	g_autofree char *trouble = NULL;

	if (result == 0)
		result = archive_seal(r->archive, recording_now_us(r), end_reason_key(r->reason),
				      r->detail, &totals);
	if (result < 0) {
		trouble = g_strdup_printf("not sealed: %s", g_strerror(-result));
		g_warning("recording %s is %s", r->session_id, trouble);
		archive_totals(r->archive, &totals);
		archive_give_up(r->archive, trouble);
	} else {
		g_message("recording %s sealed: %s, %" G_GUINT64_FORMAT
			  " pictures, %" G_GUINT64_FORMAT " bytes",
			  r->session_id, end_reason_key(r->reason), totals.frames, totals.bytes);
	}
	r->state = STATE_CLOSED;
	live_channel_close(g_steal_pointer(&r->live), end_reason_key(r->reason));
	close_task(r);
	recording_report_closed(&r->observer, result == 0, trouble != NULL ? trouble : r->detail,
				&totals);
}
