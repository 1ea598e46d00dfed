/** Installing a CA's answer: what is refused, what is recorded, in which order. */
#pragma once

#include "cli/cli.h"
#include "recorder/chain/key_source.h"

struct key_install {
	const struct key_place *place;
	const char *what;	 /**< "recorder" or "exports", as the audit record names it */
	const char *certificate; /**< PEM */
	const char *ca;		 /**< PEM file that it must lead to; NULL: not asked */
	const char
		*store_dir; /**< where recordings may still need the key before; NULL: none does */
	bool offline;	    /**< no audit record: there is no database yet */
};

/** Puts key and certificate in place together with an audit record, or neither; an answer that does
 *  not fit is refused, and that is recorded. Exit code of the command; said why. */
int key_install(struct cli *cli, const struct key_install *install);
