/* A recording's canvases: taken in, read to their end, lost. It must not know how pictures are
 * made. */
#include "recorder/recording_internal.h"

#include "recorder/recording_inbox.h"
#include "recorder/recording_report.h"

#include <errno.h>

/* A canvas is a line in the timeline and some work: 256 at once and 16 a second are more than a
 * viewer who drags his window asks for. */
#define CANVAS_COST_BYTES 4096u
/* So many turns empty a full ring of the smallest records; a session that still has more to
 * say writes without end. */
#define LAST_TURNS 17u
/* A session that leaves takes its link along a moment before the gateway says so. */
#define LOST_MIN_US 1000000u

static void lie(struct recording *r)
{
	recording_accuse(r, "the session wrote nonsense into its canvas");
}

void recording_drain(struct recording *r)
{
	if (pipeline_drain(r->pipeline, recording_take_event, r) < 0)
		lie(r);
}

void recording_forget_doorbell(struct recording *r)
{
	int fd = pipeline_doorbell(r->pipeline);

	if (fd >= 0)
		task_forget(r->task, fd);
}

static void add_gap(struct recording *r, const struct chain_gap *gap)
{
	int result = archive_add_gap(r->archive, gap);

	if (result < 0)
		recording_fail(r, result, "the chain cannot be written");
}

static void lose(struct recording *r, const char *what)
{
	uint64_t now_us = recording_now_us(r);

	add_gap(r, &(struct chain_gap){now_us, now_us, "canvas-lost", what});
}

bool recording_last_look(struct recording *r)
{
	int more = 1;

	for (unsigned n = 0; more > 0 && n < LAST_TURNS; n++)
		more = pipeline_drain(r->pipeline, recording_take_event, r);
	int result = pipeline_flush(r->pipeline, recording_now_us(r));
	unsigned unread = pipeline_unread_tiles(r->pipeline);
	g_autofree char *torn = g_strdup_printf("%u tiles were being written to the end", unread);
	if (more < 0 && !r->lied)
		lose(r, "the session wrote nonsense into its canvas");
	else if (more > 0)
		lose(r, "the session wrote faster than it could be read to its end");
	else if (result < 0)
		lose(r, "the last picture could not be written");
	else if (unread > 0)
		lose(r, torn);
	if (result < 0)
		recording_fail(r, result, "the last picture cannot be written");
	r->lied |= more < 0;
	if (more < 0)
		lie(r);
	return more >= 0;
}

void recording_lose_canvas(struct recording *r)
{
	if (pipeline_doorbell(r->pipeline) < 0 || r->lost_us != 0)
		return;
	recording_last_look(r);
	/* Nobody paints there any more; a session that lives offers its canvas again, and reading
	 * goes on where it stopped. */
	recording_forget_doorbell(r);
	pipeline_close_canvas(r->pipeline);
	r->lost_us = recording_now_us(r);
	archive_finish(r->archive, r->lost_us);
}

void recording_find_canvas(struct recording *r)
{
	uint64_t now_us = recording_now_us(r), lost_us = r->lost_us;
	g_autofree char *detail =
		g_strdup_printf("the session process is gone since %.3f s", (double)lost_us / 1e6);

	r->lost_us = 0;
	if (lost_us != 0 && now_us - lost_us >= LOST_MIN_US)
		add_gap(r, &(struct chain_gap){lost_us, now_us, "canvas-lost", detail});
}

/* What the session showed when the recorder before us died, before the session is
 * told that it may go on. */
static void catch_up(struct recording *r)
{
	r->resumed = false;
	recording_last_look(r);
}

static int open_within_budget(struct recording *r, const struct recording_command *c)
{
	uint64_t held = r->canvas_bytes, wanted = canvas_budget_cost(c->width, c->height);

	/* The canvas before is given back in the same step: a resize needs no room for both. */
	if (!canvas_budget_exchange(r->canvas_budget, held, wanted))
		return -EDQUOT;
	int result = pipeline_open_canvas(r->pipeline, c->memfd, c->doorbell_fd, c->width,
					  c->height, recording_now_us(r));
	if (result < 0)
		canvas_budget_exchange(r->canvas_budget, wanted, held);
	else
		r->canvas_bytes = wanted;
	return result;
}

static enum end_reason take_canvas(struct recording *r, const struct recording_command *c)
{
	int result = open_within_budget(r, c);

	if (result == 0)
		return END_NONE;
	g_warning("recording %s: canvas of %u x %u refused: %s", r->session_id, c->width, c->height,
		  g_strerror(-result));
	return result == -EDQUOT ? END_TOO_MUCH : END_RECORDER_LOST;
}

void recording_open_canvas(struct recording *r, const struct recording_command *c)
{
	g_autofree char *json = NULL;

	if (!timeline_budget_take(&r->canvases, recording_now_us(r), CANVAS_COST_BYTES)) {
		recording_accuse(r, "the session offers canvases without pause");
		return;
	}
	if (!recording_last_look(r))
		return;
	recording_find_canvas(r);
	recording_forget_doorbell(r);
	enum end_reason refused = take_canvas(r, c);
	json = g_strdup_printf("{\"type\":\"canvas\",\"width\":%u,\"height\":%u,\"accepted\":%s}",
			       c->width, c->height, refused == END_NONE ? "true" : "false");
	recording_add_event(r, json, TIMELINE_RECORDER, recording_now_us(r));
	if (r->resumed && refused == END_NONE)
		catch_up(r);
	recording_report_canvas(&r->observer, refused);
}
