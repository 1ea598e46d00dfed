/* Runs a fuzz target on the files named as arguments, for builds without libFuzzer: seeds and old
 * findings stay tested with gcc, too. */
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		g_autofree char *bytes = NULL;
		g_autoptr(GError) error = NULL;
		gsize length;

		if (!g_file_get_contents(argv[i], &bytes, &length, &error))
			g_error("%s", error->message);
		LLVMFuzzerTestOneInput((const uint8_t *)bytes, length);
	}
	return 0;
}
