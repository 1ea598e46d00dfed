/** What an evidence file says about itself: `manifest.json` of
 *  docs/evidence-format.md as a struct. */
#pragma once

#include "recorder/chain/chain.h"

#include <jansson.h>

#define MANIFEST_FORMAT "vitrine-evidence"
#define MANIFEST_VERSION 1
/** A recording of years has fewer segments than fit in here. */
#define MANIFEST_MAX_BYTES (256u << 20)

/** A recorded file in the video. */
struct manifest_part {
	struct chain_file file;
	uint64_t offset;
};

struct manifest_omission {
	char *name, *reason;
};

struct manifest {
	bool derived;
	char *session, *created, *created_by, *node, *purpose;
	uint64_t span_start_us, span_end_us, asked_start_us, asked_end_us;
	bool whole;
	uint64_t chain_entries;
	char chain_head[DIGEST_HEX_BYTES];
	bool chain_sealed;
	uint64_t video_bytes;
	char video_sha256[DIGEST_HEX_BYTES];
	GArray *parts;			      /**< struct manifest_part */
	GArray *files;			      /**< struct chain_file, in the order of the archive */
	GPtrArray *left_out;		      /**< struct manifest_omission */
	json_t *operations;		      /**< array; derived only */
	char source_sha256[DIGEST_HEX_BYTES]; /**< derived only */
};

/** Empty lists, everything else zero. Free its inside with manifest_finish; that is fine
 *  for a zeroed one, too. */
void manifest_init(struct manifest *manifest);
void manifest_finish(struct manifest *manifest);

void manifest_add_part(struct manifest *manifest, const struct chain_file *file, uint64_t offset);
void manifest_add_file(struct manifest *manifest, const struct chain_file *file);
void manifest_leave_out(struct manifest *manifest, const char *name, const char *reason);

/** The text, keys sorted, no white space. NULL when a text in it is not UTF-8. g_free it. */
char *manifest_to_json(const struct manifest *manifest);

/** Reads a text that nobody vouches for yet. Returns 0; -EPROTO: not a manifest; -EPROTONOSUPPORT:
 *  one of the version *ret_version, which is not known here. `ret` must be initialised and is to be
 *  finished in every case. */
int manifest_parse(const char *json, size_t length, struct manifest *ret, uint64_t *ret_version);
