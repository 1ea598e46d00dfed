/** The verdict about a recording or an evidence file in words for an auditor, and as JSON. Prints on standard output. */
#pragma once

#include "evidence/verdict.h"

void verify_print_words(const struct verdict *verdict);
/** False when the report cannot be written. */
bool verify_print_json(const struct verdict *verdict);
