/** Which keys the timeline must not name: what follows a call for the logon screen, up to Enter, is
 *  most likely a password. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct key_mask {
	uint64_t until_us; /**< 0: nothing is masked */
};

/** Takes the next key in order: `text` as keyboard_describe put it, NULL for releases and keys
 *  without a text. True: say of this key only that there was one. Ctrl+Alt+Delete and Win+L
 *  begin a mask and are named; Enter ends it and is named; so do two minutes, so that no trick
 *  hides a session's typing. */
bool key_mask_covers(struct key_mask *mask, const char *text, uint64_t now_us);
