/* GET /metrics: Prometheus text (exposition format 0.0.4). Counts only, but still not for
 * everybody: from this machine, or with an administrator's login. */
#include "web/routes/health.h"

#include "base/forecast.h"
#include "recorder/nodelog/log_status.h"
#include "sql/recording_store.h"
#include "sql/session_store.h"

#include <string.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

static void put(GString *out, const char *name, const char *type, const char *help, uint64_t value)
{
	g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" G_GUINT64_FORMAT "\n", name,
			       help, name, type, name, value);
}

static void put_labelled(GString *out, const char *name, const char *label, const char *value,
			 uint64_t count)
{
	g_string_append_printf(out, "%s{%s=\"%s\"} %" G_GUINT64_FORMAT "\n", name, label, value,
			       count);
}

static void put_counters(GString *out, const struct web_counters *counters)
{
	static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

	g_string_append(out, "# HELP vitrine_web_answers_total Answers by class of status.\n"
			     "# TYPE vitrine_web_answers_total counter\n");
	for (unsigned i = 1; i < G_N_ELEMENTS(classes); i++)
		put_labelled(out, "vitrine_web_answers_total", "status", classes[i],
			     web_counted(&counters->answers[i]));
	g_string_append(out, "# HELP vitrine_web_logins_total Logins to the console by outcome.\n"
			     "# TYPE vitrine_web_logins_total counter\n");
	put_labelled(out, "vitrine_web_logins_total", "outcome", "good",
		     web_counted(&counters->logins_good));
	put_labelled(out, "vitrine_web_logins_total", "outcome", "refused",
		     web_counted(&counters->logins_refused));
	put_labelled(out, "vitrine_web_logins_total", "outcome", "throttled",
		     web_counted(&counters->logins_throttled));
}

/* Left out while the database is away: a wrong 0 would look like an empty gateway. */
static void put_sessions(GString *out, struct route_call *call)
{
	g_autoptr(GError) error = NULL;
	uint64_t running;

	if (session_store_count_running(call->db, &running, &error))
		put(out, "vitrine_sessions_running", "gauge", "Sessions that have not ended.",
		    running);
}

/* Left out while nothing is known, for the same reason. */
static void put_recordings(GString *out, struct route_call *call, const struct health *health)
{
	const struct config *config = call->web->config;
	uint64_t grown, span_us, failed, missing;

	if (recording_store_count_failed_checks(call->db, &failed, NULL))
		put(out, "vitrine_recordings_check_failed", "gauge",
		    "Recordings that did not pass their self-check.", failed);
	if (recording_store_count_missing(call->db, &missing, NULL))
		put(out, "vitrine_recordings_missing", "gauge",
		    "Recordings that their node's store does not hold.", missing);
	if (!health->store ||
	    !recording_store_growth(call->db, config->node, &grown, &span_us, NULL))
		return;
	double days =
		forecast_days_left(health->store_free_bytes,
				   (uint64_t)config->recorder.reserve_mib << 20, grown, span_us);
	if (days >= 0)
		g_string_append_printf(
			out,
			"# HELP vitrine_store_days_left Days until the reserve is reached, as the "
			"last day's recordings go.\n"
			"# TYPE vitrine_store_days_left gauge\nvitrine_store_days_left %.2f\n",
			days);
}

/* Of this machine's recorder. */
static void put_log(GString *out, const char *store_dir)
{
	struct log_status status;

	if (store_dir == NULL || log_status_read(store_dir, &status) < 0)
		return;
	put(out, "vitrine_log_open", "gauge", "1 when the node log takes leaves.", status.open);
	put(out, "vitrine_log_leaves", "gauge", "Leaves in the node log.", status.leaves);
	put(out, "vitrine_log_signed_leaves", "gauge", "Leaves under its newest head.",
	    status.signed_leaves);
	put(out, "vitrine_log_heads_told_total", "counter",
	    "Heads that a place outside the node took.", status.heads_told);
	put(out, "vitrine_log_heads_failed_total", "counter",
	    "Tries to tell a head outside that failed.", status.heads_failed);
	put(out, "vitrine_stamps_waiting", "gauge", "Entries that wait for a time stamp.",
	    status.stamps_waiting);
	put(out, "vitrine_stamps_failed_total", "counter",
	    "Questions to the time stamp authority that failed.", status.stamps_failed);
}

static bool is_loopback(const char *source)
{
	return g_str_has_prefix(source, "127.") || strcmp(source, "::1") == 0;
}

void route_metrics(struct route_call *call)
{
	struct health health;

	if (!is_loopback(call->request->source)) {
		if (!route_find_login(call))
			return;
		if (call->login == NULL || call->login->role != USER_ROLE_ADMIN) {
			route_fail(call, 403, "right",
				   "Only from this machine or by an administrator.");
			return;
		}
	}
	health_ask(call, &health);
	g_autoptr(GString) out = g_string_new(NULL);
	put_sessions(out, call);
	put_recordings(out, call, &health);
	put(out, "vitrine_web_live_pages", "gauge", "Pages that watch sessions live.",
	    live_hub_count(call->web->hub));
	put(out, "vitrine_database_up", "gauge", "1 when the database answers.", health.database);
	put(out, "vitrine_recorder_up", "gauge", "1 when the recorder answers.", health.recorder);
	if (health.store) {
		put(out, "vitrine_store_free_bytes", "gauge", "Free space where recordings lie.",
		    health.store_free_bytes);
		put(out, "vitrine_store_size_bytes", "gauge",
		    "Size of the file system of the store.", health.store_bytes);
	}
	put_log(out, call->web->config->recorder.store_dir);
	put_counters(out, &call->web->counters);
	http_answer_text(call->answer, 200, METRICS_TYPE, out->str);
}
