/** Pages of long lists: --limit and --offset, and what is said when there is more. */
#pragma once

#include "cli/cli.h"

struct page_options {
	int limit, offset; /**< rows */
};

/** Adds both to the options that cli_parse takes, and fills in their defaults. */
void page_options_add(struct cli *cli, struct page_options *options);
/** After cli_parse. False: said why; return CLI_USAGE. */
bool page_options_read(const struct page_options *options, struct db_page *ret);
/** Behind a list of `shown` rows: how many there are in all, when that is more. */
void page_options_print_rest(unsigned shown, uint64_t total);
