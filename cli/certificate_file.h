/** A certificate into a file, for `vitrine certificate` and `vitrine export`. */
#pragma once

#include "evidence/certificate/certificate.h"

/** Makes and writes it; a file that is there is never touched. Says on standard error what fails.
 *  Returns the verdict that the page states, as an exit code; VERDICT_BROKEN or
 *  CLI_FAILED when there is none. */
int certificate_file_make(const struct certificate_order *order, const char *target);
