/** The data key that one start of the recorder writes a recording's segments with: made, sealed
 *  into the recording's directory, kept for the time of a crash. One thread at a time. */
#pragma once

#include "recorder/chain/chain.h"
#include "recorder/crypt/archive_key.h"
#include "recorder/running_keys.h"
#include "recorder/store/store.h"

/** Where keys go; of the whole recorder. */
struct segment_key_places {
	const struct archive_certificate *certificate; /**< NULL: nothing is encrypted */
	const struct running_keys *running;
	const struct archive_certificate *keystrokes; /**< NULL: keystrokes cannot be sealed */
};

/** What a data key is for. */
enum segment_key_kind {
	SEGMENT_KEY_FILES, /**< sealed to the archive certificate */
	/** to that for keystrokes; nobody keeps it for the time of a crash */
	SEGMENT_KEY_KEYSTROKES,
	SEGMENT_KEY_KIND_COUNT,
};

struct segment_key {
	struct data_key *key;
	unsigned number;
	char session_id[37];
	struct chain_file file; /**< the sealed key, as entries list it */
};

/** Of a kind that has a certificate; `number` is new in the recording. -errno of the store, -EIO
 *  when OpenSSL fails; then nothing is left behind. */
int segment_key_create(const struct segment_key_places *places, enum segment_key_kind kind,
		       struct store_recording *store, const char *session_id, unsigned number,
		       struct segment_key **ret_key);
/** NULL is fine. */
void segment_key_destroy(struct segment_key *key);
