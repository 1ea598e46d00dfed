/** FreeRDP's error numbers in Vitrine's words: one table. */
#pragma once

#include "base/end_reason.h"

#include <stdint.h>

struct rdp_back_error {
	/** freerdp_get_last_error: [MS-RDPBCGR] 2.2.5.1.1 as 0x1xxxx, FreeRDP's own as 0x2xxxx */
	uint32_t code;
	enum end_reason reason;
	const char *text; /**< for the log and the audit record */
};

/** What an error means. Numbers in no row are sorted by their class. Never NULL. Any thread. */
const struct rdp_back_error *rdp_back_error(uint32_t code);
