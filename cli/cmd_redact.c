/* vitrine redact: a derived copy of a recording, with regions covered and spans masked. The work is
 * evidence/derive's; here are its options. */
#include "cli/export_run.h"
#include "cli/maker_words.h"
#include "cli/time_span.h"
#include "evidence/derive/derive.h"

#include <stdio.h>
#include <string.h>

struct redact_options {
	struct export_options common;
	char **covers, **masks, *quality;
};

/* One end of a span; nothing means as far as it goes. */
static bool parse_end(const char *text, uint64_t started_utc_us, uint64_t otherwise_us,
		      uint64_t *ret_us)
{
	*ret_us = otherwise_us;
	return text[0] == '\0' || time_span_parse(text, started_utc_us, ret_us);
}

/* FROM-TO. A time in UTC has dashes, too: the one that leaves a time on either side counts. */
static bool parse_span(const char *text, uint64_t started_utc_us, struct derive_span *ret)
{
	for (const char *dash = strchr(text, '-'); dash != NULL; dash = strchr(dash + 1, '-')) {
		g_autofree char *from = g_strndup(text, (gsize)(dash - text));
		if (parse_end(from, started_utc_us, 0, &ret->start_us) &&
		    parse_end(dash + 1, started_utc_us, DERIVE_TO_THE_END, &ret->end_us))
			return true;
	}
	return false;
}

/* X,Y,W,H or X,Y,W,H@FROM-TO. */
static bool parse_cover(const char *text, uint64_t started_utc_us, struct derive_cover *ret)
{
	struct rect *r = &ret->region;
	int length = 0;

	ret->span = (struct derive_span){0, DERIVE_TO_THE_END};
	/* Five digits at most: no number overflows. */
	if (strchr(text, '+') != NULL ||
	    sscanf(text, "%5u,%5u,%5u,%5u%n", &r->x, &r->y, &r->width, &r->height, &length) != 4)
		return false;
	return text[length] == '\0' ||
	       (text[length] == '@' && parse_span(text + length + 1, started_utc_us, &ret->span));
}

static bool read_covers(char **words, uint64_t started_utc_us, struct derive_operations *ret)
{
	struct derive_cover cover;

	for (; words != NULL && *words != NULL; words++)
		if (!parse_cover(*words, started_utc_us, &cover) ||
		    !derive_operations_cover(ret, &cover)) {
			cli_say("--cover takes X,Y,WIDTH,HEIGHT in pixels, and @FROM-TO behind it "
				"for a span: 10,20,300,40@1:30-2:00");
			return false;
		}
	return true;
}

static bool read_masks(char **words, uint64_t started_utc_us, struct derive_operations *ret)
{
	struct derive_span span;

	for (; words != NULL && *words != NULL; words++)
		if (!parse_span(*words, started_utc_us, &span) ||
		    !derive_operations_mask(ret, span)) {
			cli_say("--mask takes FROM-TO, each in seconds, H:MM:SS or UTC: 1:30-2:00, "
				"or 1:30- for all that follows");
			return false;
		}
	return true;
}

static bool read_operations(const struct redact_options *options, uint64_t started_utc_us,
			    struct derive_operations *ret)
{
	if (options->quality != NULL && !derive_operations_quality(ret, options->quality)) {
		cli_say("--quality takes evidence, standard or economy");
		return false;
	}
	if (!read_covers(options->covers, started_utc_us, ret) ||
	    !read_masks(options->masks, started_utc_us, ret))
		return false;
	derive_operations_settle(ret);
	return true;
}

static int redact(struct cli *cli, struct evidence_wish *wish,
		  const struct derive_operations *operations)
{
	const struct evidence_derivation derivation = derive_with(operations);
	json_t *list =
		derive_operations_json(operations, (struct derive_span){0, DERIVE_TO_THE_END});

	wish->derivation = &derivation;
	int code = export_run(cli, wish, list);
	json_decref(list);
	return code;
}

static int redact_session(struct cli *cli, const char *session_id,
			  const struct redact_options *options)
{
	struct evidence_wish wish = {0};
	struct derive_operations operations;
	autorow(recording_row) recording = NULL;

	int code = export_find(cli, session_id, &options->common, &recording, &wish);
	if (code != CLI_OK)
		return code;
	derive_operations_init(&operations);
	code = read_operations(options, recording->started_utc_us, &operations)
		       ? redact(cli, &wish, &operations)
		       : CLI_USAGE;
	derive_operations_finish(&operations);
	return code;
}

static int run_redact(struct cli *cli, int argc, char **argv)
{
	struct redact_options options = {0};
	const GOptionEntry entries[] = {
		{"cover", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.covers,
		 "Fill a region with grey, always or in a span; may be repeated",
		 "X,Y,W,H[@FROM-TO]"},
		{"mask", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.masks,
		 "Show a card instead of a span; may be repeated", "FROM-TO"},
		{"quality", 0, 0, G_OPTION_ARG_STRING, &options.quality,
		 "Of the new pictures: evidence, standard (the default) or economy", "NAME"},
		{0},
	};
	int status = CLI_USAGE;

	export_options_add(cli, &options.common);
	if (cli_parse(cli, entries, 1, 1, &argc, &argv))
		status = redact_session(cli, argv[0], &options);
	export_options_clear(&options.common);
	g_strfreev(options.covers);
	g_strfreev(options.masks);
	g_free(options.quality);
	return status;
}

const struct command redact_commands[] = {
	{REDACT_WORDS, run_redact},
	{0},
};
