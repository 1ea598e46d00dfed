/** What the commands that write evidence files share. */
#pragma once

#include "cli/cli.h"
#include "evidence/maker.h"
#include "sql/recording_store.h"

struct export_options {
	char *output, *from, *to, *purpose;
};

/** Adds --output, --from, --to and --purpose to the options that cli_parse takes. */
void export_options_add(struct cli *cli, struct export_options *options);
/** Frees what EXPORT_OPTION_ROWS filled in. */
void export_options_clear(struct export_options *options);

/** Finds the recording and fills session, span, target, purpose and who of `wish`. `*ret` owns some
 *  of it: free it with recording_row_free in every case. An exit code; not CLI_OK: said why. */
int export_find(struct cli *cli, const char *session_id, const struct export_options *options,
		struct recording_row **ret, struct evidence_wish *wish);

/** Makes the file, between two audit records, and tells how far it is. Ctrl-C stops it in order.
 *  `operations` of a derived copy are for the audit trail; borrowed, may be
 *  NULL. An exit code. */
int export_run(struct cli *cli, struct evidence_wish *wish, json_t *operations);
