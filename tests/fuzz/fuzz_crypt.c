/* Fuzz target: an encrypted file as it lies on a disk. Its key is known here (the bytes 0, 1, ...
 * 31), so that whole records are opened, too; so is its name, under which the seeds were sealed. */
#include "base/secret.h"
#include "recorder/reader/reader.h"

#include <glib/gstdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(struct reader_file *file)
{
	uint64_t bytes, torn, disk, at = 0;
	uint8_t buffer[100];
	ssize_t n = 0;

	if (reader_file_size(file, &bytes) < 0)
		return;
	while ((n = reader_file_pread(file, buffer, sizeof buffer, at)) > 0)
		at += (uint64_t)n;
	g_assert(at <= bytes && (n < 0 || at == bytes));
	g_assert(reader_file_torn_bytes(file, &torn) == 0);
	g_assert(reader_file_disk_bytes(file, bytes, &disk) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *dir = g_dir_make_tmp("vitrine-fuzz-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "seg-00001.jsonl.enc", NULL);
	uint8_t counting[DATA_KEY_BYTES];
	struct reader *reader;
	struct reader_file *file;

	for (unsigned i = 0; i < sizeof counting; i++)
		counting[i] = (uint8_t)i;
	g_assert(secret_init() == 0);
	g_assert(g_file_set_contents(path, (const char *)data, (gssize)size, NULL));
	struct data_key *key = data_key_from_bytes(counting);
	g_assert(reader_open(dir, NULL, &reader) == 0);
	reader_add_data_key(reader, 1, key);
	g_assert(reader_file_open(reader, "seg-00001.jsonl", &file) == 0);
	read_file(file);
	reader_file_close(file);
	reader_close(reader);
	data_key_unref(key);
	g_unlink(path);
	g_rmdir(dir);
	return 0;
}
