/* Makes a recording: a new one, or one that a recorder before us left, on a thread that may wait
 * for the disk. It must not know what happens to it then. */
#include "recorder/recording_internal.h"

#include "base/clock.h"
#include "recorder/recording_report.h"

#include <jansson.h>

/* A disk that is slow for one of them is so for the others; more threads would only make it
 * slower. */
#define OPENERS 4

struct opening {
	const struct recording_services *services;
	struct recording *recording;
	struct recorder_open open; /* a copy */
	char *quality;
	uint32_t n_fragments;
};

/* By chance, so that nobody can know which. */
static bool is_chosen(uint32_t one_in)
{
	return one_in > 0 && g_random_int() % one_in == 0;
}

static uint32_t qp_of(const char *quality)
{
	if (g_strcmp0(quality, "evidence") == 0)
		return 22;
	return g_strcmp0(quality, "economy") == 0 ? 28 : 24;
}

static struct recording *recording_new(const struct recorder_open *open,
				       const struct recording_observer *observer)
{
	struct recording *r = g_new0(struct recording, 1);

	g_atomic_ref_count_init(&r->refs);
	g_mutex_init(&r->lock);
	g_queue_init(&r->inbox);
	r->observer = *observer;
	r->session_id = g_strdup(open->session_id);
	r->seals_keystrokes = g_strcmp0(open->keys, RECORDER_KEYS_SEALED) == 0;
	return r;
}

static void release(void *user)
{
	recording_unref(user);
}

static const struct live_channel_ops live_ops = {recording_request_key, recording_watched};

/* Reports `opened` when it returns 0. */
static int start(struct recording *r, const struct recording_services *services,
		 const char *quality, uint32_t n_fragments)
{
	struct pipeline_output output = {.archive = r->archive,
					 .origin_us = r->origin_us,
					 .qp = qp_of(quality),
					 .idr_pool = services->idr_pool,
					 .self_check = is_chosen(services->self_check_every),
					 .n_fragments = n_fragments};
	struct task *task;

	archive_listen(r->archive, recording_wake, r);
	g_atomic_ref_count_inc(&r->refs);
	int result = task_create(services->scheduler, recording_run, release, r, &task);
	if (result < 0) {
		g_atomic_ref_count_dec(&r->refs);
		return result;
	}
	r->live = live_channel_create(services->live, r->session_id, &live_ops, r);
	output.live = r->live;
	r->pipeline = pipeline_create(&output);
	timeline_budget_init(&r->budget, recording_now_us(r));
	timeline_budget_init(&r->canvases, recording_now_us(r));
	timeline_budget_init(&r->watches, recording_now_us(r));
	byte_budget_init(&r->bytes, &services->limits, recording_now_us(r),
			 archive_written_bytes(r->archive));
	work_budget_init(&r->work, recording_now_us(r));
	r->canvas_budget = services->canvases;
	r->utc_offset_us = (int64_t)(clock_utc_us() - clock_now_us());
	/* Before anything can wake the task: its own reports come behind this one. */
	recording_report_opened(&r->observer, 0);
	/* Whoever posts to it next may end the recording and the task: it is touched under the
	 * lock. */
	g_mutex_lock(&r->lock);
	r->task = task;
	task_post(task);
	g_mutex_unlock(&r->lock);
	return 0;
}

/* Who, from where, to what, by which door, and under which policy. */
static char *opened_event(const struct recorder_open *o, const char *quality)
{
	json_t *event = json_pack(
		"{s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s, s:s}",
		"type", "opened", "user", o->user, "viewer_address", o->viewer_address,
		"viewer_name", o->viewer_name, "target", o->target, "target_address",
		o->target_address, "account", o->account, "front", o->front, "back", o->back,
		"door", o->door, "node", o->node, "quality", quality, "keys",
		o->keys != NULL && o->keys[0] != '\0' ? o->keys : "on");
	char *text = json_dumps(event, JSON_COMPACT);
	char *copy = g_strdup(text);

	json_decref(event);
	free(text);
	return copy;
}

/* ---- On a thread of the openers ---- */

static int create_files(struct recording *r, const struct opening *o)
{
	const struct recorder_open *open = &o->open;
	g_autofree char *event = opened_event(open, o->quality);
	g_autofree char *line = timeline_line(event, TIMELINE_GATEWAY, 0);
	const struct chain_genesis genesis = {open->session_id,	    o->services->node, open->user,
					      open->viewer_address, open->viewer_name, open->target,
					      open->target_address, open->account,     open->front,
					      open->back,	    open->door,	       o->quality,
					      open->opened_utc_us,  r->origin_us};
	int result = archive_create(&o->services->archive, &genesis, &r->archive);

	return result == 0 ? archive_add_line(r->archive, 0, line) : result;
}

static int note_absence(struct recording *r)
{
	return archive_add_gap(r->archive, &(struct chain_gap){.end_us = recording_now_us(r),
							       .reason = "recorder-away"});
}

static void open_now(gpointer data, gpointer user)
{
	struct opening *o = data;
	struct recording *r = o->recording;
	int result = r->resumed ? note_absence(r) : create_files(r, o);

	if (result == 0)
		result = start(r, o->services, o->quality, o->n_fragments);
	if (result < 0)
		recording_report_opened(&r->observer, result);
	recording_unref(r);
	message_clear(recorder_message_type(RECORDER_OPEN), &o->open);
	g_free(o->quality);
	g_free(o);
}

GThreadPool *recording_openers_new(void)
{
	/* Only exclusive threads can fail to be made here. */
	return g_thread_pool_new(open_now, NULL, OPENERS, FALSE, NULL);
}

/* ---- On the main thread ---- */

static void copy_open(const struct recorder_open *open, struct recorder_open *ret)
{
	const struct message_type *type = recorder_message_type(RECORDER_OPEN);
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_encode(type, open, bytes);
	int result = message_decode(type, bytes->data, bytes->len, ret);
	g_assert(result == 0); /* it has come over the link, within its limits */
}

static void push_opening(const struct recording_services *services, struct recording *r,
			 const struct recorder_open *open, const char *quality,
			 uint32_t n_fragments)
{
	struct opening *o = g_new0(struct opening, 1);

	*o = (struct opening){.services = services,
			      .recording = r,
			      .quality = g_strdup(quality),
			      .n_fragments = n_fragments};
	copy_open(open, &o->open);
	g_atomic_ref_count_inc(&r->refs);
	g_thread_pool_push(services->openers, o, NULL);
}

struct recording *recording_open(const struct recording_services *services,
				 const struct recorder_open *open,
				 const struct recording_observer *observer)
{
	struct recording *r = recording_new(open, observer);
	bool asked = open->quality != NULL && open->quality[0] != '\0';

	r->origin_us = clock_now_us();
	push_opening(services, r, open, asked ? open->quality : services->quality, 0);
	return r;
}

/* CLOCK_MONOTONIC goes on while only the recorder was away; after a restart of the machine it
 * begins anew, then UTC tells how much time passed. */
static uint64_t resumed_origin_us(const struct archive_resume *from)
{
	uint64_t clock_us = clock_now_us();
	uint64_t utc_passed_us = clock_utc_us() - MIN(clock_utc_us(), from->started_utc_us);
	uint64_t passed_us = clock_us - MIN(clock_us, from->clock_us);
	uint64_t difference_us = MAX(passed_us, utc_passed_us) - MIN(passed_us, utc_passed_us);

	if (difference_us > 60 * 1000000ull || clock_us < from->clock_us)
		passed_us = utc_passed_us;
	/* May wrap around: only differences are used. */
	return clock_us - MAX(passed_us, MAX(from->t_us, from->position_us));
}

struct recording *recording_resume(const struct recording_services *services,
				   struct archive *archive, const struct archive_resume *from,
				   const struct recorder_open *open,
				   const struct recording_observer *observer)
{
	struct recording *r = recording_new(open, observer);

	r->origin_us = resumed_origin_us(from);
	r->archive = archive;
	r->resumed = true;
	push_opening(services, r, open, from->quality, (uint32_t)from->n_frames);
	return r;
}
