/* JSON for records, through jansson: peers choose some of the texts, so they are
 * never pasted together. */
#include "gateway/broker/note.h"

#include <glib.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>

static char *dump(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	char *result = g_strdup(text != NULL ? text : "{}");

	free(text);
	json_decref(object);
	return result;
}

char *note_texts(const char *name, ...)
{
	json_t *object = json_object();
	va_list args;

	va_start(args, name);
	for (; name != NULL; name = va_arg(args, const char *)) {
		const char *value = va_arg(args, const char *);
		if (value != NULL && value[0] != '\0')
			json_object_set_new(object, name, json_string(value));
	}
	va_end(args);
	return dump(object);
}

char *note_end(enum end_reason reason, const char *detail)
{
	return note_texts("reason", end_reason_key(reason), "detail", detail, NULL);
}
