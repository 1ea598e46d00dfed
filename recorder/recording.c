/* What happens to one recording, and when. Pictures are pipeline.c's matter, files archive.c's, sockets the links'. */
#include "recorder/recording_internal.h"

#include "base/clock.h"
#include "recorder/recording_inbox.h"
#include "recorder/recording_report.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define CHECKPOINT_US 5000000u
#define LINK_LOST_US 10000000u
/* After this many records in one go the others get their turn; also what a session costs that rings without pause. */
#define BREATH_US 10000u
/* A canvas is a line in the timeline and some work: 256 at once and 16 a second are more than a viewer who drags his window asks for. */
#define CANVAS_COST_BYTES 4096u

static void recording_free(struct recording *r)
{
	g_queue_clear_full(&r->inbox, (GDestroyNotify)recording_command_free);
	g_mutex_clear(&r->lock);
	pipeline_destroy(r->pipeline);
	archive_destroy(r->archive);
	g_free(r->session_id);
	g_free(r->detail);
	g_free(r);
}

void recording_unref(struct recording *recording)
{
	if (recording != NULL && g_atomic_ref_count_dec(&recording->refs))
		recording_free(recording);
}

/* Any thread. */
void recording_wake(void *user)
{
	struct recording *r = user;

	g_mutex_lock(&r->lock);
	if (r->task != NULL)
		task_post(r->task);
	g_mutex_unlock(&r->lock);
}

void recording_request_key(void *user)
{
	struct recording *r = user;

	atomic_store(&r->key_requested, true);
	recording_wake(r);
}

uint64_t recording_now_us(const struct recording *r)
{
	return clock_now_us() - r->origin_us;
}

/* ---- Ending ---- */

static void begin_end(struct recording *r, enum end_reason reason, const char *detail)
{
	if (r->state != STATE_RUNNING)
		return;
	r->state = STATE_FINISHING;
	r->reason = reason;
	r->detail = g_strdup(detail != NULL ? detail : "");
}

/* The store or the encoder gave up: the session must not go on unseen. */
static void fail(struct recording *r, int error, const char *what)
{
	bool full = error == -ENOSPC || error == -EDQUOT;
	g_autofree char *detail = g_strdup_printf("%s: %s", what, g_strerror(-error));
	enum end_reason reason = full ? END_STORAGE_FULL : END_RECORDER_LOST;

	if (r->state != STATE_RUNNING)
		return;
	g_warning("recording %s ends: %s", r->session_id, detail);
	recording_report_ending(&r->observer, reason, detail);
	begin_end(r, reason, detail);
}

/* ---- Timeline ---- */

static void add_event(struct recording *r, const char *json, const char *origin, uint64_t t_us)
{
	uint64_t at_us = MAX(t_us, archive_time_us(r->archive));
	g_autofree char *line = timeline_line(json, origin, at_us);

	if (line == NULL)
		line = timeline_line("{\"type\":\"refused-event\"}", TIMELINE_RECORDER, at_us);
	int result = archive_add_line(r->archive, at_us, line);
	if (result < 0)
		fail(r, result, "the timeline cannot be written");
}

static void add_note(struct recording *r, const char *type, const char *name, json_int_t value)
{
	g_autofree char *json = g_strdup_printf("{\"type\":\"%s\",\"%s\":%" JSON_INTEGER_FORMAT "}",
						type, name, value);

	add_event(r, json, TIMELINE_RECORDER, recording_now_us(r));
}

static void take_event(void *user, const char *json, uint64_t t_us)
{
	struct recording *r = user;
	uint64_t dropped = r->budget.n_dropped;

	if (!timeline_budget_take(&r->budget, recording_now_us(r), strlen(json)))
		return;
	r->budget.n_dropped = 0;
	if (dropped > 0)
		add_note(r, "events-dropped", "count", (json_int_t)dropped);
	add_event(r, json, TIMELINE_SESSION, t_us);
}

/* ---- Commands ---- */

/* The session process lies: it is given up, and its recording ends with what there is. */
static void accuse(struct recording *r, const char *what)
{
	if (r->state != STATE_RUNNING)
		return;
	g_warning("recording %s ends: %s", r->session_id, what);
	recording_report_ending(&r->observer, END_FAULT, what);
	begin_end(r, END_FAULT, what);
}

static void forget_doorbell(struct recording *r)
{
	int fd = pipeline_doorbell(r->pipeline);

	if (fd >= 0)
		task_forget(r->task, fd);
}

/* What the session showed when the recorder before us died, before the session is told that it may go on. */
static void catch_up(struct recording *r)
{
	r->resumed = false;
	if (pipeline_drain(r->pipeline, take_event, r) < 0) {
		accuse(r, "the session wrote nonsense into its canvas");
		return;
	}
	int result = pipeline_flush(r->pipeline, recording_now_us(r));
	if (result < 0)
		fail(r, result, "a picture cannot be written");
}

static void open_canvas(struct recording *r, const struct recording_command *c)
{
	g_autofree char *json = NULL;

	if (!timeline_budget_take(&r->canvases, recording_now_us(r), CANVAS_COST_BYTES)) {
		accuse(r, "the session offers canvases without pause");
		return;
	}
	if (pipeline_drain(r->pipeline, take_event, r) < 0) {
		accuse(r, "the session wrote nonsense into its canvas");
		return;
	}
	int result = pipeline_flush(r->pipeline, recording_now_us(r));
	if (result < 0)
		fail(r, result, "the last picture cannot be written");
	forget_doorbell(r);
	result = pipeline_open_canvas(r->pipeline, c->memfd, c->doorbell_fd, c->width, c->height,
				      recording_now_us(r));
	if (result < 0)
		g_warning("recording %s: canvas of %u x %u refused: %s", r->session_id, c->width,
			  c->height, g_strerror(-result));
	json = g_strdup_printf("{\"type\":\"canvas\",\"width\":%u,\"height\":%u,\"accepted\":%s}",
			       c->width, c->height, result == 0 ? "true" : "false");
	add_event(r, json, TIMELINE_RECORDER, recording_now_us(r));
	if (r->resumed && result == 0)
		catch_up(r);
	recording_report_canvas(&r->observer, result == 0 ? END_NONE : END_RECORDER_LOST);
}

static void run_command(struct recording *r, const struct recording_command *c)
{
	if (r->state != STATE_RUNNING)
		return;
	switch (c->kind) {
	case COMMAND_CANVAS:
		open_canvas(r, c);
		break;
	case COMMAND_EVENT:
		add_event(r, c->text, TIMELINE_GATEWAY, recording_now_us(r));
		break;
	case COMMAND_CLOSE:
		begin_end(r, (enum end_reason)c->reason, c->text);
		break;
	case COMMAND_LINK_LOST:
		r->link_due_us = recording_now_us(r) + LINK_LOST_US;
		break;
	case COMMAND_LINK_BACK:
		r->link_due_us = 0;
		break;
	}
}

static void run_commands(struct recording *r)
{
	struct recording_command *command;

	while ((command = recording_command_next(r)) != NULL) {
		run_command(r, command);
		recording_command_free(command);
	}
}

/* ---- One turn ---- */

static void drain(struct recording *r)
{
	if (pipeline_drain(r->pipeline, take_event, r) < 0)
		accuse(r, "the session wrote nonsense into its canvas");
}

static void checkpoint_when_due(struct recording *r)
{
	const struct segment *segment = archive_segment(r->archive);

	if (r->checkpoint_due_us == 0 && segment != NULL)
		r->checkpoint_due_us = recording_now_us(r) + CHECKPOINT_US;
	if (r->checkpoint_due_us == 0 || recording_now_us(r) < r->checkpoint_due_us)
		return;
	int result = archive_checkpoint(r->archive, recording_now_us(r));
	r->checkpoint_due_us = recording_now_us(r) + CHECKPOINT_US;
	if (result < 0)
		fail(r, result, "the chain cannot be written");
}

/* A recording that nothing happens to needs no timer of its own: the next picture or event brings the checkpoint along. */
static void sleep_until(struct recording *r, uint64_t due_us, bool busy)
{
	int fd = pipeline_doorbell(r->pipeline);

	if (r->link_due_us != 0)
		due_us = MIN(due_us, r->link_due_us);
	if (archive_unsigned_bytes(r->archive) > 0 && r->checkpoint_due_us != 0)
		due_us = MIN(due_us, r->checkpoint_due_us);
	if (fd >= 0 && !busy) {
		if (pipeline_arm(r->pipeline))
			due_us = MIN(due_us, recording_now_us(r) + BREATH_US);
		else if (task_watch(r->task, fd) < 0)
			fail(r, -EIO, "the canvas's doorbell cannot be watched");
	}
	task_set_timer(r->task, due_us == UINT64_MAX ? 0 : r->origin_us + due_us);
}

static void turn(struct recording *r)
{
	uint64_t due_us;
	bool busy;

	drain(r);
	if (atomic_exchange(&r->key_requested, false))
		pipeline_request_key(r->pipeline);
	int result = pipeline_run(r->pipeline, recording_now_us(r), &due_us, &busy);
	if (result < 0)
		fail(r, result, "a picture cannot be written");
	if (r->link_due_us != 0 && recording_now_us(r) >= r->link_due_us)
		begin_end(r, END_FAULT, "the session process is gone and nobody said why");
	checkpoint_when_due(r);
	if (r->state == STATE_RUNNING)
		sleep_until(r, due_us, busy);
}

/* ---- The last turns ---- */

static void finish(struct recording *r)
{
	g_autofree char *json =
		g_strdup_printf("{\"type\":\"end\",\"reason\":\"%s\"}", end_reason_key(r->reason));

	pipeline_drain(r->pipeline, take_event, r);
	int result = pipeline_flush(r->pipeline, recording_now_us(r));
	if (result < 0)
		g_warning("recording %s: its last picture is lost: %s", r->session_id,
			  g_strerror(-result));
	forget_doorbell(r);
	pipeline_close_canvas(r->pipeline);
	add_event(r, json, TIMELINE_RECORDER, recording_now_us(r));
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
static void seal(struct recording *r, int result)
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

void recording_run(void *user)
{
	struct recording *r = user;

	run_commands(r);
	int result = archive_collect(r->archive, recording_now_us(r));
	if (result < 0) {
		r->error = result;
		fail(r, result, "a segment cannot be closed");
	}
	if (r->state == STATE_RUNNING)
		turn(r);
	if (r->state == STATE_FINISHING && !r->finished) {
		r->finished = true;
		finish(r);
	}
	if (r->state == STATE_FINISHING && archive_pending(r->archive) == 0)
		seal(r, r->error);
}
