/** One file of a recording: what the chain says about it, and whether its bytes agree.
 *  Private to recorder/chain. */
#pragma once

#include "recorder/chain/chain_reader.h"
#include "recorder/chain/verify.h"
#include "recorder/reader/reader.h"

/** The first `bytes` bytes had this hash at t_us. */
struct verify_prefix {
	uint64_t bytes, t_us;
	char sha256[DIGEST_HEX_BYTES];
};

struct verify_known_file {
	struct chain_file final; /**< valid when is_final */
	bool is_final;
	uint32_t segment;
	uint64_t start_us, end_us;
	GArray *prefixes; /**< struct verify_prefix, in the order of the chain */
};

enum verify_file_result {
	VERIFY_FILE_PROVEN, /**< all of it is what its final entry says */
	VERIFY_FILE_FOUND,  /**< a finding tells what is wrong or open */
	VERIFY_FILE_UNREAD, /**< encrypted, and no key opens it; its length was compared */
};

/** Reads the file once. `name` is as entries call it. */
enum verify_file_result verify_file_check(const struct reader *reader, const char *name,
					  const struct verify_known_file *known,
					  struct verify_report *report);
