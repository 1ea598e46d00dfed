/** What is done to the pictures of a derived copy (docs/evidence-format.md, "Derived copies"):
 *  regions covered, spans masked, everything encoded anew. */
#pragma once

#include "base/rect.h"

#include <glib.h>
#include <jansson.h>

/** More of either than anybody draws by hand. */
#define DERIVE_MAX_OPERATIONS 256u
/** Regions are widened to multiples of this: no macroblock of the recorded picture lies across
 *  their edge, so none was coded anew outside because something changed inside. */
#define DERIVE_REGION_STEP_PX 16u
/** An end of a span: as far as the recording goes. */
#define DERIVE_TO_THE_END UINT64_MAX

/** [start_us, end_us) of the recording. */
struct derive_span {
	uint64_t start_us, end_us;
};

struct derive_cover {
	/** pixels of the picture, whatever its size is at that time; may reach out of it */
	struct rect region;
	struct derive_span span;
};

struct derive_operations {
	GArray *covers; /**< struct derive_cover */
	/** struct derive_span; after derive_operations_settle in order and apart from each other */
	GArray *masks;
	unsigned qp; /**< of the new pictures, as in encoder_settings */
};

/** Nothing covered or masked, quality `standard`. */
void derive_operations_init(struct derive_operations *operations);
void derive_operations_finish(struct derive_operations *operations);

/** Adds one. False: the region or span is empty, out of range, or one too many. */
bool derive_operations_cover(struct derive_operations *operations,
			     const struct derive_cover *cover);
bool derive_operations_mask(struct derive_operations *operations, struct derive_span span);
/** "evidence", "standard" or "economy", as targets' recordings have them. False: none of these. */
bool derive_operations_quality(struct derive_operations *operations, const char *name);

/** Joins masks that touch or overlap, and widens regions to multiples of DERIVE_REGION_STEP_PX
 *  within the largest picture. */
void derive_operations_settle(struct derive_operations *operations);

/** As a manifest has them, cut to a span; what lies outside is left out. Where the span goes to the
 *  end, ends that nobody named stay without. A new array. */
json_t *derive_operations_json(const struct derive_operations *operations, struct derive_span span);
/** From the same words; spans may be left out (the whole recording), or only `end_us` (to the end).
 *  `ret` is initialised and to be finished in every case. False: something is not an operation. */
bool derive_operations_parse(const json_t *list, struct derive_operations *ret);
