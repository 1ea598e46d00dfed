/** The steps of judging an evidence file. Private to evidence/. */
#pragma once

#include "evidence/verify_evidence.h"
#include "recorder/chain/verify_chain.h"
#include "recorder/chain/verify_report.h"

/** An entry of the archive, as it lies there. */
struct archived {
	struct chain_file file;
	GBytes *content; /**< of what is judged as a whole; NULL else */
};

struct judged_segment {
	uint32_t number;
	uint64_t start_us, end_us, frames;
	struct chain_file files[CHAIN_MAX_FILES];
	unsigned n_files;
	bool in_file; /**< the manifest's span has it */
};

struct judge {
	int fd;
	uint64_t file_bytes, video_bytes; /**< the box begins at video_bytes */
	uint32_t box_bytes;
	const struct verify_whom *whom;
	struct evidence_report *report;
	GHashTable *archive; /**< name -> struct archived */
	GArray *segments;    /**< struct judged_segment: all of the chain */
	char genesis_sha256[DIGEST_HEX_BYTES],
		seal_sha256[DIGEST_HEX_BYTES]; /**< of the entries; empty: none */
	struct chain_file certificate;	       /**< as the genesis says; no name: it does not */
};

#define JUDGE_BROKEN(j, ...)                                                                       \
	verify_report_add(&(j)->report->recording, VERIFY_BROKEN, 0, 0, 0, __VA_ARGS__)
#define JUDGE_BROKEN_AT(j, segment, ...)                                                           \
	verify_report_add(&(j)->report->recording, VERIFY_BROKEN, (segment)->number,               \
			  (segment)->start_us, (segment)->end_us, __VA_ARGS__)

/** Finds the box. Returns 1; 0 when the file does not end with one (a finding says so); -errno. */
int judge_find_box(struct judge *judge);
/** Reads the archive into `archive`. 0 or -errno; what is wrong with it is a finding. */
int judge_read_archive(struct judge *judge);
/** An entry of the archive; NULL. */
const struct archived *judge_archived(const struct judge *judge, const char *name);

/** Compares manifest, archive and chain with each other; marks the segments that are in the
 *  file. */
void judge_match(struct judge *judge);

/** Stamps of the chain's entries, for verify_chain; verify_stamps_destroy them. */
struct verify_stamps *judge_entry_stamps(const struct judge *judge);
/** Judges the stamp of the manifest's signature, when there is one; *ret_utc_us: its time when a
 *  trusted authority made it, else 0. 0; -ENOENT or -EINVAL for the authorities' file. */
int judge_manifest_stamp(struct judge *judge, uint64_t *ret_utc_us);

/** The segment whose entry lists the file; NULL. */
const struct judged_segment *judge_segment_of(const struct judge *judge, const char *name);

/** Judges log proofs, when there are. 0; -ENOENT or -EINVAL for the files with certificates and
 *  lists. Asks for the manifest's stamp, so that comes first. */
int judge_proofs(struct judge *judge);

/** Reads the video once and compares it with the manifest. 0 or -errno. */
int judge_video(struct judge *judge);
