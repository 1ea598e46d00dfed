/** Fresh P-256 keys and certificates for tests. */
#pragma once

struct signing_key {
	char *key_pem, *certificate_pem;
};

/** Self-signed when `ca` is NULL, else issued by it. Free with signing_key_finish. */
void signing_key_init(struct signing_key *key, const char *common_name,
		      const struct signing_key *ca);
/** The same, valid from and until so many days from now (negative: ago). */
void signing_key_init_valid(struct signing_key *key, const char *common_name,
			    const struct signing_key *ca, int from_days, int until_days);
void signing_key_finish(struct signing_key *key);
