/** Time stamps (RFC 3161): making the question, judging the answer (docs/evidence-format.md, "Time
 *  stamps"). No network, no files but those named. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_MAX_BYTES (256u << 10)
#define STAMP_HEX_BYTES 65u /**< a SHA-256 in hex and a NUL */

enum stamp_error {
	/** not an answer to this question, or it does not hold, or its authority is not trusted */
	STAMP_ERROR_ANSWER,
	/** the file with the authorities' CAs is missing or holds no certificate */
	STAMP_ERROR_FILE,
};
#define STAMP_ERROR stamp_error_quark()
GQuark stamp_error_quark(void);

/** The DER form of a TimeStampReq over a SHA-256 in hex, with a fresh nonce and certReq. NULL and
 *  an error when `sha256` is not one. */
GBytes *stamp_request(const char *sha256, GError **error);

/** Whether `answer` (DER) answers `request`: status, nonce, imprint, signature, and that the
 *  authority leads to a certificate in ca_file now. */
bool stamp_answers(GBytes *request, GBytes *answer, const char *ca_file, GError **error);

struct stamp {
	uint64_t utc_us; /**< when the authority says that it stamped */
	char *authority; /**< subject of its certificate */
	bool trusted;	 /**< leads to the given certificates, valid at the stamp's own time */
	char *why;	 /**< not trusted because */
};
/** Judges a stored answer over the thing whose SHA-256 is `sha256` in hex, as of the stamp's own
 *  time.
 *  ca_file  PEM; NULL: nobody is trusted, and `why` says so
 *  Returns 0; -EBADMSG and *ret_why (g_free): it does not hold, then `ret` owns nothing; -ENOENT or
 *  -EINVAL for ca_file. Free its inside with stamp_clear. */
int stamp_judge(const void *answer, size_t length, const char *sha256, const char *ca_file,
		struct stamp *ret, char **ret_why);
void stamp_clear(struct stamp *stamp);
