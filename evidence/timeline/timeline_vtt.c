/* Events as subtitles. Keys come one by one; people read words. It must not know
 * where lines come from. */
#include "evidence/timeline/timeline_vtt.h"

#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TYPING_PAUSE_US (2 * G_USEC_PER_SEC)
#define TYPING_MAX_CHARACTERS 60
/* As long as a line of this length takes to read. */
#define SHOWN_US (3 * G_USEC_PER_SEC)
#define TIME_MAX_US (INT64_C(1) << 53)

struct timeline_vtt {
	GString *out;
	GString *typed; /**< keys that belong together; empty: none */
	gint64 typed_from_us, typed_to_us;
};

struct timeline_vtt *timeline_vtt_create(GString *out)
{
	struct timeline_vtt *vtt = g_new0(struct timeline_vtt, 1);

	g_string_append(out, "WEBVTT\n\n");
	vtt->out = out;
	vtt->typed = g_string_new(NULL);
	return vtt;
}

static void add_time(GString *out, gint64 us)
{
	gint64 ms = us / 1000;

	g_string_append_printf(out,
			       "%02" G_GINT64_FORMAT ":%02" G_GINT64_FORMAT ":%02" G_GINT64_FORMAT
			       ".%03" G_GINT64_FORMAT,
			       ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

/* Cue text is markup (WebVTT section 6.4), and names are strangers'. */
static void add_cue(GString *out, gint64 from_us, gint64 to_us, const char *heading,
		    const char *text)
{
	g_autofree char *clean = text_clean(text);
	g_autofree char *escaped = g_markup_escape_text(clean, -1);

	add_time(out, from_us);
	g_string_append(out, " --> ");
	add_time(out, to_us);
	g_string_append_printf(out, "\n%s%s\n\n", heading, escaped);
}

static void end_typing(struct timeline_vtt *vtt)
{
	if (vtt->typed->len == 0)
		return;
	add_cue(vtt->out, vtt->typed_from_us, vtt->typed_to_us + SHOWN_US, "", vtt->typed->str);
	g_string_truncate(vtt->typed, 0);
}

static const char *text_of(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text != NULL ? text : "";
}

/* Shift, Ctrl, Alt, Win and the locks: alone they say nothing, what they do shows in the
 * keys pressed with them. */
static bool is_modifier(const json_t *event)
{
	static const json_int_t scancodes[] = {29, 42, 54, 56, 58, 69, 91, 92};
	json_int_t code = json_integer_value(json_object_get(event, "code"));
	const char *kind = text_of(event, "kind");

	if (text_of(event, "text")[0] != '\0')
		return false;
	if (strcmp(kind, "keysym") == 0)
		return (code >= 0xffe1 && code <= 0xffee) || code == 0xfe03 || code == 0xff7e ||
		       code == 0xff7f;
	for (unsigned i = 0; i < G_N_ELEMENTS(scancodes); i++)
		if (strcmp(kind, "scancode") == 0 && code == scancodes[i])
			return true;
	return false;
}

static void append_key(GString *typed, const json_t *event)
{
	const char *text = text_of(event, "text");

	if (json_is_true(json_object_get(event, "masked")))
		g_string_append(typed, "\u2022");
	else if (strcmp(text, "Space") == 0)
		g_string_append_c(typed, ' ');
	else if (g_utf8_strlen(text, -1) == 1)
		g_string_append(typed, text);
	else if (text[0] != '\0')
		g_string_append_printf(typed, "[%s]", text);
	else
		g_string_append_printf(typed, "[%s %" JSON_INTEGER_FORMAT "]",
				       text_of(event, "kind"),
				       json_integer_value(json_object_get(event, "code")));
}

static void add_key(struct timeline_vtt *vtt, gint64 t_us, const json_t *event)
{
	const char *text = text_of(event, "text");

	if (!json_is_true(json_object_get(event, "down")) || is_modifier(event))
		return;
	if (t_us - vtt->typed_to_us > TYPING_PAUSE_US ||
	    g_utf8_strlen(vtt->typed->str, -1) >= TYPING_MAX_CHARACTERS)
		end_typing(vtt);
	if (vtt->typed->len == 0)
		vtt->typed_from_us = t_us;
	vtt->typed_to_us = t_us;
	append_key(vtt->typed, event);
	if (strcmp(text, "Return") == 0 || strcmp(text, "Enter") == 0)
		end_typing(vtt);
}

static void add_told(struct timeline_vtt *vtt, gint64 t_us, const char *type, const json_t *event)
{
	/* What a session process says of those who watch it is nobody's word: it can be taken
	 * over. */
	static const struct {
		const char *type, *action; /* NULL: any */
		const char *heading, *member;
		bool of_session; /* it may say so */
	} shown[] = {
		{"title", NULL, "Title: ", "text", true},
		{"notice", NULL, "Notice: ", "text", true},
		{"supervisor", NULL, "Supervisor: ", "reason"},
		{"watch", "begin", "Watched live by ", "by"},
		{"watch", "end", "No longer watched live by ", "by"},
	};
	const char *action = text_of(event, "action");
	bool by_session = strcmp(text_of(event, "origin"), "session") == 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(shown); i++) {
		if (strcmp(type, shown[i].type) != 0 || (by_session && !shown[i].of_session) ||
		    (shown[i].action != NULL && strcmp(action, shown[i].action) != 0))
			continue;
		/* A notice without words takes the one before it away. */
		if (text_of(event, shown[i].member)[0] == '\0')
			continue;
		end_typing(vtt);
		add_cue(vtt->out, t_us, t_us + SHOWN_US, shown[i].heading,
			text_of(event, shown[i].member));
	}
}

void timeline_vtt_add(struct timeline_vtt *vtt, const char *line, size_t length)
{
	json_t *event = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *t_us = json_object_get(event, "t_us");
	const char *type = text_of(event, "type");

	if (json_is_integer(t_us) && json_integer_value(t_us) >= 0 &&
	    json_integer_value(t_us) < TIME_MAX_US) {
		if (strcmp(type, "key") == 0)
			add_key(vtt, json_integer_value(t_us), event);
		else
			add_told(vtt, json_integer_value(t_us), type, event);
	}
	json_decref(event);
}

void timeline_vtt_finish(struct timeline_vtt *vtt)
{
	end_typing(vtt);
	g_string_free(vtt->typed, TRUE);
	g_free(vtt);
}
