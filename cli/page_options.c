/* Pages of long lists. It must not know what is listed. */
#include "cli/page_options.h"

#include <stdio.h>

#define LIMIT_ROWS 50

void page_options_add(struct cli *cli, struct page_options *options)
{
	const GOptionEntry entries[] = {
		{"limit", 'n', 0, G_OPTION_ARG_INT, &options->limit, "How many (50, at most 1000)",
		 "N"},
		{"offset", 0, 0, G_OPTION_ARG_INT, &options->offset, "Skip so many newer ones",
		 "N"},
		{0},
	};

	*options = (struct page_options){.limit = LIMIT_ROWS};
	cli_add_options(cli, entries);
}

bool page_options_read(const struct page_options *options, struct db_page *ret)
{
	if (options->limit < 1 || options->limit > (int)DB_PAGE_MAX_ROWS || options->offset < 0) {
		cli_say("--limit must be 1 to %u and --offset not negative", DB_PAGE_MAX_ROWS);
		return false;
	}
	*ret = (struct db_page){(uint32_t)options->limit, (uint64_t)options->offset};
	return true;
}

void page_options_print_rest(unsigned shown, uint64_t total)
{
	if (shown < total)
		printf("%u of %" G_GUINT64_FORMAT "; more with --limit and --offset\n", shown,
		       total);
}
