/** A time stamp authority on a free port of this machine, made of OpenSSL, that can be told to lie.
 *  It also takes anything else that is posted and keeps it. */
#pragma once

#include <stdint.h>

struct fake_tsa;

enum fake_tsa_mood {
	FAKE_TSA_HONEST,
	FAKE_TSA_WRONG_NONCE,
	FAKE_TSA_WRONG_IMPRINT,
	FAKE_TSA_REJECTS,  /**< an answer that grants nothing */
	FAKE_TSA_NONSENSE, /**< bytes that are no answer */
	FAKE_TSA_BUSY,	   /**< HTTP status 503 */
};

/** Its certificate is issued by a CA of its own. */
struct fake_tsa *fake_tsa_start(void);
void fake_tsa_stop(struct fake_tsa *tsa);

const char *fake_tsa_url(const struct fake_tsa *tsa);
const char *fake_tsa_ca_pem(const struct fake_tsa *tsa);

/** From now on. */
void fake_tsa_set_mood(struct fake_tsa *tsa, enum fake_tsa_mood mood);
/** Stamps say this time; 0: the present. */
void fake_tsa_set_time(struct fake_tsa *tsa, int64_t utc_s);

unsigned fake_tsa_requests(struct fake_tsa *tsa);
/** Body of the last request that was not a question for a stamp, or NULL; g_free it. */
char *fake_tsa_posted(struct fake_tsa *tsa);
