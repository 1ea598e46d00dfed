/** TLS in front of a plain server on this machine, for tests: https on a free port,
 *  certificates of a CA of its own. */
#pragma once

#include "tests/support/signing_key.h"

#include <stdbool.h>

struct tls_front;

struct tls_front_settings {
	const char *url;	   /**< "http://127.0.0.1:PORT/", what lies behind it */
	bool wrong_name;	   /**< its certificate is another machine's */
	bool asks_for_certificate; /**< only who has one of the CA is let through */
};

struct tls_front *tls_front_start(const struct tls_front_settings *settings);
void tls_front_stop(struct tls_front *front);

const char *tls_front_url(const struct tls_front *front);
const char *tls_front_ca_pem(const struct tls_front *front);
/** A client's pair by the CA. Free with signing_key_finish. */
void tls_front_issue(const struct tls_front *front, struct signing_key *ret);
