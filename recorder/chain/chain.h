/** Writes the hash chain of one recording (docs/evidence-format.md): entries are made here, the
 *  caller appends their lines to the file `chain`.
 *
 *  One chain per recording, one thread at a time. Times are microseconds since the recording
 *  began. */
#pragma once

#include "recorder/chain/chain_key.h"
#include "recorder/chain/digest.h"

#include <stdbool.h>

#define CHAIN_VERSION 1
#define CHAIN_FILE "chain"
#define CHAIN_CERTIFICATE_FILE "certificate.pem"
/** No certificate file is read beyond this, by whoever repairs, exports or shows a recording. */
#define CHAIN_CERTIFICATE_MAX_BYTES (64u << 10)
#define CHAIN_MAX_FILES 6u
/** No chain is read beyond this, by whoever judges, repairs or exports it: some twenty busy
 *  days. */
#define CHAIN_MAX_BYTES (256u << 20)
/** Longest line a reader accepts; a genesis with all texts at their limits stays far below. */
#define CHAIN_LINE_MAX_BYTES 65536u

struct chain;

/** A new chain. `key` is shared and must outlive it. */
struct chain *chain_create(const struct chain_key *key);
/** Continues behind an entry: its sequence number and the SHA-256 of its JSON. */
struct chain *chain_resume(const struct chain_key *key, uint64_t last_seq,
			   const char last_hex[DIGEST_HEX_BYTES]);
void chain_destroy(struct chain *chain);

/** SHA-256 of the newest entry's JSON in hex; zeros before the genesis. Borrowed. */
const char *chain_head(const struct chain *chain);
/** Sequence number of the newest entry; there must be one. */
uint64_t chain_last_seq(const struct chain *chain);

struct chain_genesis {
	const char *session_id, *node, *user, *viewer_address, *viewer_name, *target,
		*target_address;
	const char *account, *front, *back, *door, *quality;
	uint64_t opened_utc_us; /**< as the gateway said */
	uint64_t clock_us;	/**< CLOCK_MONOTONIC at time 0 of the recording */
};

/** A file and its bytes so far. */
struct chain_file {
	char name[32];
	uint64_t bytes;
	char sha256[DIGEST_HEX_BYTES];
	/** plain bytes behind those, which nobody could read when the entry was made; 0 but after a
	 *  crash that took the data key */
	uint64_t tail_bytes;
};

/** What became of the pictures that a session finished. */
struct chain_counts {
	uint64_t seen;
	/** of them: without an encoded one of their own, a later one shows what they showed last */
	uint64_t coalesced;
	/** records of damage that found no room in the ring: the whole canvas was read again
	 *  then */
	uint64_t lost;
};

/** The largest whole number that every language of a verifier can hold: no number in an entry is
 *  larger. */
#define CHAIN_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

static inline void chain_counts_add(struct chain_counts *sum, const struct chain_counts *more)
{
	sum->seen += more->seen;
	sum->coalesced += more->coalesced;
	sum->lost += more->lost;
}

struct chain_segment {
	uint32_t number; /**< 1, 2, ... */
	uint64_t start_us, end_us;
	uint32_t frames, width, height;
	/** decode time of the first picture; start_us when there is none */
	uint64_t first_frame_us;
	const char *codec;
	bool counted; /**< false: repaired after a crash, the counts went with the recorder */
	struct chain_counts counts;
	struct chain_file files[CHAIN_MAX_FILES];
	unsigned n_files;
};

/** What was written of a segment that is still open. */
struct chain_checkpoint {
	uint32_t number, frames;
	struct chain_file files[CHAIN_MAX_FILES];
	unsigned n_files;
};

struct chain_gap {
	uint64_t start_us, end_us;
	const char *reason; /**< "recorder-away", "canvas-lost", "clock-step" */
	const char *detail;
	uint64_t utc_before_us, utc_after_us; /**< clock-step; 0 elsewhere */
};

struct chain_seal {
	const char *reason, *detail; /**< base/end_reason.h */
	uint32_t segments;
	uint64_t frames, bytes, duration_us;
	struct chain_counts counts; /**< sums over the segments that have them */
};

/** Each makes one entry and returns its line with the newline at the end (g_free), or NULL and an
 *  error: then the chain is unchanged.
 *  `t_us` is now; it may not fall. */
char *chain_add_genesis(struct chain *chain, const struct chain_genesis *genesis, GError **error);
char *chain_add_segment(struct chain *chain, uint64_t t_us, const struct chain_segment *segment,
			GError **error);
char *chain_add_checkpoint(struct chain *chain, uint64_t t_us,
			   const struct chain_checkpoint *checkpoint, GError **error);
char *chain_add_gap(struct chain *chain, uint64_t t_us, const struct chain_gap *gap,
		    GError **error);
char *chain_add_seal(struct chain *chain, uint64_t t_us, const struct chain_seal *seal,
		     GError **error);
