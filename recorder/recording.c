/* What happens to one recording, and when. Pictures are pipeline.c's matter, files
 * archive.c's, sockets the links'. */
#include "recorder/recording_internal.h"

#include "base/clock.h"
#include "recorder/recording_inbox.h"
#include "recorder/recording_report.h"

#include <errno.h>

#define CHECKPOINT_US 5000000u
#define LINK_LOST_US 10000000u
/* After this many records in one go the others get their turn; also what a session costs
 * that rings without pause. */
#define BREATH_US 10000u
/* The monotonic clock is slewed along with UTC; only a step takes them apart. */
#define CLOCK_STEP_US 1000000

static void recording_free(struct recording *r)
{
	g_queue_clear_full(&r->inbox, (GDestroyNotify)recording_command_free);
	g_mutex_clear(&r->lock);
	pipeline_destroy(r->pipeline);
	if (r->canvas_budget != NULL)
		canvas_budget_exchange(r->canvas_budget, r->canvas_bytes, 0);
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

/* ---- Commands ---- */

static void take_gateway_event(struct recording *r, const struct recording_command *c)
{
	bool written = r->state == STATE_RUNNING &&
		       recording_add_event(r, c->text, TIMELINE_GATEWAY, recording_now_us(r));

	recording_report_taken(&r->observer, c->number, written);
}

static void run_command(struct recording *r, const struct recording_command *c)
{
	if (c->kind == COMMAND_EVENT)
		take_gateway_event(r, c);
	if (r->state != STATE_RUNNING)
		return;
	switch (c->kind) {
	case COMMAND_CANVAS:
		recording_open_canvas(r, c);
		break;
	case COMMAND_EVENT: /* has been taken */
		break;
	case COMMAND_CLOSE:
		recording_begin_end(r, (enum end_reason)c->reason, c->text);
		break;
	case COMMAND_LINK_LOST:
		recording_lose_canvas(r);
		r->link_due_us = recording_now_us(r) + LINK_LOST_US;
		break;
	case COMMAND_LINK_BACK:
		r->link_due_us = 0;
		break;
	case COMMAND_WATCH:
		recording_add_watch(r, c->text);
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
		recording_fail(r, result, "the chain cannot be written");
}

/* A recording that nothing happens to needs no timer of its own: the next picture or event brings
 * the checkpoint along. */
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
			recording_fail(r, -EIO, "the canvas's doorbell cannot be watched");
	}
	task_set_timer(r->task, due_us == UINT64_MAX ? 0 : r->origin_us + due_us);
}

static void note_clock_step(struct recording *r, uint64_t before_us, uint64_t after_us)
{
	uint64_t now_us = recording_now_us(r);
	g_autofree char *before = clock_format_utc(before_us);
	g_autofree char *after = clock_format_utc(after_us);
	g_autofree char *detail = g_strdup_printf("UTC was set from %s to %s", before, after);
	g_autofree char *json = g_strdup_printf(
		"{\"type\":\"clock-step\",\"utc_before\":\"%s\",\"utc_after\":\"%s\"}", before,
		after);

	g_warning("recording %s: %s", r->session_id, detail);
	int result = archive_add_gap(r->archive, &(struct chain_gap){now_us, now_us, "clock-step",
								     detail, before_us, after_us});
	if (result < 0)
		recording_fail(r, result, "the chain cannot be written");
	recording_add_event(r, json, TIMELINE_RECORDER, now_us);
}

static void watch_clock(struct recording *r)
{
	uint64_t utc_us = clock_utc_us();
	uint64_t expected_us = clock_now_us() + (uint64_t)r->utc_offset_us;
	int64_t moved_us = (int64_t)(utc_us - expected_us);

	if (ABS(moved_us) <= CLOCK_STEP_US)
		return;
	r->utc_offset_us += moved_us;
	note_clock_step(r, expected_us, utc_us);
}

static void change_level(struct recording *r)
{
	g_message("recording %s: step %u of its budget", r->session_id, r->bytes.level);
	pipeline_economise(r->pipeline, budget_step(r->bytes.level));
	recording_add_note(r, "economy", "level", r->bytes.level);
}

static void keep_budget(struct recording *r)
{
	unsigned level = r->bytes.level;
	enum byte_budget_verdict verdict = byte_budget_spend(&r->bytes, recording_now_us(r),
							     archive_written_bytes(r->archive));

	if (verdict == BUDGET_RATE_SPENT)
		recording_stop(r, END_TOO_MUCH,
			       "the session writes more than recorder.session_mib_per_hour");
	else if (verdict == BUDGET_SIZE_SPENT)
		recording_stop(r, END_TOO_MUCH, "the recording reached recorder.session_mib");
	else if (r->bytes.level != level)
		change_level(r);
}

/* Once a minute at most, so it needs no budget. */
static void note_untold(struct recording *r)
{
	unsigned tiles = pipeline_take_untold(r->pipeline, recording_now_us(r));

	if (tiles == 0)
		return;
	g_warning("recording %s: %u parts of the picture changed without a word of the session",
		  r->session_id, tiles);
	recording_add_note(r, "untold-change", "tiles", tiles);
}

static void turn(struct recording *r)
{
	uint64_t due_us;
	bool busy;

	watch_clock(r);
	recording_drain(r);
	if (atomic_exchange(&r->key_requested, false))
		pipeline_request_key(r->pipeline);
	int result = pipeline_run(r->pipeline, recording_now_us(r), &due_us, &busy);
	if (result == -EPROTO)
		recording_accuse(r, "the session never finishes a part of its picture");
	else if (result < 0)
		recording_fail(r, result, "a picture cannot be written");
	if (r->link_due_us != 0 && recording_now_us(r) >= r->link_due_us)
		recording_begin_end(r, END_FAULT,
				    "the session process is gone and nobody said why");
	note_untold(r);
	keep_budget(r);
	checkpoint_when_due(r);
	if (r->state == STATE_RUNNING)
		sleep_until(r, due_us, busy);
}

/* A session that was dear waits; whatever wakes its task meanwhile finds out later. Its end does
 * not wait for long: a rest follows what one turn took. */
static bool is_resting(const struct recording *r)
{
	uint64_t now_us = recording_now_us(r);

	if (r->state != STATE_RUNNING || now_us >= r->rest_us)
		return false;
	task_set_timer(r->task, r->origin_us + r->rest_us);
	return true;
}

static void rest_if_dear(struct recording *r, uint64_t spent_us)
{
	uint64_t now_us = recording_now_us(r);
	uint64_t pause_us = work_budget_spend(&r->work, now_us, spent_us);

	r->rest_us = now_us + pause_us;
	if (pause_us > 0)
		task_set_timer(r->task, r->origin_us + r->rest_us);
}

static void run_turns(struct recording *r)
{
	run_commands(r);
	int result = archive_collect(r->archive, recording_now_us(r));
	if (result < 0) {
		r->error = result;
		recording_fail(r, result, "a segment cannot be closed");
	}
	if (r->state == STATE_RUNNING)
		turn(r);
	if (r->state == STATE_FINISHING && !r->finished) {
		r->finished = true;
		recording_finish(r);
	}
	if (r->state == STATE_FINISHING && archive_pending(r->archive) == 0)
		recording_seal(r, r->error);
}

void recording_run(void *user)
{
	struct recording *r = user;
	uint64_t before_us = clock_thread_us();

	if (is_resting(r))
		return;
	run_turns(r);
	if (r->state == STATE_RUNNING)
		rest_if_dear(r, clock_thread_us() - before_us);
}
