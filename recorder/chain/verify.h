/** Judges a recording directory by its bytes alone (docs/evidence-format.md): no database,
 *  no network, no recorder.
 *
 *  Any thread; touches nothing outside `dir`. */
#pragma once

#include "recorder/crypt/archive_key.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum verify_class {
	/** bytes are not the ones that were signed: a flip, a swap, something missing or added */
	VERIFY_BROKEN = 1,
	/** signatures hold, but not under the certificate or CA the caller named */
	VERIFY_UNTRUSTED,
	/** whole as far as it goes, but not sealed, or the tail behind the last entry is
	 *  unproven */
	VERIFY_INCOMPLETE,
	VERIFY_NOTE, /**< proven and worth telling: a gap, an end by fault */
};

/** One finding. Times are microseconds since the recording began; start_us == end_us
 *  when no span is known. */
struct verify_finding {
	enum verify_class class;
	uint32_t segment; /**< 1..n, 0: not about one segment */
	uint64_t start_us, end_us;
	char *text; /**< one sentence for an auditor, naming file and what is wrong */
};

/** Time nothing was recorded in, and that the recorder signed to be so. Each is a
 *  VERIFY_NOTE finding also. */
struct verify_gap {
	uint64_t start_us, end_us; /**< since the recording began */
	char *reason;		   /**< key the recorder gave: "recorder-away" */
};

/** What became of the files' contents. */
enum verify_contents {
	VERIFY_CONTENTS_CHECKED,
	/** some could not be read without a key: a VERIFY_INCOMPLETE finding tells how many */
	VERIFY_CONTENTS_ENCRYPTED,
	/** nobody can read them any more: their sealed data keys are gone; a
	 *  VERIFY_INCOMPLETE finding, too */
	VERIFY_CONTENTS_SHREDDED,
};

/** What others than the node say about time; 0: nobody does. They hold for what is not
 *  VERIFY_BROKEN. */
struct verify_times {
	/** the signer's certificate, which the genesis names, begins to be valid: the CA's word.
	 *  With somebody to trust only */
	uint64_t begun_after_utc_us;
	uint64_t begun_before_utc_us; /**< a trusted authority stamped an entry, or the evidence */
	uint64_t ended_before_utc_us; /**< a trusted authority stamped the seal, or the evidence */
};

struct verify_report {
	/** struct verify_finding, in the order they were met; never NULL after
	 *  verify_recording returned */
	GPtrArray *findings;
	/** struct verify_gap, in order; never NULL after verify_recording returned */
	GPtrArray *gaps;
	char *session_id; /**< from the genesis entry; NULL when that could not be read */
	char *signer; /**< subject of the certificate the signatures hold under; NULL when none */
	char *head;   /**< SHA-256 of the last good entry, hex */
	bool sealed;  /**< a seal ends the chain */
	bool deleted; /**< a tombstone says so: chain and certificate are what is left */
	char *end_reason; /**< key from the seal ("viewer-left"), or NULL */
	uint32_t n_segments, n_entries;
	uint64_t n_frames, n_bytes, duration_us; /**< what the good entries prove */
	uint64_t started_utc_us;		 /**< the node's word */
	struct verify_times times;
	enum verify_contents contents;
	uint64_t version; /**< the format version that is not known here; 0: all are known */
};

/** Walks chain, signatures, hashes, order and files of one recording.
 *  trusted_pem_path  PEM file with the certificates to trust (signing certificates or a CA); NULL:
 *                    only the certificate that lies in the recording is used, which proves
 *                    integrity but not origin
 *  key               opens encrypted files; NULL: of those only the structure is checked
 *  Returns 0 when everything holds and the recording is sealed; 1 when there are findings above
 *  VERIFY_NOTE; -EPROTONOSUPPORT when the recording has a version this program does not know
 *  (report->version); another -errno when `dir` or the PEM file cannot be read at all. `report` is
 *  filled in every case; free its inside with verify_report_finish. */
int verify_recording(const char *dir, const char *trusted_pem_path, const struct archive_key *key,
		     struct verify_report *report);

/** Whom and what a verifier believes: files in PEM. NULL: nobody is named. */
struct verify_whom {
	const char *ca; /**< certificates or a CA, for the signer */
	/** for time stamp authorities (NULL: `ca` is asked); with a trusted stamp, certificates are
	 *  judged as of its time */
	const char *tsa_ca;
	/** revocation lists: a signer revoked before a trusted stamp, or without one at all, is not
	 *  trusted; also of a tombstone and of a log's heads */
	const char *crl;
};
/** The same with all of it; -ENOENT and -EINVAL are of any of the files. */
int verify_recording_for(const char *dir, const struct verify_whom *whom,
			 const struct archive_key *key, struct verify_report *report);
void verify_report_finish(struct verify_report *report);

/** "broken", "untrusted", "incomplete", "note". */
const char *verify_class_name(enum verify_class class);
