/** Repairs one segment that a killed recorder left without an entry. Private to recorder/recovery*.c. */
#pragma once

#include "recorder/reader/reader.h"
#include "recorder/recovery_chain.h"

/** What the files of an interrupted recording are read and repaired with. */
struct recovery_files {
	struct store_recording *store;
	struct reader *reader; /**< has the data keys that are still known */
	const struct recovered_chain *chain;
};

/** Opens the reader and gives it what `running` (may be NULL) still knows of the recording's data keys. */
int recovery_files_open(struct recovery_files *files, struct store_recording *store,
			const struct recovered_chain *chain, const struct running_keys *running);
void recovery_files_close(struct recovery_files *files);

/** Cuts the files of the segment `segment->number`, which begins at `segment->start_us`, to what is whole, and fills the rest of `segment`; n_files is 0 when there is
 *  nothing. What is encrypted under a key that is lost keeps the bytes of its last checkpoint, what lies behind becomes a tail. `codec` backs segment->codec. */
int recovery_segment_repair(const struct recovery_files *files, struct chain_segment *segment,
			    char codec[16]);
