/** Judges an evidence file by its bytes alone (docs/evidence-format.md, "The evidence file"): no
 *  database, no network, no store.
 *
 *  The file is read once; memory is constant but for what is kept of the archive (chain, manifest,
 *  certificates). Any thread. */
#pragma once

#include "evidence/manifest.h"
#include "recorder/chain/verify.h"

/** The time stamp of the manifest's signature. */
struct evidence_stamp {
	char *authority; /**< subject; NULL: there is no stamp that holds */
	uint64_t utc_us;
	bool trusted;
};

struct evidence_report {
	/** all findings, and what the chain proves about the recording; n_frames and n_bytes are
	 *  what lies in this file */
	struct verify_report recording;
	struct manifest manifest; /**< `session` is NULL when there is none that can be read */
	/** subject of the certificate that signed the manifest; NULL: none holds */
	char *exporter;
	uint64_t signed_utc_s;			/**< when, as the exporter says; 0: unknown */
	char exporter_sha256[DIGEST_HEX_BYTES]; /**< of that certificate (DER); empty: none holds */
	char recorder_sha256[DIGEST_HEX_BYTES]; /**< of the recorder's certificate; empty: none */
	char manifest_sha256[DIGEST_HEX_BYTES]; /**< empty: there is none */
	char *genesis; /**< JSON of the chain's first entry: who, where to; NULL: none */
	struct evidence_stamp stamp;
	bool in_log;	     /**< a proof shows that the recording stands in its node's log */
	uint32_t n_segments; /**< of the recording that lie in this file */
};

/** trusted_pem_path is as in verify_recording, for the recorder's and the exporter's certificate.
 *  Returns 0 when everything holds and the recording was sealed (parts may be missing: see the
 *  manifest); 1 when there are findings above VERIFY_NOTE; -EPROTONOSUPPORT: a version that is not
 *  known here, in recording.version; another -errno when the file or the PEM file cannot be read.
 *  `ret` is filled in every case; free its inside with evidence_report_finish. */
int evidence_verify(const char *path, const char *trusted_pem_path, struct evidence_report *ret);
/** The same with all of whom the verifier believes (recorder/chain/verify.h). */
int evidence_verify_for(const char *path, const struct verify_whom *whom,
			struct evidence_report *ret);
void evidence_report_finish(struct evidence_report *report);
