/* Reads places in a recording. It knows no recording. */
#include "cli/time_span.h"

#include <glib.h>
#include <string.h>

#define SECONDS_MAX 1e9
#define PARTS_MAX 3

static bool parse_utc(const char *text, uint64_t started_utc_us, uint64_t *ret_us)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

	if (time == NULL)
		return false;
	gint64 us = g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
	*ret_us = us > (gint64)started_utc_us ? (uint64_t)us - started_utc_us : 0;
	return true;
}

/* Hours and minutes are whole, what stands behind a larger unit is below 60. */
static bool parse_part(const char *text, bool last, bool first, double *ret)
{
	char *end;

	if (!g_ascii_isdigit(text[0]))
		return false;
	*ret = g_ascii_strtod(text, &end);
	return *end == '\0' && *ret <= SECONDS_MAX && (last || *ret == (double)(uint64_t)*ret) &&
	       (first || *ret < 60);
}

bool time_span_parse(const char *text, uint64_t started_utc_us, uint64_t *ret_us)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);
	guint n = g_strv_length(parts);
	double seconds = 0;

	if (strchr(text, 'T') != NULL)
		return parse_utc(text, started_utc_us, ret_us);
	if (n == 0 || n > PARTS_MAX)
		return false;
	for (guint i = 0; i < n; i++) {
		double part;
		if (!parse_part(parts[i], i == n - 1, i == 0, &part))
			return false;
		seconds = seconds * 60 + part;
	}
	*ret_us = (uint64_t)(seconds * G_USEC_PER_SEC + 0.5);
	return true;
}
