/** Where things lie in an evidence file (docs/evidence-format.md, "The evidence file"): video, then
 *  one box with an archive and a footer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVIDENCE_BOX_HEADER_BYTES 24u
#define EVIDENCE_FOOTER_BYTES 32u
/** The box's size field has 32 bits. */
#define EVIDENCE_BOX_MAX_BYTES UINT32_MAX
#define EVIDENCE_BLOCK_BYTES 512u /**< of the archive */

#define EVIDENCE_MANIFEST "manifest.json"
#define EVIDENCE_SIGNATURE "manifest.cms"
#define EVIDENCE_STAMP "manifest.tsr"
#define EVIDENCE_README "README.txt"

extern const uint8_t evidence_usertype[16];

void layout_box_header(uint32_t box_bytes, uint8_t ret[EVIDENCE_BOX_HEADER_BYTES]);
void layout_footer(uint32_t box_bytes, uint8_t ret[EVIDENCE_FOOTER_BYTES]);

/** The box's size as the footer says it. False when these bytes are no footer. */
bool layout_read_footer(const uint8_t footer[EVIDENCE_FOOTER_BYTES], uint32_t *ret_box_bytes);
/** True when these bytes begin a box of ours of just this size. */
bool layout_is_box_header(const uint8_t header[EVIDENCE_BOX_HEADER_BYTES], uint32_t box_bytes);

/** Walks the top-level boxes (ISO/IEC 14496-12 4.2) of bytes that come in pieces. */
struct box_walk {
	uint8_t header[32];
	unsigned have; /**< bytes of the header */
	uint64_t skip; /**< of the box's content, still to come */
	uint64_t ours; /**< boxes with our usertype */
	bool broken;   /**< a size that cannot be */
};

/** Start with a zeroed walk. */
void box_walk_add(struct box_walk *walk, const uint8_t *bytes, size_t length);
/** True when the bytes so far end where a box ends. */
bool box_walk_is_whole(const struct box_walk *walk);
