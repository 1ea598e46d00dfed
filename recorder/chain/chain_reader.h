/** Reads chain lines back, for the verifier and for recovery after a crash. Bytes come from a disk
 *  and are not trusted; every text and number is checked for type and range. Any thread. */
#pragma once

#include "recorder/chain/chain.h"
#include "recorder/chain/signed_line.h"

enum chain_kind {
	CHAIN_GENESIS,
	CHAIN_SEGMENT,
	CHAIN_CHECKPOINT,
	CHAIN_GAP,
	CHAIN_SEAL,
	CHAIN_KIND_COUNT
};

struct chain_entry {
	enum chain_kind kind;
	uint64_t seq, t_us;
	char prev[DIGEST_HEX_BYTES];
	char hash[DIGEST_HEX_BYTES]; /**< of this entry's JSON, computed */
	const char *json;	     /**< the signed bytes, inside the line that was read */
	size_t json_length;
	uint8_t signature[SIGNED_LINE_SIGNATURE_MAX_BYTES];
	size_t signature_length;

	struct chain_file files[CHAIN_MAX_FILES]; /**< all kinds but gap and seal */
	unsigned n_files;
	uint32_t number;		       /**< segment, checkpoint */
	uint64_t start_us, end_us;	       /**< segment, gap */
	uint64_t first_frame_us;	       /**< segment */
	uint64_t frames;		       /**< segment, checkpoint, seal */
	uint32_t width, height;		       /**< segment */
	uint64_t segments, bytes, duration_us; /**< seal */
	uint64_t version, clock_us;	       /**< genesis */
	struct chain_counts counts;	       /**< segment, seal; zeros where there are none */
	bool has_counts; /**< seal: recorders have counted only since some time */
	char *session, *user, *target, *node, *quality,
		*codec;	       /**< genesis; codec: segment. NULL elsewhere */
	char *reason, *detail; /**< gap, seal */
	char *utc;
};

/** Parses one line without its newline; `line` must outlive the entry. Returns 0, or -EPROTO: not a
 *  chain line, then `ret` owns nothing.
 *  Free with chain_entry_clear. */
int chain_entry_parse(const char *line, size_t length, struct chain_entry *ret);
void chain_entry_clear(struct chain_entry *entry);

/** "genesis", "segment", ... */
const char *chain_kind_name(enum chain_kind kind);
