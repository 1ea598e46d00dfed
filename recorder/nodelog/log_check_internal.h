/** What the files of the log's judge share. Private to recorder/nodelog/log_check*.c. */
#pragma once

#include "recorder/nodelog/log_check.h"
#include "recorder/nodelog/recording_ends.h"
#include "recorder/nodelog/view.h"

/** What the leaves say about a recording. */
struct logged_recording {
	const char *session; /**< borrowed from the table's key */
	char *utc;	     /**< of the genesis leaf */
	uint64_t genesis_index;
	/** Empty: no such leaf. */
	char genesis[DIGEST_HEX_BYTES], seal[DIGEST_HEX_BYTES], deletion[DIGEST_HEX_BYTES];
};

struct logged_audit {
	uint64_t id, index;
	char sha256[DIGEST_HEX_BYTES];
	bool seen;
};

struct log_check {
	char *store_dir, *trusted_pem_path, *crl_path;
	struct log_check_report report;
	struct view *view;
	struct verify_trust *certificates;
	GPtrArray *store_names;	 /**< recordings that lay there before the leaves were read */
	GHashTable *recordings;	 /**< session -> struct logged_recording */
	GArray *audit;		 /**< struct logged_audit, in the order of the leaves */
	GHashTable *audit_by_id; /**< id -> place in `audit`, + 1 */
	char *node, *last_utc;	 /**< of the leaves */
	GArray *leaf_times_s;	 /**< int64_t: what each leaf says of when it was entered */
	GArray *marks;		 /**< struct log_mark of every head that holds */
	GArray *signers;	 /**< struct log_signer of every key that a head holds under */
};

/** A key and when heads say that it signed, by the first of its certificates. */
struct log_signer {
	int place; /**< in `certificates` */
	char *earliest_utc, *latest_utc;
};

/** A head as a proof of time: what does not lie under it came later. */
struct log_mark {
	uint64_t size;
	int64_t utc_s;
};

/** A leaf follows its entry within seconds unless the recorder dies in between; what comes
 *  later than this is told. */
#define LOG_LATE_S 300

/** Of a time as the format writes it; 0: it is not one. */
int64_t log_check_seconds(const char *utc);

/** view_leaf_fn: `user` is the check. */
void log_check_note_leaf(uint64_t number, const char *line, size_t length, const struct leaf *leaf,
			 void *user);

/** The heads of the log. 0, or -EPROTONOSUPPORT with the report's `version`. */
int log_check_heads(struct log_check *check);
/** The heads in a file that was kept elsewhere. 0, -EINVAL: it holds none; another -errno. */
int log_check_outside_heads(struct log_check *check, const char *path);

/** A head holds under the certificate in place `signer`. */
void log_check_note_signer(struct log_check *check, int signer, const struct head *head);
/** Every certificate that heads hold under, when there is somebody to trust; `newest` may be NULL.
 *  0, or -ENOENT or -EINVAL for the files with certificates and lists. */
int log_check_trust(struct log_check *check, const struct head *newest);
/** The certificate of a recording's tombstone, likewise. `logged`: its leaf is there. */
int log_check_tombstone_trust(struct log_check *check, const char *session,
			      const struct recording_ends *ends, bool logged);

/** Leaves behind a head that say an earlier time than the head. */
void log_check_backdated(struct log_check *check);

void log_check_find(struct log_check *check, enum verify_class class, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
