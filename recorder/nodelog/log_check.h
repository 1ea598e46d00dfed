/** Judges the log of a node: leaves against heads, heads against signatures and against heads that
 *  were kept elsewhere, recordings and audit rows against leaves (docs/evidence-format.md,
 *  "The node log"). One thread.
 *
 *  The order of the calls is log_check_open, log_check_recordings, then log_check_audit for each
 *  row and log_check_audit_end, in any selection. */
#pragma once

#include "recorder/chain/verify.h"

struct log_check;

struct log_check_settings {
	const char *store_dir;
	const char
		*trusted_pem_path; /**< CA or certificates to trust; NULL: origin is not judged */
	const char *const
		*head_paths; /**< files with heads kept elsewhere, NULL-ended; may be NULL */
	/** revocation lists, asked when trusted_pem_path is given; NULL: revocation is not looked
	 *  at */
	const char *crl_path;
};

struct log_finding {
	enum verify_class class;
	char *text; /**< one sentence for an auditor */
};

struct log_check_report {
	GPtrArray *findings; /**< struct log_finding, in the order they were met */
	char *node, *signer; /**< of the newest head; NULL when there is none */
	char *newest_utc;    /**< of the newest head */
	uint64_t n_leaves, n_signed, n_heads, n_outside_heads, n_recordings, n_audit_rows;
	uint64_t version; /**< of a head that is not known here; 0: all are known */
};

/** Reads the log and judges leaves and heads. Returns 0; -ENOENT: the store has no log, or a file
 *  named in the settings is missing; -EINVAL: a file holds no certificate, no list or no head;
 *  -EPROTONOSUPPORT: report->version; another -errno. `*ret` is set in every case; free it
 *  with log_check_close. */
int log_check_open(const struct log_check_settings *settings, struct log_check **ret);
void log_check_close(struct log_check *check);

/** Every recording in the store has its leaves, and every leaf its recording or a deletion. Returns
 *  0 or -errno when the store cannot be read. */
int log_check_recordings(struct log_check *check);

/** A row of the audit trail: `sha256` of its canonical JSON in hex. In ascending order of `id`. */
void log_check_audit(struct log_check *check, uint64_t id, const char *sha256);
/** No more rows: what has a leaf and no row was removed. */
void log_check_audit_end(struct log_check *check);

const struct log_check_report *log_check_report(const struct log_check *check);
/** The worst class of all findings; VERIFY_NOTE when there are none. */
enum verify_class log_check_worst(const struct log_check *check);
