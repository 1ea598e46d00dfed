/* Carries a recording's answers over to the main loop, in order. */
#include "recorder/recording_report.h"

enum report_kind { REPORT_OPENED, REPORT_TAKEN, REPORT_CANVAS, REPORT_ENDING, REPORT_CLOSED };

struct report {
	struct recording_observer observer;
	enum report_kind kind;
	enum end_reason reason;
	int result;	 /* OPENED */
	uint64_t number; /* TAKEN */
	bool ok;	 /* TAKEN, CLOSED */
	char *detail;
	struct archive_totals totals;
};

static void report_free(gpointer data)
{
	struct report *report = data;

	g_free(report->detail);
	g_free(report);
}

static gboolean deliver(gpointer data)
{
	const struct report *r = data;

	switch (r->kind) {
	case REPORT_OPENED:
		r->observer.opened(r->observer.user, r->result);
		break;
	case REPORT_TAKEN:
		r->observer.taken(r->observer.user, r->number, r->ok);
		break;
	case REPORT_CANVAS:
		r->observer.canvas_ready(r->observer.user, r->reason);
		break;
	case REPORT_ENDING:
		r->observer.ending(r->observer.user, r->reason, r->detail);
		break;
	case REPORT_CLOSED:
		r->observer.closed(r->observer.user, r->ok, r->detail, &r->totals);
		break;
	}
	return G_SOURCE_REMOVE;
}

/* An idle source of high priority: g_main_context_invoke would deliver at once, inside the caller,
 * when it is the main thread. */
static void post(struct report *report)
{
	g_idle_add_full(G_PRIORITY_HIGH, deliver, report, report_free);
}

void recording_report_opened(const struct recording_observer *observer, int result)
{
	struct report *report = g_new0(struct report, 1);

	*report = (struct report){.observer = *observer, .kind = REPORT_OPENED, .result = result};
	post(report);
}

void recording_report_taken(const struct recording_observer *observer, uint64_t number,
			    bool written)
{
	struct report *report = g_new0(struct report, 1);

	*report = (struct report){
		.observer = *observer, .kind = REPORT_TAKEN, .number = number, .ok = written};
	post(report);
}

void recording_report_canvas(const struct recording_observer *observer, enum end_reason reason)
{
	struct report *report = g_new0(struct report, 1);

	*report = (struct report){.observer = *observer, .kind = REPORT_CANVAS, .reason = reason};
	post(report);
}

void recording_report_ending(const struct recording_observer *observer, enum end_reason reason,
			     const char *detail)
{
	struct report *report = g_new0(struct report, 1);

	*report = (struct report){.observer = *observer,
				  .kind = REPORT_ENDING,
				  .reason = reason,
				  .detail = g_strdup(detail)};
	post(report);
}

void recording_report_closed(const struct recording_observer *observer, bool ok, const char *detail,
			     const struct archive_totals *totals)
{
	struct report *report = g_new0(struct report, 1);

	*report = (struct report){.observer = *observer,
				  .kind = REPORT_CLOSED,
				  .ok = ok,
				  .detail = g_strdup(detail),
				  .totals = *totals};
	post(report);
}
