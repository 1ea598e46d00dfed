/* make_recording DIR [GAP_US [KEY CERTIFICATE]]: writes an honest, sealed recording of two
 * segments, with or without a gap between them, into the existing directory DIR, for the tests of
 * the command line. Signed by the pair of PEM files, or by one of its own. */
#include "base/secret.h"
#include "tests/support/honest_recording.h"
#include "tests/support/signing_key.h"

static void read_pair(struct signing_key *pem, char **files)
{
	g_autoptr(GError) error = NULL;

	if (!g_file_get_contents(files[0], &pem->key_pem, NULL, &error) ||
	    !g_file_get_contents(files[1], &pem->certificate_pem, NULL, &error))
		g_error("%s", error->message);
}

int main(int argc, char **argv)
{
	struct signing_key pem = {0};

	if (argc < 2 || argc > 5 || argc == 4 || secret_init() != 0)
		return 2;
	if (argc == 5)
		read_pair(&pem, argv + 3);
	else
		signing_key_init(&pem, "node1", NULL);
	struct chain_key *key = chain_key_create(pem.key_pem, pem.certificate_pem, NULL);
	honest_recording_write(argv[1], key, argc >= 3 ? g_ascii_strtoull(argv[2], NULL, 10) : 0);
	chain_key_destroy(key);
	signing_key_finish(&pem);
	return 0;
}
