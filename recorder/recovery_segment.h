/** Repairs one segment that a killed recorder left without an entry. Private to recorder/recovery*.c. */
#pragma once

#include "recorder/reader/reader.h"
#include "recorder/recovery_chain.h"

/** What the files of an interrupted recording are read and repaired with. */
struct recovery_files {
	struct store_recording *store;
	struct reader *reader; /**< has the data keys that are still known */
	const struct recovered_chain *chain;
	bool encrypted; /**< the recorder that died encrypted, as does this one: what lies plain is not its own */
};

/** Opens the reader and gives it what `keys` still knows of the recording's data keys. */
int recovery_files_open(struct recovery_files *files, struct store_recording *store,
			const struct recovered_chain *chain, const struct segment_key_places *keys);
void recovery_files_close(struct recovery_files *files);

/** Cuts the files of the segment `segment->number`, which begins at `segment->start_us`, to what is whole, and fills the rest of `segment`; n_files is 0 when there is
 *  nothing. -EKEYREJECTED: a file lies there plain that the recorder would have encrypted. What is encrypted under a key that is lost keeps the bytes of its last checkpoint, what lies behind becomes a tail. `codec` backs segment->codec. */
int recovery_segment_repair(const struct recovery_files *files, struct chain_segment *segment,
			    char codec[16]);
