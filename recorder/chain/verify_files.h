/** What the chain says about files, and whether the files agree. Private to recorder/chain. */
#pragma once

#include "recorder/chain/chain_reader.h"
#include "recorder/chain/verify.h"
#include "recorder/reader/reader.h"

struct verify_files;

struct verify_files *verify_files_create(void);
void verify_files_destroy(struct verify_files *files);

/** A file's final hash, from a genesis or segment entry. Returns false when an earlier entry said
 *  something else about it. */
bool verify_files_add_final(struct verify_files *files, const struct chain_file *file,
			    const struct chain_entry *entry);
/** A file's hash so far, from a checkpoint; its segment began at start_us. */
void verify_files_add_prefix(struct verify_files *files, const struct chain_file *file,
			     const struct chain_entry *entry, uint64_t start_us);

/** For a recording that was deleted: of what the entries name only the certificate is left; what
 *  lies there besides is told. */
void verify_files_check_deleted(struct verify_files *files, const struct reader *reader,
				struct verify_report *report);

/** Reads every file once and adds findings for those that differ, are missing, or that no entry
 *  knows. Returns the bytes that are proven. */
uint64_t verify_files_check(struct verify_files *files, const struct reader *reader, bool sealed,
			    struct verify_report *report);
