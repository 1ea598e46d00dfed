/** Proofs out of the node log, as files (docs/evidence-format.md, "The node log"): making them from
 *  a store, judging them without one. Any thread. */
#pragma once

#include "recorder/nodelog/view.h"

#define PROOF_MAX_BYTES (64u << 10)

/** Proves that the leaf of a recording is covered by the newest head of the store's log. `kind` is
 *  LEAF_GENESIS, LEAF_SEAL, LEAF_DELETION or LEAF_EXPORT (the last of several). `*ret_json` is the
 *  file's text (g_free). Returns 0; -ENOENT: no log, or no such leaf; -EAGAIN: the leaf is there,
 *  but no head covers it yet: the recorder signs one within recorder.log.head_seconds; another
 *  -errno. Reads the whole log. */
int proof_make(const char *store_dir, const char *session_id, enum leaf_kind kind, char **ret_json);

/** Both leaves of a recording in one reading. `*ret_genesis` and `*ret_seal` are NULL where
 *  proof_make would say -ENOENT or -EAGAIN. Returns 0, or -ENOENT when the store has no log, or
 *  -errno. `*ret_certificate_pem`: for log-certificate.pem. g_free all. */
int proof_make_both(const char *store_dir, const char *session_id, char **ret_genesis,
		    char **ret_seal, char **ret_certificate_pem);

/** Proves that a head (NULL: the newest of the store's log) goes on from an older one. -EINVAL: a
 *  line is not a head, they stand in the wrong order, or one is newer than the log. Whether the
 *  proof holds is not judged: consistency_holds. `*ret_certificate_pem`: for log-certificate.pem,
 *  NULL when the log has none. g_free both. */
int proof_make_consistency(const char *store_dir, const char *older_line, const char *newer_line,
			   char **ret_json, char **ret_certificate_pem);

struct proof {
	char *head_line, *leaf_line;
	struct head head; /**< points into head_line */
	struct leaf leaf;
	uint64_t index, size;
	struct merkle_path path;
};
/** Reads a proof of inclusion. -EPROTO: not one; then `ret` owns nothing. Free its
 *  inside with proof_clear. */
int proof_parse(const char *json, size_t length, struct proof *ret);
void proof_clear(struct proof *proof);

/** Whether the proof holds: the head's signature under one of the certificates, path and sizes.
 *  What the leaf is about (kind, session, sha256) is for the caller to compare. False:
 *  `*ret_why` (g_free) says why. `*ret_signer` (may be NULL): the certificate's place,
 *  for verify_trust_check. */
bool proof_holds(const struct proof *proof, const struct verify_trust *certificates,
		 int *ret_signer, char **ret_why);

struct consistency_proof {
	char *first_line, *second_line;
	struct head first, second;
	struct merkle_path path;
};
int consistency_parse(const char *json, size_t length, struct consistency_proof *ret);
void consistency_clear(struct consistency_proof *proof);
bool consistency_holds(const struct consistency_proof *proof,
		       const struct verify_trust *certificates, char **ret_why);
