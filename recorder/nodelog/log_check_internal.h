/** What the files of the log's judge share. Private to recorder/nodelog/log_check*.c. */
#pragma once

#include "recorder/nodelog/log_check.h"
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
	char *store_dir, *trusted_pem_path;
	struct log_check_report report;
	struct view *view;
	struct verify_trust *certificates;
	GPtrArray *store_names;	 /**< recordings that lay there before the leaves were read */
	GHashTable *recordings;	 /**< session -> struct logged_recording */
	GArray *audit;		 /**< struct logged_audit, in the order of the leaves */
	GHashTable *audit_by_id; /**< id -> place in `audit`, + 1 */
	char *node, *last_utc;	 /**< of the leaves */
};

void log_check_find(struct log_check *check, enum verify_class class, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
