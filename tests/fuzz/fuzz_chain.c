/* Fuzz target: a chain line, and the verifier over a recording. Input: certificate, a
 * zero byte, chain text. */
#include "recorder/chain/chain_reader.h"
#include "recorder/chain/verify.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same entry may not have two texts: a byte that changes must be seen by somebody. */
static void read_line(const char *line, size_t length)
{
	struct chain_entry entry;

	if (chain_entry_parse(line, length, &entry) < 0)
		return;
	g_autofree char *text = g_base64_encode(entry.signature, entry.signature_length);
	size_t n = strlen(text);
	g_assert(n + 1 + entry.json_length == length && memcmp(line, text, n) == 0);
	for (unsigned i = 0; i < entry.n_files; i++)
		g_assert(strchr(entry.files[i].name, '/') == NULL);
	chain_entry_clear(&entry);
}

static char *put_file(const char *dir, const char *name, const void *bytes, size_t length)
{
	char *path = g_build_filename(dir, name, NULL);
	FILE *file = g_fopen(path, "wb");

	g_assert(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
	return path;
}

static void verify(const char *pem, const char *chain, size_t length)
{
	g_autofree char *dir = g_dir_make_tmp("vitrine-fuzz-XXXXXX", NULL);
	g_autofree char *chain_path = put_file(dir, CHAIN_FILE, chain, length);
	g_autofree char *pem_path = put_file(dir, CHAIN_CERTIFICATE_FILE, pem, strlen(pem));
	struct verify_report report;
	int result = verify_recording(dir, NULL, NULL, &report);

	bool proven = result == 0 && report.sealed && report.signer != NULL;
	bool unknown = result == -EPROTONOSUPPORT && report.version != CHAIN_VERSION;
	g_assert(result == 1 || proven || unknown);
	verify_report_finish(&report);
	g_unlink(chain_path);
	g_unlink(pem_path);
	g_rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_malloc0(size + 1);

	memcpy(text, data, size);
	size_t first = strlen(text) + 1;
	if (first > size)
		return 0;
	const char *newline = memchr(text + first, '\n', size - first);
	read_line(text + first, newline ? (size_t)(newline - text) - first : size - first);
	verify(text, text + first, size - first);
	return 0;
}
