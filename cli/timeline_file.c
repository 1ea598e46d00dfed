/* Writes a timeline in one of its forms. It must not know where it comes from. */
#include "cli/timeline_file.h"

#include "cli/cli.h"
#include "evidence/timeline/timeline_csv.h"
#include "evidence/timeline/timeline_vtt.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

/* A form, and what of it was not written yet. */
struct timeline_writer {
	enum timeline_form form;
	uint64_t started_us;
	struct timeline_vtt *vtt; /**< of that form */
	GString *text;
	FILE *file;
};

static void begin(struct timeline_writer *w)
{
	if (w->form == TIMELINE_CSV)
		timeline_csv_head(w->text);
	else if (w->form == TIMELINE_VTT)
		w->vtt = timeline_vtt_create(w->text);
}

static void add(struct timeline_writer *w, const char *line, size_t length)
{
	switch (w->form) {
	case TIMELINE_JSONL:
		g_string_append_len(w->text, line, (gssize)length);
		break;
	case TIMELINE_CSV:
		timeline_csv_row(w->text, w->started_us, line, length);
		break;
	case TIMELINE_VTT:
		timeline_vtt_add(w->vtt, line, length);
		break;
	}
}

static bool flush(struct timeline_writer *w, GError **error)
{
	size_t n = fwrite(w->text->str, 1, w->text->len, w->file);

	if (n != w->text->len) {
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_IO, "cannot write: %s",
			    g_strerror(errno));
		return false;
	}
	g_string_truncate(w->text, 0);
	return true;
}

static bool write_lines(struct timeline_writer *w, struct timeline_source *source, GError **error)
{
	const char *line;
	size_t length;
	int result;

	begin(w);
	bool ok = flush(w, error);
	while (ok && (result = timeline_source_next(source, &line, &length, error)) != 0) {
		if (result < 0)
			return false;
		add(w, line, length);
		ok = flush(w, error);
	}
	g_clear_pointer(&w->vtt, timeline_vtt_finish);
	return ok && flush(w, error);
}

static int end(FILE *file, const char *target, const GError *error)
{
	int code = file == stdout ? fflush(file) : fclose(file);

	if (error == NULL && code == 0)
		return CLI_OK;
	if (target != NULL)
		g_unlink(target);
	return error != NULL ? cli_fail("%s", error->message)
			     : cli_fail("cannot write: %s", g_strerror(errno));
}

int timeline_file_write(struct timeline_source *source, enum timeline_form form, const char *target)
{
	struct timeline_writer writer = {
		.form = form,
		.started_us = timeline_source_started_us(source),
		.file = target != NULL ? fopen(target, "wxe") : stdout,
	};
	g_autoptr(GError) error = NULL;

	if (writer.file == NULL)
		return cli_fail("cannot write %s: %s", target, g_strerror(errno));
	writer.text = g_string_new(NULL);
	write_lines(&writer, source, &error);
	g_clear_pointer(&writer.vtt, timeline_vtt_finish);
	g_string_free(writer.text, TRUE);
	return end(writer.file, target, error);
}
