/** Why a session ended: one table for the viewer's text, the database, the timeline and the
 *  console. */
#pragma once

#include <stdint.h>

enum end_reason {
	END_NONE = 0,
#define END_REASON(name, key, text) END_##name,
#include "base/end_reason.def"
#undef END_REASON
	END_REASON_COUNT
};

/** "viewer-left" and so on; "unknown" for a number in no row. Never NULL. */
const char *end_reason_key(uint32_t reason);

/** A sentence for the person at the viewer, without secrets. Never NULL. */
const char *end_reason_text(uint32_t reason);

/** The number of a key, END_NONE when it is in no row. */
enum end_reason end_reason_from_key(const char *key);
