/** What a killed recorder left in the store: cut to its last whole fragment, signed, and ready to
 *  go on. */
#pragma once

#include "recorder/recording.h"

/** A recording without a seal, repaired. */
struct recovered {
	struct archive *archive;
	struct archive_resume from;
};
void recovered_free(struct recovered *recovered);
/** It was deleted while it waited: nothing is signed behind what its tombstone names. */
bool recovered_is_deleted(const struct recovered *recovered,
			  const struct archive_services *services);

/** Looks through the store, repairs what has no seal, writes rows again. GPtrArray of struct
 *  recovered (owned by it); never NULL. A recording that cannot be repaired is logged and left as
 *  it is. Takes as long as reading the last segments takes. */
GPtrArray *recovery_scan(const struct archive_services *services);
