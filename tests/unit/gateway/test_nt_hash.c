/* NT hashes against the vectors of [MS-NLMP] 4.2, and whole proofs, right and wrong. */
#include "gateway/broker/nt_hash.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static struct nt_hasher *hasher;

static void unhex(const char *hex, uint8_t *ret)
{
	for (size_t i = 0; hex[2 * i] != '\0'; i++)
		ret[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
				   g_ascii_xdigit_value(hex[2 * i + 1]));
}

static void assert_hash(const uint8_t hash[NT_HASH_BYTES], const char *hex)
{
	uint8_t expected[NT_HASH_BYTES];

	unhex(hex, expected);
	g_assert_cmpmem(hash, NT_HASH_BYTES, expected, NT_HASH_BYTES);
}

/* [MS-NLMP] 4.2.2.1.2 and 4.2.4.1.1: user "User", domain "Domain", password "Password". */
static void test_hashes(void)
{
	uint8_t nt[NT_HASH_BYTES], v2[NT_HASH_BYTES];

	g_assert_cmpint(nt_hash_password(hasher, "Password", nt), ==, 0);
	assert_hash(nt, "a4f49c406510bdcab6824ee7c30fd852");
	g_assert_cmpint(nt_hash_v2(hasher, nt, "User", "Domain", v2), ==, 0);
	assert_hash(v2, "0c868a403bfd7a93a3001ef22ef02e3f");
	g_assert_cmpint(nt_hash_v2(hasher, nt, "uSER", "Domain", v2), ==, 0);
	assert_hash(v2, "0c868a403bfd7a93a3001ef22ef02e3f");
	g_assert_cmpint(nt_hash_password(hasher, "", nt), ==, 0);
	assert_hash(nt, "31d6cfe0d16ae931b73c59d7e0c089c0");
	g_assert_cmpint(nt_hash_password(hasher, "\xff", nt), ==, -EINVAL);
}

/* [MS-NLMP] 4.2.4: server challenge, then the client's blob with zero time and challenge aa..aa;
 * the encrypted key wraps 55..55. */
static uint8_t proof_input[8 + 28 + 40];
static uint8_t messages[] = "NTLMSSP negotiate, challenge, authenticate";

static struct broker_nla_proof sample(char *user, char *domain)
{
	struct broker_nla_proof proof = {
		.user = user,
		.domain = domain,
		.proof_input = {proof_input, sizeof proof_input},
		.mic_input = {messages, sizeof messages},
	};

	unhex("0123456789abcdef"
	      "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
	      "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000",
	      proof_input);
	unhex("c5dad2544fc9799094ce1ce90bc9d03e", proof.encrypted_session_key);
	/* HMAC-MD5(55 * 16, messages), made with Python's hmac module. */
	unhex("93906fdfccc669372303ad399f641d95", proof.mic);
	return proof;
}

static void test_proof(void)
{
	char user[] = "User", domain[] = "Domain";
	struct broker_nla_proof proof = sample(user, domain);
	uint8_t nt[NT_HASH_BYTES], v2[NT_HASH_BYTES];

	g_assert_cmpint(nt_hash_password(hasher, "Password", nt), ==, 0);
	g_assert_cmpint(nt_hash_check_proof(hasher, nt, &proof, v2), ==, 0);
	assert_hash(v2, "0c868a403bfd7a93a3001ef22ef02e3f");
}

static void refuse(const uint8_t nt[NT_HASH_BYTES], const struct broker_nla_proof *proof,
		   int expected)
{
	static const uint8_t zero[NT_HASH_BYTES];
	uint8_t v2[NT_HASH_BYTES];

	memset(v2, 0x77, sizeof v2);
	g_assert_cmpint(nt_hash_check_proof(hasher, nt, proof, v2), ==, expected);
	g_assert_cmpmem(v2, sizeof v2, zero, sizeof zero);
}

static void test_refusals(void)
{
	char user[] = "User", other[] = "Usar", domain[] = "Domain", broken[] = "\xc3";
	struct broker_nla_proof proof = sample(user, domain);
	uint8_t nt[NT_HASH_BYTES], wrong[NT_HASH_BYTES], empty[NT_HASH_BYTES] = {0};

	g_assert_cmpint(nt_hash_password(hasher, "Password", nt), ==, 0);
	g_assert_cmpint(nt_hash_password(hasher, "password", wrong), ==, 0);
	refuse(wrong, &proof, -EACCES);
	refuse(empty, &proof, -EACCES);
	proof = sample(other, domain);
	refuse(nt, &proof, -EACCES);
	proof = sample(broken, domain);
	refuse(nt, &proof, -EINVAL);
	proof = sample(user, domain);
	proof.mic[15] ^= 1;
	refuse(nt, &proof, -EACCES);
	memset(proof.mic, 0, sizeof proof.mic);
	refuse(nt, &proof, -EACCES);
	proof = sample(user, domain);
	proof.encrypted_session_key[0] ^= 1;
	refuse(nt, &proof, -EACCES);
	proof = sample(user, domain);
	proof_input[20] ^= 1;
	refuse(nt, &proof, -EACCES);
	proof = sample(user, domain);
	proof.mic_input.length--;
	refuse(nt, &proof, -EACCES);
	proof.mic_input.length = 0;
	refuse(nt, &proof, -EPROTO);
	proof = sample(user, domain);
	proof.proof_input.length = 0;
	refuse(nt, &proof, -EPROTO);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	g_test_init(&argc, &argv, NULL);
	hasher = nt_hasher_create(&error);
	g_assert_no_error(error);
	g_test_add_func("/nt-hash/hashes", test_hashes);
	g_test_add_func("/nt-hash/proof", test_proof);
	g_test_add_func("/nt-hash/refusals", test_refusals);
	int failures = g_test_run();
	nt_hasher_destroy(hasher);
	return failures;
}
