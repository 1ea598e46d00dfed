/* recorder/reader on encrypted files: what was appended is what is read, and whatever somebody does
 * to the file is seen where it was done. */
#include "base/secret.h"
#include "recorder/crypt/crypt_writer.h"
#include "recorder/reader/reader.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SESSION "6f9619ff-8b86-4011-b42d-00c04fc964ff"
#define NAME "seg-00001.jsonl.gz"
#define N_RECORDS 40u

struct fixture {
	char *dir;
	struct signing_key pem;
	struct archive_key *archive;
	struct data_key *key;
	GByteArray *plain, *disk;
	GArray *ends; /**< guint: where records end on the disk */
};

/* Without the fsync of g_file_set_contents: there are thousands of them here. */
static void put(const struct fixture *f, const char *name, const void *bytes, gsize length)
{
	g_autofree char *path = g_build_filename(f->dir, name, NULL);
	FILE *file = g_fopen(path, "wb");

	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(bytes, 1, length, file), ==, length);
	g_assert_cmpint(fclose(file), ==, 0);
}

static void append(struct fixture *f, struct crypt_writer *writer, size_t length)
{
	g_autofree uint8_t *plain = g_malloc(length);
	const GByteArray *bytes;

	for (size_t i = 0; i < length; i++)
		plain[i] = (uint8_t)g_test_rand_int();
	g_assert_cmpint(crypt_writer_seal(writer, plain, length, &bytes), ==, 0);
	crypt_writer_commit(writer);
	g_byte_array_append(f->plain, plain, (guint)length);
	g_byte_array_append(f->disk, bytes->data, bytes->len);
	g_array_append_val(f->ends, f->disk->len);
}

/* Records of 1, 2, 3, ... bytes, so that none has the length of another. */
static void fixture_init(struct fixture *f)
{
	struct crypt_file_id id;

	f->dir = temp_dir_create();
	signing_key_init(&f->pem, "archive", NULL);
	f->archive = archive_key_create(f->pem.key_pem, NULL);
	f->key = data_key_create();
	f->plain = g_byte_array_new();
	f->disk = g_byte_array_new();
	f->ends = g_array_new(FALSE, FALSE, sizeof(guint));
	struct archive_certificate *certificate =
		archive_certificate_create(f->pem.certificate_pem, NULL);
	g_autoptr(GBytes) der = archive_certificate_seal(certificate, f->key, NULL);
	put(f, "key-001.cms", g_bytes_get_data(der, NULL), g_bytes_get_size(der));
	archive_certificate_destroy(certificate);
	g_assert_cmpint(crypt_file_id_init(&id, SESSION, NAME, 1), ==, 0);
	struct crypt_writer *writer = crypt_writer_create(f->key, &id);
	for (size_t i = 1; i <= N_RECORDS; i++)
		append(f, writer, i);
	crypt_writer_destroy(writer);
	put(f, NAME ".enc", f->disk->data, f->disk->len);
}

static void fixture_finish(struct fixture *f)
{
	archive_key_destroy(f->archive);
	data_key_unref(f->key);
	g_byte_array_unref(f->plain);
	g_byte_array_unref(f->disk);
	g_array_unref(f->ends);
	signing_key_finish(&f->pem);
	temp_dir_remove(f->dir);
	g_free(f->dir);
}

/* Reads the file as it lies there now; how many bytes were right before `*ret_result`, which
 * is 0 or the error met. */
static size_t read_back(const struct fixture *f, const struct archive_key *archive,
			const char *name, int *ret_result)
{
	struct reader *reader;
	struct reader_file *file;
	uint8_t buffer[7];
	size_t done = 0;
	ssize_t n = 0;

	g_assert_cmpint(reader_open(f->dir, archive, &reader), ==, 0);
	*ret_result = reader_file_open(reader, name, &file);
	if (*ret_result == 0) {
		while ((n = reader_file_pread(file, buffer, sizeof buffer, done)) > 0) {
			g_assert_cmpuint(done + (size_t)n, <=, f->plain->len);
			g_assert_cmpmem(buffer, n, f->plain->data + done, n);
			done += (size_t)n;
		}
		*ret_result = (int)n;
		reader_file_close(file);
	}
	reader_close(reader);
	return done;
}

static void test_reads(void)
{
	struct fixture f;
	struct reader *reader;
	struct reader_file *file;
	uint8_t buffer[2000];
	uint64_t bytes, torn;

	fixture_init(&f);
	g_assert_cmpint(reader_open(f.dir, f.archive, &reader), ==, 0);
	g_assert_cmpint(reader_file_open(reader, NAME, &file), ==, 0);
	g_assert_true(reader_file_encrypted(file));
	g_assert_false(reader_file_growing(file));
	g_assert_cmpint(reader_file_size(file, &bytes), ==, 0);
	g_assert_cmpuint(bytes, ==, f.plain->len);
	g_assert_cmpint(reader_file_torn_bytes(file, &torn), ==, 0);
	g_assert_cmpuint(torn, ==, 0);
	for (unsigned i = 0; i < 1000; i++) {
		guint at = (guint)g_test_rand_int_range(0, (gint32)f.plain->len + 20);
		size_t length = (size_t)g_test_rand_int_range(0, sizeof buffer);
		size_t expected = at < f.plain->len ? MIN(length, f.plain->len - at) : 0;
		g_assert_cmpint(reader_file_pread(file, buffer, length, at), ==, expected);
		if (expected > 0)
			g_assert_cmpmem(buffer, expected, f.plain->data + at, expected);
	}
	g_assert_cmpint(reader_file_pread(file, buffer, 10, UINT64_MAX), ==, 0);
	reader_file_close(file);
	reader_close(reader);
	fixture_finish(&f);
}

static void test_grows(void)
{
	struct fixture f;
	struct reader *reader;
	struct reader_file *file;
	uint64_t bytes, torn;
	g_autofree char *final = NULL;
	guint lengths[] = {0, 10, CRYPT_HEADER_BYTES, 0, 0, 0};
	static const struct {
		uint64_t bytes, torn;
	} expected[] = {{0, 0}, {0, 10}, {0, 0}, {3, 0}, {3, 30}, {6, 0}};

	fixture_init(&f);
	final = g_build_filename(f.dir, NAME ".enc", NULL);
	g_assert_cmpint(remove(final), ==, 0);
	lengths[3] = g_array_index(f.ends, guint, 1);
	lengths[4] = lengths[3] + 30;
	lengths[5] = g_array_index(f.ends, guint, 2);
	for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
		put(&f, NAME ".enc.part", f.disk->data, lengths[i]);
		g_assert_cmpint(reader_open(f.dir, f.archive, &reader), ==, 0);
		g_assert_cmpint(reader_file_open(reader, NAME, &file), ==, 0);
		g_assert_true(reader_file_growing(file));
		g_assert_cmpint(reader_file_size(file, &bytes), ==, 0);
		g_assert_cmpint(reader_file_torn_bytes(file, &torn), ==, 0);
		g_assert_cmpuint(bytes, ==, expected[i].bytes);
		g_assert_cmpuint(torn, ==, expected[i].torn);
		reader_file_close(file);
		reader_close(reader);
	}
	fixture_finish(&f);
}

/* The same file, opened once, while its writer goes on. */
static void test_follows(void)
{
	struct fixture f;
	struct reader *reader;
	struct reader_file *file;
	uint8_t buffer[8];
	guint cut;

	fixture_init(&f);
	cut = g_array_index(f.ends, guint, 0);
	g_autofree char *path = g_build_filename(f.dir, "growing.enc.part", NULL);
	put(&f, "growing.enc.part", "", 0);
	g_assert_cmpint(reader_open(f.dir, f.archive, &reader), ==, 0);
	g_assert_cmpint(reader_file_open(reader, "growing", &file), ==, 0);
	g_assert_cmpint(reader_file_pread(file, buffer, sizeof buffer, 0), ==, 0);
	FILE *out = fopen(path, "ab");
	g_assert_cmpuint(fwrite(f.disk->data, 1, cut, out), ==, cut);
	g_assert_cmpint(fclose(out), ==, 0);
	/* The name is another than the one it was written for. */
	g_assert_cmpint(reader_file_pread(file, buffer, sizeof buffer, 0), ==, -EBADMSG);
	reader_file_close(file);
	put(&f, NAME ".enc", f.disk->data, cut);
	g_assert_cmpint(reader_file_open(reader, NAME, &file), ==, 0);
	g_assert_cmpint(reader_file_pread(file, buffer, sizeof buffer, 0), ==, 1);
	g_autofree char *named = g_build_filename(f.dir, NAME ".enc", NULL);
	out = fopen(named, "ab");
	g_assert_cmpuint(fwrite(f.disk->data + cut, 1, 40, out), ==, 40);
	g_assert_cmpint(fclose(out), ==, 0);
	g_assert_cmpint(reader_file_pread(file, buffer, sizeof buffer, 0), ==, 3);
	g_assert_cmpmem(buffer, 3, f.plain->data, 3);
	reader_file_close(file);
	reader_close(reader);
	fixture_finish(&f);
}

static void test_keys(void)
{
	struct fixture f;
	struct signing_key other;
	struct reader *reader;
	struct reader_file *file;
	uint8_t byte;
	uint64_t bytes;
	int result;

	fixture_init(&f);
	signing_key_init(&other, "other", NULL);
	struct archive_key *wrong = archive_key_create(other.key_pem, NULL);
	g_assert_cmpuint(read_back(&f, NULL, NAME, &result), ==, 0);
	g_assert_cmpint(result, ==, -ENOKEY);
	g_assert_cmpuint(read_back(&f, wrong, NAME, &result), ==, 0);
	g_assert_cmpint(result, ==, -ENOKEY);
	/* Structure can be seen without. */
	g_assert_cmpint(reader_open(f.dir, NULL, &reader), ==, 0);
	g_assert_cmpint(reader_file_open(reader, NAME, &file), ==, 0);
	g_assert_cmpint(reader_file_size(file, &bytes), ==, 0);
	g_assert_cmpuint(bytes, ==, f.plain->len);
	reader_file_close(file);
	/* The recorder's own key needs no archive key. */
	reader_add_data_key(reader, 1, f.key);
	g_assert_cmpint(reader_file_open(reader, NAME, &file), ==, 0);
	g_assert_cmpint(reader_file_pread(file, &byte, 1, 0), ==, 1);
	reader_file_close(file);
	reader_close(reader);
	put(&f, "key-001.cms", "shredded", 8);
	g_assert_cmpuint(read_back(&f, f.archive, NAME, &result), ==, 0);
	g_assert_cmpint(result, ==, -EBADMSG);
	g_autofree char *path = g_build_filename(f.dir, "key-001.cms", NULL);
	g_assert_cmpint(remove(path), ==, 0);
	g_assert_cmpuint(read_back(&f, f.archive, NAME, &result), ==, 0);
	g_assert_cmpint(result, ==, -ENOKEY);
	archive_key_destroy(wrong);
	signing_key_finish(&other);
	fixture_finish(&f);
}

static guint end_of(const struct fixture *f, unsigned number)
{
	return number == 0 ? CRYPT_HEADER_BYTES : g_array_index(f->ends, guint, number - 1);
}

/* Plain bytes in front of record `number`, which has number + 1. */
static size_t plain_before(unsigned number)
{
	return (size_t)number * (number + 1) / 2;
}

static void test_every_byte_counts(void)
{
	struct fixture f;
	int result;

	fixture_init(&f);
	for (guint i = 0; i < f.disk->len; i++) {
		g_autofree uint8_t *copy = g_memdup2(f.disk->data, f.disk->len);
		copy[i] ^= (uint8_t)(1u << g_test_rand_int_range(0, 8));
		put(&f, NAME ".enc", copy, f.disk->len);
		size_t n = read_back(&f, f.archive, NAME, &result);
		unsigned number = 0;
		while (end_of(&f, number + 1) <= i)
			number++;
		/* A changed length may end the file; then the bytes are missing. */
		g_assert_cmpuint(n, <=, plain_before(number));
		if (i >= CRYPT_HEADER_BYTES && i >= end_of(&f, number) + 4)
			g_assert_cmpint(result, ==, -EBADMSG);
		else if (i < CRYPT_HEADER_BYTES)
			g_assert_true(result == -EBADMSG || result == -ENOKEY);
	}
	fixture_finish(&f);
}

/* Records `from` to `to` (exclusive) of the file as it was written. */
static void take(const struct fixture *f, GByteArray *out, unsigned from, unsigned to)
{
	g_byte_array_append(out, f->disk->data + end_of(f, from), end_of(f, to) - end_of(f, from));
}

static void test_records_that_moved(void)
{
	static const struct {
		unsigned order[4][2];
		unsigned n_good;
	} cases[] = {
		{{{0, 10}, {11, 12}, {10, 11}, {12, 40}}, 10}, /* exchanged */
		{{{0, 10}, {11, 40}}, 10},		       /* one left out */
		{{{1, 40}}, 0},				       /* the first left out */
		{{{0, 10}, {9, 10}, {10, 40}}, 10},	       /* one twice */
		{{{0, 39}}, 39}, /* the last left out: the chain sees it */
	};
	struct fixture f;
	int result;

	fixture_init(&f);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) out = g_byte_array_new();
		g_byte_array_append(out, f.disk->data, CRYPT_HEADER_BYTES);
		for (unsigned part = 0; part < 4; part++)
			take(&f, out, cases[i].order[part][0], cases[i].order[part][1]);
		put(&f, NAME ".enc", out->data, out->len);
		g_assert_cmpuint(read_back(&f, f.archive, NAME, &result), ==,
				 plain_before(cases[i].n_good));
		g_assert_cmpint(result, ==, cases[i].n_good == 39 ? 0 : -EBADMSG);
	}
	fixture_finish(&f);
}

static void test_files_that_moved(void)
{
	struct fixture f;
	g_autofree char *store = NULL, *other = NULL;
	struct reader *reader;
	struct reader_file *file;
	uint64_t bytes;
	int result;

	fixture_init(&f);
	put(&f, "seg-00002.jsonl.gz.enc", f.disk->data, f.disk->len);
	g_assert_cmpuint(read_back(&f, f.archive, "seg-00002.jsonl.gz", &result), ==, 0);
	g_assert_cmpint(result, ==, -EBADMSG);
	/* Another session's directory, as playback opens it: even the sealed key came along. */
	store = temp_dir_create();
	other = g_build_filename(store, "00000000-8b86-4011-b42d-00c04fc964ff", NULL);
	g_assert_cmpint(rename(f.dir, other), ==, 0);
	g_assert_cmpint(reader_open_session(store, "00000000-8b86-4011-b42d-00c04fc964ff",
					    f.archive, &reader),
			==, 0);
	g_assert_cmpint(reader_file_open(reader, NAME, &file), ==, 0);
	g_assert_cmpint(reader_file_size(file, &bytes), ==, -EBADMSG);
	reader_file_close(file);
	reader_close(reader);
	g_assert_cmpint(rename(other, f.dir), ==, 0);
	temp_dir_remove(store);
	fixture_finish(&f);
}

static void test_cuts_at_records(void)
{
	struct fixture f;
	struct reader *reader;
	struct reader_file *file;
	uint64_t disk;

	fixture_init(&f);
	g_assert_cmpint(reader_open(f.dir, NULL, &reader), ==, 0);
	g_assert_cmpint(reader_file_open(reader, NAME, &file), ==, 0);
	for (unsigned i = 0; i <= N_RECORDS; i++) {
		g_assert_cmpint(reader_file_disk_bytes(file, plain_before(i), &disk), ==, 0);
		g_assert_cmpuint(disk, ==, end_of(&f, i));
	}
	g_assert_cmpint(reader_file_disk_bytes(file, 2, &disk), ==, -EINVAL);
	g_assert_cmpint(reader_file_disk_bytes(file, f.plain->len + 1, &disk), ==, -EINVAL);
	reader_file_close(file);
	reader_close(reader);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/reader-crypt/reads", test_reads);
	g_test_add_func("/reader-crypt/grows", test_grows);
	g_test_add_func("/reader-crypt/follows", test_follows);
	g_test_add_func("/reader-crypt/keys", test_keys);
	g_test_add_func("/reader-crypt/every-byte-counts", test_every_byte_counts);
	g_test_add_func("/reader-crypt/records-that-moved", test_records_that_moved);
	g_test_add_func("/reader-crypt/files-that-moved", test_files_that_moved);
	g_test_add_func("/reader-crypt/cuts-at-records", test_cuts_at_records);
	return g_test_run();
}
