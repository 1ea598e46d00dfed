/** A throwaway certificate for 127.0.0.1 and "target.example", made in memory. */
#pragma once

struct test_certificate {
	char *certificate_pem, *key_pem;
	char *sha256; /**< hex */
};
void test_certificate_init(struct test_certificate *certificate);
void test_certificate_finish(struct test_certificate *certificate);
