/** What the commands that write evidence files share. */
#pragma once

#include "cli/cli.h"
#include "evidence/maker.h"
#include "sql/recording_store.h"

struct export_options {
	char *output, *from, *to, *purpose;
};
void export_options_clear(struct export_options *options);

/** Rows of a GOptionEntry table that fill a struct export_options. */
#define EXPORT_OPTION_ROWS(options)                                                                \
	{"output", 'o', 0, G_OPTION_ARG_FILENAME, &(options)->output, "The file to make", "FILE"}, \
		{"from",                                                                           \
		 0,                                                                                \
		 0,                                                                                \
		 G_OPTION_ARG_STRING,                                                              \
		 &(options)->from,                                                                 \
		 "Only from here: seconds, H:MM:SS or UTC",                                        \
		 "TIME"},                                                                          \
		{"to", 0, 0, G_OPTION_ARG_STRING, &(options)->to, "Only up to here", "TIME"},      \
	{                                                                                          \
		"purpose", 'p', 0, G_OPTION_ARG_STRING, &(options)->purpose,                       \
			"What for; stands in the file and in the audit trail", "TEXT"              \
	}

/** Finds the recording and fills session, span, target, purpose and who of `wish`. `*ret` owns some
 *  of it: free it with recording_row_free in every case. An exit code; not CLI_OK: said why. */
int export_find(struct cli *cli, const char *session_id, const struct export_options *options,
		struct recording_row **ret, struct evidence_wish *wish);

/** Makes the file, between two audit records, and tells how far it is. Ctrl-C stops it in order.
 *  `operations` of a derived copy are for the audit trail; borrowed, may be
 *  NULL. An exit code. */
int export_run(struct cli *cli, struct evidence_wish *wish, json_t *operations);
