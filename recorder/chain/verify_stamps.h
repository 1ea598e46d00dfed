/** Time stamps beside a chain (docs/evidence-format.md, "Time stamps"): which entry each stamps,
 *  and whether it holds. One thread at a time. */
#pragma once

#include "recorder/chain/chain_reader.h"
#include "recorder/chain/verify.h"

struct verify_stamps;

struct verify_stamps *verify_stamps_create(void);
void verify_stamps_destroy(struct verify_stamps *stamps);

/** "ts-12.tsr" and its like: lies beside a chain although no entry names it. */
bool verify_stamps_is_name(const char *name);
/** Shares `answer`. */
void verify_stamps_add(struct verify_stamps *stamps, const char *name, GBytes *answer);

/** Judges the stamp of an entry, when there is one; called for every entry.
 *  trusted_pem_path may be NULL.
 *  Returns 0; -ENOENT or -EINVAL for the file at trusted_pem_path. */
int verify_stamps_meet(struct verify_stamps *stamps, const struct chain_entry *entry,
		       const char *trusted_pem_path, struct verify_report *report);
/** Those that no entry met are broken. */
void verify_stamps_finish(struct verify_stamps *stamps, struct verify_report *report);

/** The earliest time a trusted authority stamped at; 0: none did. */
uint64_t verify_stamps_utc_us(const struct verify_stamps *stamps);
/** When a trusted authority stamped the entry that was met last; 0: none did. Revocation is held
 *  against this: an earlier stamp says nothing about what was added behind it. */
uint64_t verify_stamps_last_us(const struct verify_stamps *stamps);
