/** Makes the pictures of a derived copy: recorded pictures decoded, regions covered, spans masked,
 *  what is left encoded anew. Times stay those of the recording.
 *
 *  A covered region is filled with grey, a masked span shows one card: nothing of what was there
 *  goes into the new pictures, neither its content nor when it changed. Memory is a few pictures,
 *  however long the recording. A room of its own: verifying needs no decoder. */
#pragma once

#include "evidence/derive/operations.h"
#include "evidence/export_internal.h"

/** What a covered region is filled with, BT.709 limited range: grey. */
#define DERIVE_COVER_LUMA 96u
#define DERIVE_COVER_CHROMA 128u

/** For evidence_order and evidence_wish. `operations` must be settled; they are borrowed
 *  while the export runs. */
struct evidence_derivation derive_with(const struct derive_operations *operations);
