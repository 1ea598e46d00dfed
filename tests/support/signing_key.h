/** Fresh P-256 keys and certificates for tests. */
#pragma once

struct signing_key {
	char *key_pem, *certificate_pem;
};

/** Self-signed when `ca` is NULL, else issued by it. Free with signing_key_finish. */
void signing_key_init(struct signing_key *key, const char *common_name,
		      const struct signing_key *ca);
void signing_key_finish(struct signing_key *key);
