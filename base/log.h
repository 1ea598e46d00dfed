/** Logging of all programs: GLib structured logging, one line per message on standard error or the
 *  journal.
 *
 *  Use g_message / g_warning / g_critical / g_debug with G_LOG_DOMAIN unset; the program name and,
 *  where there is one, the session id are put in front. Never log passwords, clipboard
 *  text, keys or tokens. */
#pragma once

#include <stdbool.h>

/** Installs the writer. `program` is borrowed for ever ("vitrine-gateway"). `debug` lets g_debug
 *  through.
 *  Call in main before threads; again once the configuration says `debug`. Lines go to the journal
 *  when standard error is connected to it. */
void log_init(const char *program, bool debug);

/** From now on every line of this process carries this session id (vitrine-session only).
 *  Copied. */
void log_set_session(const char *session_id);
