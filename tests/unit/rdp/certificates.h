/** Certificates made on the spot for tests: EC P-256 (or RSA), no files. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct test_certificate {
	char *pem, *key_pem; /**< g_free */
	char *sha256;	     /**< lower-case hex of the DER form; g_free */
};

struct test_certificate_wish {
	const char *name;		       /**< common name */
	const char *alternative;	       /**< "DNS:web1,IP:192.0.2.7", or NULL */
	const struct test_certificate *issuer; /**< NULL: signs itself */
	bool authority, expired, client_only;
	bool rsa; /**< FreeRDP's server takes nothing else */
};

struct test_certificate test_certificate_make(const struct test_certificate_wish *wish);
void test_certificate_clear(struct test_certificate *certificate);
