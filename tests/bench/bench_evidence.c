/* bench_evidence [MEGABYTES [DIR]]: speed of exporting and verifying beside cp, sha256sum and
 * openssl dgst over the same bytes, in one run. The recording is made in DIR (default: the
 * temporary directory) and removed again; everything lies in the page cache. */
#include "base/secret.h"
#include "evidence/export.h"
#include "evidence/verify_evidence.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES (64u << 20)
#define BLOCK_BYTES (1u << 20)
#define ROUNDS 3u

struct bench {
	char *dir, *recording, *target, *copy;
	struct signing_key pem;
	struct chain_key *key;
	uint64_t bytes;
	uint8_t *block;
};

static void put(const struct bench *b, const char *name, const void *bytes, gsize length)
{
	g_autofree char *path = g_build_filename(b->recording, name, NULL);

	if (!g_file_set_contents(path, bytes, (gssize)length, NULL))
		g_error("cannot write %s", path);
}

/* Boxes of a megabyte whose content does not repeat within the segment. */
static void make_video(struct bench *b, struct chain_file *file)
{
	g_autofree char *path = g_build_filename(b->recording, file->name, NULL);
	FILE *out = g_fopen(path, "wb");
	struct digest *digest = digest_create();
	const guint32 size = GUINT32_TO_BE(BLOCK_BYTES);

	g_assert_nonnull(out);
	memcpy(b->block, &size, sizeof size);
	memcpy(b->block + 4, "mdat", 4);
	for (unsigned i = 0; i < SEGMENT_BYTES / BLOCK_BYTES; i++) {
		memcpy(b->block + 8, &i, sizeof i);
		g_assert_cmpuint(fwrite(b->block, 1, BLOCK_BYTES, out), ==, BLOCK_BYTES);
		digest_add(digest, b->block, BLOCK_BYTES);
	}
	g_assert_cmpint(fclose(out), ==, 0);
	file->bytes = digest_bytes(digest);
	digest_hex(digest, file->sha256);
	digest_destroy(digest);
	b->bytes += file->bytes;
}

static void take_line(GString *lines, char *line)
{
	g_assert_nonnull(line);
	g_string_append(lines, line);
	g_free(line);
}

static void make_recording(struct bench *b, unsigned n_segments)
{
	const struct chain_genesis genesis = {.session_id = "6f9619ff-8b86-d011-b42d-00c04fc964ff",
					      .node = "bench"};
	struct chain *chain = chain_create(b->key);
	g_autoptr(GString) lines = g_string_new(NULL);

	take_line(lines, chain_add_genesis(chain, &genesis, NULL));
	for (unsigned i = 0; i < n_segments; i++) {
		struct chain_segment s = {.number = i + 1,
					  .start_us = i * UINT64_C(1000000),
					  .end_us = (i + 1) * UINT64_C(1000000),
					  .frames = 1,
					  .codec = "avc1.42c028",
					  .n_files = 1};
		g_snprintf(s.files[0].name, sizeof s.files[0].name, "seg-%05u.mp4", i + 1);
		make_video(b, &s.files[0]);
		take_line(lines, chain_add_segment(chain, s.end_us, &s, NULL));
	}
	const struct chain_seal seal = {"viewer-left", "",	 n_segments,
					n_segments,    b->bytes, n_segments * UINT64_C(1000000)};
	take_line(lines, chain_add_seal(chain, seal.duration_us, &seal, NULL));
	put(b, CHAIN_FILE, lines->str, lines->len);
	put(b, CHAIN_CERTIFICATE_FILE, b->pem.certificate_pem, strlen(b->pem.certificate_pem));
	chain_destroy(chain);
}

static void export(struct bench *b)
{
	struct reader *reader;
	struct evidence_made made;
	g_autoptr(GError) error = NULL;

	g_remove(b->target);
	g_assert_cmpint(reader_open(b->recording, NULL, &reader), ==, 0);
	const struct evidence_order order = {.reader = reader,
					     .key = b->key,
					     .asked = {0, UINT64_MAX},
					     .node = "bench",
					     .created_by = "bench",
					     .target = b->target};
	if (!evidence_export(&order, &made, &error))
		g_error("%s", error->message);
	reader_close(reader);
}

static void verify(struct bench *b)
{
	struct evidence_report report;

	g_assert_cmpint(evidence_verify(b->target, NULL, &report), ==, 0);
	evidence_report_finish(&report);
}

static void shell(const char *format, const char *a, const char *b)
{
	g_autofree char *command =
		g_strdup_printf("exec >/dev/null; %s '%s'%s%s%s", format, a, b != NULL ? " '" : "",
				b != NULL ? b : "", b != NULL ? "'" : "");

	if (system(command) != 0)
		g_error("%s failed", command);
}

static void run_cp(struct bench *b)
{
	g_remove(b->copy);
	shell("cp", b->target, b->copy);
	shell("sync -f", b->copy, NULL); /* as an export does */
}

static void run_sha256sum(struct bench *b)
{
	shell("sha256sum", b->target, NULL);
}

static void run_openssl(struct bench *b)
{
	shell("openssl dgst -sha256", b->target, NULL);
}

/* The best of some rounds, in seconds: what else runs on the machine only adds. */
static double measure(const char *name, void (*run)(struct bench *b), struct bench *b)
{
	double best = G_MAXDOUBLE;

	for (unsigned i = 0; i < ROUNDS; i++) {
		gint64 began_us = g_get_monotonic_time();
		run(b);
		best = MIN(best, (double)(g_get_monotonic_time() - began_us) / 1e6);
	}
	printf("%-22s %7.2f s %8.0f MB/s\n", name, best, (double)b->bytes / 1e6 / best);
	return best;
}

static void run(struct bench *b)
{
	double exported = measure("export", export, b);
	double copied = measure("cp, synced", run_cp, b);
	double summed = measure("sha256sum", run_sha256sum, b);
	double verified = measure("verify", verify, b);
	double digested = measure("openssl dgst -sha256", run_openssl, b);

	printf("export takes %.2f of cp and sha256sum, verify %.2f of openssl dgst\n",
	       exported / (copied + summed), verified / digested);
}

int main(int argc, char **argv)
{
	uint64_t megabytes = argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : 1024;
	struct bench b = {.block = g_malloc(BLOCK_BYTES)};

	if (argc > 3 || megabytes < 64 || megabytes > 1u << 20 || secret_init() != 0) {
		fputs("usage: bench_evidence [MEGABYTES [DIR]]\n", stderr);
		return 2;
	}
	for (unsigned i = 0; i < BLOCK_BYTES; i++)
		b.block[i] = (uint8_t)g_random_int();
	if (argc > 2)
		g_setenv("TMPDIR", argv[2], TRUE);
	b.dir = temp_dir_create();
	b.recording = g_build_filename(b.dir, "recording", NULL);
	b.target = g_build_filename(b.dir, "evidence.mp4", NULL);
	b.copy = g_build_filename(b.dir, "copy.mp4", NULL);
	g_assert_cmpint(g_mkdir(b.recording, 0700), ==, 0);
	signing_key_init(&b.pem, "bench", NULL);
	b.key = chain_key_create(b.pem.key_pem, b.pem.certificate_pem, NULL);
	make_recording(&b, (unsigned)(megabytes * 1000000 / SEGMENT_BYTES));
	run(&b);
	temp_dir_remove(b.dir);
	return 0;
}
