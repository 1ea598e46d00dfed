/* recorder/crypt: data keys open for their archive key alone, and a record is read as it was
 * written, where it was written, or not at all. */
#include "base/secret.h"
#include "recorder/crypt/archive_key.h"
#include "recorder/crypt/crypt_writer.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SESSION "6f9619ff-8b86-4011-b42d-00c04fc964ff"
#define OTHER_SESSION "6f9619ff-8b86-4011-b42d-00c04fc964fe"

static struct data_key *counting_key(void)
{
	uint8_t bytes[DATA_KEY_BYTES];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	return data_key_from_bytes(bytes);
}

/* ---- Data keys ---- */

struct sealed_key {
	struct signing_key pem, other_pem;
	struct archive_key *right, *wrong;
	struct data_key *key;
	GBytes *der;
};

static void sealed_key_init(struct sealed_key *s)
{
	signing_key_init(&s->pem, "archive", NULL);
	signing_key_init(&s->other_pem, "other", NULL);
	struct archive_certificate *certificate =
		archive_certificate_create(s->pem.certificate_pem, NULL);
	g_assert_nonnull(certificate);
	s->right = archive_key_create(s->pem.key_pem, NULL);
	s->wrong = archive_key_create(s->other_pem.key_pem, NULL);
	s->key = data_key_create();
	s->der = archive_certificate_seal(certificate, s->key, NULL);
	g_assert_nonnull(s->der);
	archive_certificate_destroy(certificate);
}

static void sealed_key_finish(struct sealed_key *s)
{
	g_bytes_unref(s->der);
	data_key_unref(s->key);
	archive_key_destroy(s->right);
	archive_key_destroy(s->wrong);
	signing_key_finish(&s->pem);
	signing_key_finish(&s->other_pem);
}

static void assert_opens(const struct archive_key *archive, const struct sealed_key *s)
{
	gsize length;
	const void *der = g_bytes_get_data(s->der, &length);
	struct data_key *opened;

	g_assert_cmpint(archive_key_open(archive, der, length, &opened), ==, 0);
	g_assert_cmpmem(data_key_bytes(opened), DATA_KEY_BYTES, data_key_bytes(s->key),
			DATA_KEY_BYTES);
	data_key_unref(opened);
}

static void test_opens_for_its_key(void)
{
	struct sealed_key s;
	struct data_key *opened;
	gsize length;

	sealed_key_init(&s);
	const void *der = g_bytes_get_data(s.der, &length);
	assert_opens(s.right, &s);
	g_assert_cmpint(archive_key_open(s.wrong, der, length, &opened), ==, -ENOKEY);
	g_assert_null(opened);
	g_autofree char *both = g_strconcat(s.other_pem.key_pem, s.pem.key_pem, NULL);
	struct archive_key *archive = archive_key_create(both, NULL);
	assert_opens(archive, &s);
	archive_key_destroy(archive);
	sealed_key_finish(&s);
}

static void test_changed_key(void)
{
	struct sealed_key s;
	gsize length;

	sealed_key_init(&s);
	const void *der = g_bytes_get_data(s.der, &length);
	for (gsize i = 0; i < length; i++) {
		g_autofree uint8_t *copy = g_memdup2(der, length);
		struct data_key *opened;
		copy[i] ^= 1;
		int result = archive_key_open(s.right, copy, length, &opened);
		/* Bits that name the recipient or an unprotected attribute may change: the
		 * key stays the same then. */
		if (result == 0)
			g_assert_cmpmem(data_key_bytes(opened), DATA_KEY_BYTES,
					data_key_bytes(s.key), DATA_KEY_BYTES);
		else
			g_assert_true(result == -EBADMSG || result == -ENOKEY);
		data_key_unref(opened);
		g_assert_cmpint(archive_key_open(s.right, der, i, &opened), ==, -EBADMSG);
	}
	sealed_key_finish(&s);
}

/* What docs/evidence-format.md promises: nothing of ours is needed to open a data key. */
static void test_opens_with_openssl(void)
{
	struct sealed_key s;
	g_autofree char *dir = temp_dir_create();
	g_autofree char *sealed = g_build_filename(dir, "key-001.cms", NULL);
	g_autofree char *pem = g_build_filename(dir, "archive.key", NULL);
	g_autofree char *out = g_build_filename(dir, "data.key", NULL);
	g_autofree char *bytes = NULL;
	const char *const argv[] = {"openssl", "cms", "-decrypt", "-binary", "-inform",
				    "DER",     "-in", sealed,	  "-inkey",  pem,
				    "-out",    out,   NULL};
	gsize length;
	int status;

	sealed_key_init(&s);
	const void *der = g_bytes_get_data(s.der, &length);
	g_assert_true(g_file_set_contents(sealed, der, (gssize)length, NULL));
	g_assert_true(g_file_set_contents(pem, s.pem.key_pem, -1, NULL));
	g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, NULL, NULL, &status, NULL));
	g_assert_true(g_spawn_check_wait_status(status, NULL));
	g_assert_true(g_file_get_contents(out, &bytes, &length, NULL));
	g_assert_cmpmem(bytes, length, data_key_bytes(s.key), DATA_KEY_BYTES);
	sealed_key_finish(&s);
	temp_dir_remove(dir);
}

static void test_refuses_pem(void)
{
	static const char encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
					"-----END ENCRYPTED PRIVATE KEY-----\n";
	struct signing_key pem;
	g_autoptr(GError) error = NULL;

	signing_key_init(&pem, "archive", NULL);
	g_autofree char *half = g_strconcat(pem.key_pem, encrypted, NULL);
	g_assert_null(archive_key_create("", &error));
	g_assert_error(error, ARCHIVE_KEY_ERROR, ARCHIVE_KEY_ERROR_PEM);
	g_assert_null(archive_key_create(pem.certificate_pem, NULL));
	g_assert_null(archive_key_create(half, NULL));
	g_assert_null(archive_certificate_create(pem.key_pem, NULL));
	g_assert_null(archive_key_load("/nonexistent", NULL));
	signing_key_finish(&pem);
}

static void test_key_file_of_others(void)
{
	struct signing_key pem;
	g_autofree char *dir = temp_dir_create();
	g_autofree char *path = g_build_filename(dir, "archive.key", NULL);
	g_autoptr(GError) error = NULL;

	signing_key_init(&pem, "archive", NULL);
	g_assert_true(g_file_set_contents(path, pem.key_pem, -1, NULL));
	g_assert_cmpint(chmod(path, 0640), ==, 0);
	g_assert_null(archive_key_load(path, &error));
	g_assert_nonnull(strstr(error->message, "chmod 600"));
	g_assert_cmpint(chmod(path, 0600), ==, 0);
	struct archive_key *archive = archive_key_load(path, NULL);
	g_assert_nonnull(archive);
	archive_key_destroy(archive);
	signing_key_finish(&pem);
	temp_dir_remove(dir);
}

/* ---- Records ---- */

static struct crypt_file_id file_id(const char *session_id, const char *name, unsigned key_number)
{
	struct crypt_file_id id;

	g_assert_cmpint(crypt_file_id_init(&id, session_id, name, key_number), ==, 0);
	return id;
}

/* The worked example of docs/evidence-format.md. */
static void test_example(void)
{
	static const uint8_t expected[] = {
		0x56, 0x54, 0x52, 0x45, 0x00, 0x01, 0x00, 0x01, 0x6f, 0x96, 0x19, 0xff, 0x8b, 0x86,
		0x40, 0x11, 0xb4, 0x2d, 0x00, 0xc0, 0x4f, 0xc9, 0x64, 0xff, 0x00, 0x00, 0x00, 0x03,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x6e, 0xab, 0xb5, 0xef, 0x77, 0x1c,
		0xce, 0x69, 0xd7, 0xab, 0xeb, 0x24, 0xaf, 0x56, 0xf6, 0x46, 0x26, 0xd9, 0xb2};
	struct crypt_file_id id = file_id(SESSION, "seg-00001.jsonl.gz", 1);
	struct data_key *key = counting_key();
	struct crypt_writer *writer = crypt_writer_create(key, &id);
	const GByteArray *bytes;

	g_assert_cmpint(crypt_writer_seal(writer, "{}\n", 3, &bytes), ==, 0);
	g_assert_cmpmem(bytes->data, bytes->len, expected, sizeof expected);
	crypt_writer_destroy(writer);
	data_key_unref(key);
}

static void test_header(void)
{
	const struct crypt_file_id id = file_id(SESSION, "seg-00001.mp4", 513);
	struct crypt_file_id read;
	uint8_t header[CRYPT_HEADER_BYTES];

	crypt_header_write(&id, header);
	g_assert_cmpint(crypt_header_read(header, "seg-00001.mp4", &read), ==, 0);
	g_assert_cmpstr(read.session_id, ==, SESSION);
	g_assert_cmpstr(read.name, ==, "seg-00001.mp4");
	g_assert_cmpuint(read.key_number, ==, 513);
	header[5] = 2;
	g_assert_cmpint(crypt_header_read(header, "seg-00001.mp4", &read), ==, -EBADMSG);
	g_assert_cmpint(crypt_file_id_init(&read, "no-session", "a", 1), ==, -EINVAL);
	g_assert_cmpint(crypt_file_id_init(&read, SESSION, "a", 0), ==, -EINVAL);
	g_assert_cmpint(crypt_file_id_init(&read, SESSION, "a", 65536), ==, -EINVAL);
	g_assert_cmpint(crypt_file_id_init(&read, SESSION, "a-name-of-thirty-two-characters.", 1),
			==, -EINVAL);
}

#define TEXT "a picture, a picture, a picture"

static int open_as(const struct data_key *key, const struct crypt_file_id *id,
		   struct crypt_place place, const uint8_t *record)
{
	struct crypt_cipher *cipher = crypt_cipher_create(key, id);
	char plain[sizeof TEXT] = "";
	int result = crypt_record_open(cipher, &place, record, (uint8_t *)plain);

	if (result == 0)
		g_assert_cmpstr(plain, ==, TEXT);
	crypt_cipher_destroy(cipher);
	return result;
}

static void test_opens_in_its_place_only(void)
{
	const struct crypt_place place = {3, 700};
	const struct crypt_file_id id = file_id(SESSION, "seg-00001.mp4", 1);
	const struct crypt_file_id others[] = {file_id(OTHER_SESSION, "seg-00001.mp4", 1),
					       file_id(SESSION, "seg-00002.mp4", 1),
					       file_id(SESSION, "seg-00001.mp4", 2)};
	uint8_t record[sizeof TEXT - 1 + CRYPT_RECORD_OVERHEAD_BYTES];
	struct data_key *key = counting_key(), *other_key = data_key_create();
	struct crypt_cipher *cipher = crypt_cipher_create(key, &id);

	g_assert_cmpint(crypt_record_seal(cipher, &place, 9, (const uint8_t *)TEXT, sizeof TEXT - 1,
					  record),
			==, 0);
	g_assert_null(memmem(record, sizeof record, "picture", 7));
	g_assert_cmpint(open_as(key, &id, place, record), ==, 0);
	g_assert_cmpint(open_as(other_key, &id, place, record), ==, -EBADMSG);
	g_assert_cmpint(open_as(key, &id, (struct crypt_place){2, 700}, record), ==, -EBADMSG);
	g_assert_cmpint(open_as(key, &id, (struct crypt_place){3, 701}, record), ==, -EBADMSG);
	for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_cmpint(open_as(key, &others[i], place, record), ==, -EBADMSG);
	/* The first four bytes are the length: the caller has compared it with the file before. */
	for (unsigned i = 4; i < sizeof record; i++) {
		record[i] ^= 0x80;
		g_assert_cmpint(open_as(key, &id, place, record), ==, -EBADMSG);
		record[i] ^= 0x80;
	}
	g_assert_cmpint(open_as(key, &id, place, record), ==, 0);
	crypt_cipher_destroy(cipher);
	data_key_unref(key);
	data_key_unref(other_key);
}

static void test_lengths(void)
{
	static const struct {
		uint8_t bytes[4];
		size_t length;
	} cases[] = {{{0, 0, 0, 0}, 0},
		     {{0, 0, 0, 1}, 1},
		     {{0, 0x10, 0, 0}, 1048576},
		     {{0, 0x10, 0, 1}, 0},
		     {{0xff, 0xff, 0xff, 0xff}, 0}};
	uint8_t header[CRYPT_RECORD_HEADER_BYTES] = {0};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		memcpy(header, cases[i].bytes, 4);
		g_assert_cmpuint(crypt_record_length(header), ==, cases[i].length);
	}
}

/* ---- Appending ---- */

static void test_failed_append_uses_no_nonce_twice(void)
{
	const struct crypt_file_id id = file_id(SESSION, "seg-00001.mp4", 1);
	struct data_key *key = counting_key();
	struct crypt_writer *writer = crypt_writer_create(key, &id);
	const GByteArray *bytes;
	uint8_t nonces[3][8];

	for (unsigned i = 0; i < 3; i++) {
		g_assert_cmpint(crypt_writer_seal(writer, TEXT, sizeof TEXT - 1, &bytes), ==, 0);
		/* The first two could not be written: the file is still empty, so the header comes
		 * again. */
		g_assert_cmpuint(bytes->len, ==,
				 CRYPT_HEADER_BYTES + CRYPT_RECORD_OVERHEAD_BYTES + sizeof TEXT -
					 1);
		memcpy(nonces[i], bytes->data + CRYPT_HEADER_BYTES + 4, 8);
		g_assert_cmpint(open_as(key, &id, (struct crypt_place){0, 0},
					bytes->data + CRYPT_HEADER_BYTES),
				==, 0);
	}
	g_assert_true(memcmp(nonces[0], nonces[1], 8) != 0 && memcmp(nonces[1], nonces[2], 8) != 0);
	crypt_writer_commit(writer);
	g_assert_cmpint(crypt_writer_seal(writer, TEXT, sizeof TEXT - 1, &bytes), ==, 0);
	g_assert_cmpint(open_as(key, &id, (struct crypt_place){1, sizeof TEXT - 1}, bytes->data),
			==, 0);
	crypt_writer_destroy(writer);
	data_key_unref(key);
}

static void test_long_appends_are_several_records(void)
{
	const struct crypt_file_id id = file_id(SESSION, "seg-00001.mp4", 1);
	const size_t length = CRYPT_RECORD_MAX_BYTES + 5;
	g_autofree uint8_t *plain = g_malloc0(length);
	struct data_key *key = counting_key();
	struct crypt_writer *writer = crypt_writer_create(key, &id);
	const GByteArray *bytes;

	g_assert_cmpint(crypt_writer_seal(writer, plain, length, &bytes), ==, 0);
	g_assert_cmpuint(bytes->len, ==,
			 CRYPT_HEADER_BYTES + length + 2 * CRYPT_RECORD_OVERHEAD_BYTES);
	g_assert_cmpuint(crypt_record_length(bytes->data + CRYPT_HEADER_BYTES), ==,
			 CRYPT_RECORD_MAX_BYTES);
	g_assert_cmpuint(
		crypt_record_length(bytes->data + bytes->len - 5 - CRYPT_RECORD_OVERHEAD_BYTES), ==,
		5);
	crypt_writer_destroy(writer);
	data_key_unref(key);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/crypt/key/opens-for-its-key", test_opens_for_its_key);
	g_test_add_func("/crypt/key/changed", test_changed_key);
	g_test_add_func("/crypt/key/opens-with-openssl", test_opens_with_openssl);
	g_test_add_func("/crypt/key/refuses-pem", test_refuses_pem);
	g_test_add_func("/crypt/key/file-of-others", test_key_file_of_others);
	g_test_add_func("/crypt/record/example", test_example);
	g_test_add_func("/crypt/record/header", test_header);
	g_test_add_func("/crypt/record/opens-in-its-place-only", test_opens_in_its_place_only);
	g_test_add_func("/crypt/record/lengths", test_lengths);
	g_test_add_func("/crypt/append/failed", test_failed_append_uses_no_nonce_twice);
	g_test_add_func("/crypt/append/long", test_long_appends_are_several_records);
	return g_test_run();
}
