/** Init segments and sealed data keys of a segment that is repaired. Private to
 *  recorder/recovery*.c. */
#pragma once

#include "recorder/recovery_files.h"

/** Lists the init segment that the pictures of `video` need, makes it again when it is
 *  torn or gone, and fills width, height and `codec`. -ENOENT: there is none and
 *  nothing to make it from. */
int recovery_init_add(const struct recovery_files *files, const struct recovery_file *video,
		      struct chain_segment *segment, char codec[16]);
/** Removes the one that was made for segment `number`, which has no picture. */
int recovery_init_drop(const struct recovery_files *files, uint32_t number);
/** Lists the sealed data key `number`; one that is torn or gone is told in the log and left out. */
int recovery_key_add(const struct recovery_files *files, unsigned number,
		     struct chain_segment *segment);
