/** Repairs one segment that a killed recorder left without an entry. Private to
 *  recorder/recovery*.c. */
#pragma once

#include "recorder/recovery_files.h"

/** Cuts the files of the segment `segment->number`, which begins at `segment->start_us`, to what is
 *  whole, and fills the rest of `segment`; n_files is 0 when there is nothing. -EKEYREJECTED: a
 *  file lies there plain that the recorder would have encrypted. What is encrypted under a key
 *  that is lost keeps the bytes of its last checkpoint, what lies behind becomes a tail. `codec`
 *  backs segment->codec. */
int recovery_segment_repair(const struct recovery_files *files, struct chain_segment *segment,
			    char codec[16]);
