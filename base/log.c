/* The log sink: formats one line per message. It must not open anything: the confined session
 * process logs through the standard error it was born with. */
#include "base/log.h"

#include "base/clock.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

static const char *log_program = "vitrine";
static bool log_debug;
static char log_session[40];

static const char *level_name(GLogLevelFlags level)
{
	switch (level & G_LOG_LEVEL_MASK) {
	case G_LOG_LEVEL_ERROR:
	case G_LOG_LEVEL_CRITICAL:
		return "error";
	case G_LOG_LEVEL_WARNING:
		return "warning";
	case G_LOG_LEVEL_DEBUG:
		return "debug";
	default:
		return "info";
	}
}

static const char *find_field(const GLogField *fields, gsize n_fields, const char *key)
{
	for (gsize i = 0; i < n_fields; i++)
		if (strcmp(fields[i].key, key) == 0 && fields[i].length < 0)
			return fields[i].value;
	return NULL;
}

/* One write per line, so that lines of several processes on one pipe do not mix (below
 * PIPE_BUF). */
static GLogWriterOutput write_line(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
				   gpointer user_data)
{
	const char *message = find_field(fields, n_fields, "MESSAGE");

	if ((level & G_LOG_LEVEL_DEBUG) && !log_debug)
		return G_LOG_WRITER_HANDLED;
	g_autofree char *now = clock_format_utc(clock_utc_us());
	g_autofree char *line =
		g_strdup_printf("%s %s[%d]%s%s %s: %s\n", now, log_program, (int)getpid(),
				log_session[0] ? " session=" : "", log_session, level_name(level),
				message ? message : "(no message)");
	size_t left = strlen(line), done = 0;
	while (left > 0) {
		ssize_t n = write(STDERR_FILENO, line + done, left);
		if (n <= 0)
			return G_LOG_WRITER_UNHANDLED;
		done += (size_t)n;
		left -= (size_t)n;
	}
	return G_LOG_WRITER_HANDLED;
}

static GLogWriterOutput write_message(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
				      gpointer user_data)
{
	if (g_log_writer_is_journald(STDERR_FILENO) && !log_session[0])
		return g_log_writer_journald(level, fields, n_fields, user_data);
	return write_line(level, fields, n_fields, user_data);
}

void log_init(const char *program, bool debug)
{
	static bool installed;

	log_program = program;
	log_debug = debug;
	if (!installed)
		g_log_set_writer_func(write_message, NULL, NULL);
	installed = true;
}

void log_set_session(const char *session_id)
{
	g_strlcpy(log_session, session_id, sizeof log_session);
}
