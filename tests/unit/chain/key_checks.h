/** What a signing key must do, wherever it lies: for the tests of places and tokens. */
#pragma once

#include "recorder/chain/key_source.h"

/** The key there signs what its certificate verifies. */
void key_checks_signs(const struct key_place *place);
/** The key there is refused, in words that hold `text`. Returns the words; g_free them. */
char *key_checks_refused(const struct key_place *place, const char *text);
