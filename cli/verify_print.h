/** The verdict about a recording or an evidence file in words for an auditor, and as JSON. */
#pragma once

#include "evidence/verdict.h"

#include <jansson.h>

/** The verdict's sentence, what it rests on and every finding, on standard output. */
void verify_print_words(const struct verdict *verdict);
/** The same as an object, with the path as the caller named it. NULL: it cannot be written as
 *  JSON. */
json_t *verify_print_object(const char *path, const struct verdict *verdict);
