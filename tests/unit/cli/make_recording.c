/* make_recording DIR [GAP_US]: writes an honest, sealed recording of two segments, with or without a gap between them, into the existing directory DIR,
 * for the tests of `vitrine verify`. */
#include "base/secret.h"
#include "tests/support/honest_recording.h"
#include "tests/support/signing_key.h"

int main(int argc, char **argv)
{
	struct signing_key pem;

	if (argc < 2 || argc > 3 || secret_init() != 0)
		return 2;
	signing_key_init(&pem, "node1", NULL);
	struct chain_key *key = chain_key_create(pem.key_pem, pem.certificate_pem, NULL);
	honest_recording_write(argv[1], key, argc == 3 ? g_ascii_strtoull(argv[2], NULL, 10) : 0);
	chain_key_destroy(key);
	signing_key_finish(&pem);
	return 0;
}
