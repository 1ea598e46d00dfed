/** A timeline into a file or onto standard output, for `vitrine timeline` and `vitrine export`. */
#pragma once

#include "evidence/timeline/timeline_source.h"

#include <stdbool.h>

enum timeline_form { TIMELINE_JSONL, TIMELINE_CSV, TIMELINE_VTT };

/** Writes all that `source` gives. `target` NULL: standard output; a file that is there is never
 *  touched, and one that fails is removed. Says on standard error what fails; an exit code. */
int timeline_file_write(struct timeline_source *source, enum timeline_form form,
			const char *target);
