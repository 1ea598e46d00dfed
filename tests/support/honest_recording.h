/** A small recording as the recorder would leave it, made by the chain's own writer: genesis, two
 *  segments of some bytes, a seal. */
#pragma once

#include "recorder/chain/chain_key.h"

#define HONEST_SESSION "6f9619ff-8b86-d011-b42d-00c04fc964ff"

/** Writes it into the existing directory `dir`. `gap_us` above 0: a signed gap of that length lies
 *  between the segments. Aborts when a file cannot be written. */
void honest_recording_write(const char *dir, const struct chain_key *key, uint64_t gap_us);
