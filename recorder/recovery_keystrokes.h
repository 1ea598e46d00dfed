/** Repairs the sealed keystrokes of a segment that a killed recorder left without an entry. Private
 *  to recorder/recovery*.c. */
#pragma once

#include "recorder/recovery_files.h"

/** Cuts `segment->number`'s file to its last whole record and lists it and its sealed key behind
 *  what `segment` lists already. Needs no key. 0 or -errno. */
int recovery_keystrokes_repair(const struct recovery_files *files, struct chain_segment *segment);
