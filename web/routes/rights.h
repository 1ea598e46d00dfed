/** What a role may do at the console: the one table that answers this. */
#pragma once

#include "sql/user_store.h"

#include <jansson.h>

enum right {
	RIGHT_ENTER = 1,     /**< log in at all; see who has and had which session */
	RIGHT_WATCH = 2,     /**< see running sessions live */
	RIGHT_TERMINATE = 4, /**< end running sessions */
	RIGHT_PLAY = 8,	     /**< play recordings and read their timelines */
	RIGHT_AUDIT = 16,    /**< read the audit trail */
	RIGHT_HOLD = 32,     /**< place and release legal holds */
	RIGHT_EXPORT = 128,  /**< make evidence files of recordings and download them */
	RIGHT_DELETE =
		64, /**< ask for the deletion of recordings, and approve what others asked for */
};

/** Bits of enum right; 0 for a plain user, who has no business here. */
unsigned rights_of(enum user_role role);

/** ["enter", "watch", ...] for the page, so that it offers only what will be granted. New
 *  reference. */
json_t *rights_json(unsigned rights);
