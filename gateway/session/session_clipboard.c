/* Text that moves between viewer and target. The timeline keeps direction, length and hash; the
 * text itself goes nowhere but to the other side. */
#include "gateway/session/session_priv.h"

#include <jansson.h>

static bool text_ok(const char *utf8)
{
	return strnlen(utf8, CLIPBOARD_MAX_BYTES + 1) <= CLIPBOARD_MAX_BYTES &&
	       g_utf8_validate(utf8, -1, NULL);
}

static void note_locked(struct session *s, const char *direction, const char *utf8)
{
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, utf8, -1);

	timeline_put_json_locked(s, json_pack("{s:s, s:s, s:I, s:s}", "type", "clipboard",
					      "direction", direction, "bytes",
					      (json_int_t)strlen(utf8), "sha256", hash));
}

void session_target_clipboard(struct session *session, const char *utf8)
{
	if (!text_ok(utf8))
		return;
	monitor_enter(&session->monitor);
	note_locked(session, "to-viewer", utf8);
	g_free(session->target_clipboard);
	session->target_clipboard = g_strdup(utf8);
	front_raise_locked(session, FRONT_CLIPBOARD);
	monitor_leave(&session->monitor);
}

/* Held back while nobody records; thawing raises the flag again. */
char *session_take_target_clipboard(struct session *session)
{
	monitor_enter(&session->monitor);
	char *text =
		session_frozen_locked(session) ? NULL : g_steal_pointer(&session->target_clipboard);
	monitor_leave(&session->monitor);
	return text;
}

void session_viewer_clipboard(struct session *session, const char *utf8)
{
	if (!text_ok(utf8))
		return;
	monitor_enter(&session->monitor);
	if (session_takes_input_locked(session))
		note_locked(session, "to-target", utf8);
	if (session_takes_input_locked(session)) {
		struct back_command command = {.kind = BACK_CLIPBOARD, .clipboard = g_strdup(utf8)};
		if (!command_push_locked(session, &command))
			g_free(command.clipboard);
	}
	monitor_leave(&session->monitor);
}
