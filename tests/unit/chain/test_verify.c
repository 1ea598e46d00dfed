/* The verifier against recordings made by the chain's own writer: an honest one holds; every
 * flipped byte, missing, swapped, added or cut part is found and named; a foreign signer is told
 * apart from a broken chain. */
#include "recorder/chain/chain.h"
#include "recorder/chain/verify.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#define SEGMENT_US 1000000u

struct recording {
	char *dir;
	struct signing_key pem;
	struct chain_key *key;
	struct chain *chain;
	GString *lines;
	uint64_t bytes;
};

/* Without the fsync of g_file_set_contents: there are thousands of them here. */
static void put_file(const char *dir, const char *name, const void *bytes, size_t length)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	FILE *file = g_fopen(path, "wb");

	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(bytes, 1, length, file), ==, length);
	g_assert_cmpint(fclose(file), ==, 0);
}

static char *get_file(const char *dir, const char *name, gsize *ret_length)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	char *bytes;

	g_assert_true(g_file_get_contents(path, &bytes, ret_length, NULL));
	return bytes;
}

static void take_line(struct recording *r, char *line)
{
	g_assert_nonnull(line);
	g_string_append(r->lines, line);
	put_file(r->dir, CHAIN_FILE, r->lines->str, r->lines->len);
	g_free(line);
}

static struct chain_file describe(const char *name, const char *content, size_t length)
{
	struct chain_file file = {.bytes = length};

	g_strlcpy(file.name, name, sizeof file.name);
	digest_hex_of(content, length, file.sha256);
	return file;
}

static void recording_init(struct recording *r, const struct signing_key *ca)
{
	const struct chain_genesis genesis = {.session_id = "6f9619ff-8b86-d011-b42d-00c04fc964ff",
					      .node = "node1",
					      .user = "alice",
					      .target = "web-01"};

	r->dir = temp_dir_create();
	r->bytes = 0;
	r->lines = g_string_new(NULL);
	signing_key_init(&r->pem, "node1", ca);
	r->key = chain_key_create(r->pem.key_pem, r->pem.certificate_pem, NULL);
	g_assert_nonnull(r->key);
	r->chain = chain_create(r->key);
	put_file(r->dir, CHAIN_CERTIFICATE_FILE, r->pem.certificate_pem,
		 strlen(r->pem.certificate_pem));
	take_line(r, chain_add_genesis(r->chain, &genesis, NULL));
}

static void recording_finish(struct recording *r)
{
	temp_dir_remove(r->dir);
	g_free(r->dir);
	g_string_free(r->lines, TRUE);
	chain_destroy(r->chain);
	chain_key_destroy(r->key);
	signing_key_finish(&r->pem);
}

/* A segment's files hold a text; a checkpoint covers the first half of its video. */
static void add_segment(struct recording *r, uint32_t number, uint64_t start_us)
{
	g_autofree char *video = g_strdup_printf("the pictures of segment %u", number);
	g_autofree char *media = g_strdup_printf("seg-%05u.mp4", number);
	g_autofree char *timeline = g_strdup_printf("seg-%05u.jsonl.gz", number);
	struct chain_checkpoint checkpoint = {.number = number, .frames = 2, .n_files = 1};
	struct chain_segment s = {.number = number,
				  .start_us = start_us,
				  .end_us = start_us + SEGMENT_US,
				  .frames = 5,
				  .width = 640,
				  .height = 480,
				  .codec = "avc1.42c01e"};

	put_file(r->dir, media, video, strlen(video));
	put_file(r->dir, timeline, "{}\n", 3);
	put_file(r->dir, "init-001.mp4", "init", 4);
	checkpoint.files[0] = describe(media, video, strlen(video) / 2);
	take_line(r, chain_add_checkpoint(r->chain, start_us + 10, &checkpoint, NULL));
	s.files[s.n_files++] = describe(media, video, strlen(video));
	s.files[s.n_files++] = describe(timeline, "{}\n", 3);
	s.files[s.n_files++] = describe("init-001.mp4", "init", 4);
	for (unsigned i = 0; i < s.n_files; i++)
		r->bytes += s.files[i].bytes;
	take_line(r, chain_add_segment(r->chain, s.end_us, &s, NULL));
}

static void add_seal(struct recording *r, uint32_t segments)
{
	const struct chain_seal seal = {"viewer-left", "",	 segments,
					segments * 5u, r->bytes, (uint64_t)segments * SEGMENT_US};

	take_line(r, chain_add_seal(r->chain, seal.duration_us, &seal, NULL));
}

static void whole_recording(struct recording *r, uint32_t segments)
{
	recording_init(r, NULL);
	for (uint32_t i = 0; i < segments; i++)
		add_segment(r, i + 1, (uint64_t)i * SEGMENT_US);
	add_seal(r, segments);
}

static const struct verify_finding *worst(const struct verify_report *report)
{
	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *f = g_ptr_array_index(report->findings, i);
		if (f->class != VERIFY_NOTE)
			return f;
	}
	return NULL;
}

/* Runs the verifier and expects a finding of this class whose text contains `text`. */
static void expect(const struct recording *r, enum verify_class class, uint32_t segment,
		   const char *text)
{
	struct verify_report report;
	bool found = false;

	g_assert_cmpint(verify_recording(r->dir, NULL, NULL, &report), ==, 1);
	for (unsigned i = 0; i < report.findings->len; i++) {
		const struct verify_finding *f = g_ptr_array_index(report.findings, i);
		found |=
			f->class == class && f->segment == segment && strstr(f->text, text) != NULL;
	}
	if (!found)
		g_test_message("first finding: %s", worst(&report)->text);
	g_assert_true(found);
	verify_report_finish(&report);
}

static void test_honest(void)
{
	struct recording r;
	struct verify_report report;

	whole_recording(&r, 3);
	g_assert_cmpint(verify_recording(r.dir, NULL, NULL, &report), ==, 0);
	g_assert_cmpuint(report.findings->len, ==, 0);
	g_assert_true(report.sealed);
	g_assert_cmpstr(report.session_id, ==, "6f9619ff-8b86-d011-b42d-00c04fc964ff");
	g_assert_cmpstr(report.end_reason, ==, "viewer-left");
	g_assert_cmpstr(report.head, ==, chain_head(r.chain));
	g_assert_cmpstr(report.signer, ==, "CN=node1");
	g_assert_cmpuint(report.n_segments, ==, 3);
	g_assert_cmpuint(report.n_frames, ==, 15);
	g_assert_cmpuint(report.duration_us, ==, 3 * SEGMENT_US);
	verify_report_finish(&report);
	recording_finish(&r);
}

static void check_flips(const struct recording *r, const char *name)
{
	gsize length;
	g_autofree char *bytes = get_file(r->dir, name, &length);

	for (gsize i = 0; i < length; i++) {
		struct verify_report report;
		bytes[i] ^= (char)(1 << i % 8);
		put_file(r->dir, name, bytes, length);
		int result = verify_recording(r->dir, NULL, NULL, &report);
		if (result == -EPROTONOSUPPORT)
			result = report.version != CHAIN_VERSION ? 1 : 0; /* its number was hit */
		if (result != 1)
			g_test_message("byte %zu of %s", (size_t)i, name);
		g_assert_cmpint(result, ==, 1);
		verify_report_finish(&report);
		bytes[i] ^= (char)(1 << i % 8);
	}
	put_file(r->dir, name, bytes, length);
}

static void test_every_flipped_byte(void)
{
	static const char *const names[] = {CHAIN_FILE,	     CHAIN_CERTIFICATE_FILE,
					    "seg-00001.mp4", "seg-00001.jsonl.gz",
					    "seg-00002.mp4", "init-001.mp4"};
	struct recording r;
	struct verify_report report;

	whole_recording(&r, 2);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		check_flips(&r, names[i]);
	g_assert_cmpint(verify_recording(r.dir, NULL, NULL, &report), ==, 0);
	verify_report_finish(&report);
	recording_finish(&r);
}

/* A later version may mean anything: nothing is claimed about it, and nothing of it is called
 * broken. */
static void test_unknown_version(void)
{
	struct recording r;
	struct verify_report report;

	whole_recording(&r, 1);
	g_assert_cmpuint(g_string_replace(r.lines, "\"version\":1", "\"version\":7", 1), ==, 1);
	put_file(r.dir, CHAIN_FILE, r.lines->str, r.lines->len);
	g_assert_cmpint(verify_recording(r.dir, NULL, NULL, &report), ==, -EPROTONOSUPPORT);
	g_assert_cmpuint(report.version, ==, 7);
	g_assert_cmpuint(report.findings->len, ==, 0);
	verify_report_finish(&report);
	recording_finish(&r);
}

static void test_every_cut_of_the_chain(void)
{
	struct recording r;

	whole_recording(&r, 2);
	for (gsize length = 0; length < r.lines->len; length += 7) {
		struct verify_report report;
		put_file(r.dir, CHAIN_FILE, r.lines->str, length);
		g_assert_cmpint(verify_recording(r.dir, NULL, NULL, &report), ==, 1);
		g_assert_false(report.sealed);
		verify_report_finish(&report);
	}
	recording_finish(&r);
}

/* Bytes behind a zero byte were signed by nobody, wherever text ends for C. */
static void test_bytes_behind_zero(void)
{
	struct recording r;

	whole_recording(&r, 1);
	const char *space = strchr(r.lines->str, ' ');
	g_assert_nonnull(space);
	g_string_insert_len(r.lines, space - r.lines->str, "\0x", 2);
	put_file(r.dir, CHAIN_FILE, r.lines->str, r.lines->len);
	expect(&r, VERIFY_BROKEN, 0, "is not an entry");
	recording_finish(&r);
}

static void rewrite_chain(const struct recording *r, const unsigned *order, unsigned n)
{
	g_auto(GStrv) lines = g_strsplit(r->lines->str, "\n", -1);
	g_autoptr(GString) chain = g_string_new(NULL);

	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(chain, "%s\n", lines[order[i]]);
	put_file(r->dir, CHAIN_FILE, chain->str, chain->len);
}

/* Lines: genesis, then checkpoint and segment three times, then seal. */
static void test_entries_removed_or_swapped(void)
{
	struct recording r;

	whole_recording(&r, 3);
	rewrite_chain(&r, (const unsigned[]){0, 1, 2, 5, 6, 7}, 6);
	expect(&r, VERIFY_BROKEN, 0, "does not follow");
	rewrite_chain(&r, (const unsigned[]){0, 1, 4, 3, 2, 5, 6, 7}, 8);
	expect(&r, VERIFY_BROKEN, 0, "segment 2 follows segment 0");
	rewrite_chain(&r, (const unsigned[]){0, 1, 2, 3, 4, 5, 6, 7, 7}, 9);
	expect(&r, VERIFY_BROKEN, 0, "behind the seal");
	rewrite_chain(&r, (const unsigned[]){0, 1, 2, 3, 4}, 5);
	expect(&r, VERIFY_INCOMPLETE, 0, "not sealed");
	rewrite_chain(&r, (const unsigned[]){1, 2, 3, 4, 5, 6, 7}, 7);
	expect(&r, VERIFY_BROKEN, 0, "no genesis");
	recording_finish(&r);
}

static void test_files_missing_swapped_or_added(void)
{
	struct recording r;
	gsize length;

	whole_recording(&r, 3);
	g_autofree char *first = g_build_filename(r.dir, "seg-00001.mp4", NULL);
	g_autofree char *second = g_build_filename(r.dir, "seg-00002.mp4", NULL);
	g_autofree char *content = get_file(r.dir, "seg-00002.mp4", &length);
	put_file(r.dir, "seg-00009.mp4", "foreign", 7);
	expect(&r, VERIFY_BROKEN, 0, "no entry of the chain knows it");
	g_autofree char *foreign = g_build_filename(r.dir, "seg-00009.mp4", NULL);
	g_remove(foreign);
	g_remove(second);
	expect(&r, VERIFY_BROKEN, 2, "seg-00002.mp4 is missing");
	put_file(r.dir, "seg-00002.mp4", content, length - 1);
	expect(&r, VERIFY_BROKEN, 2, "signed were");
	g_rename(first, second);
	put_file(r.dir, "seg-00001.mp4", content, length);
	expect(&r, VERIFY_BROKEN, 1, "not what was signed");
	expect(&r, VERIFY_BROKEN, 2, "not what was signed");
	recording_finish(&r);
}

/* An open recording: proven up to the last checkpoint, and a flip before it is found. */
static void test_unsealed(void)
{
	struct recording r;
	struct chain_checkpoint checkpoint = {.number = 2, .frames = 1, .n_files = 1};
	struct verify_report report;

	recording_init(&r, NULL);
	add_segment(&r, 1, 0);
	put_file(r.dir, "seg-00002.mp4.part", "0123456789", 10);
	checkpoint.files[0] = describe("seg-00002.mp4", "01234", 5);
	take_line(&r, chain_add_checkpoint(r.chain, 1500000, &checkpoint, NULL));
	expect(&r, VERIFY_INCOMPLETE, 2, "proven up to the checkpoint at 1.5 s");
	g_assert_cmpint(verify_recording(r.dir, NULL, NULL, &report), ==, 1);
	for (unsigned i = 0; i < report.findings->len; i++)
		g_assert_cmpint(
			((struct verify_finding *)g_ptr_array_index(report.findings, i))->class, ==,
			VERIFY_INCOMPLETE);
	verify_report_finish(&report);
	put_file(r.dir, "seg-00002.mp4.part", "0123x56789", 10);
	expect(&r, VERIFY_BROKEN, 2, "not what the checkpoint");
	put_file(r.dir, "seg-00002.mp4.part", "0123", 4);
	expect(&r, VERIFY_BROKEN, 2, "shorter than its last checkpoint");
	recording_finish(&r);
}

static void test_gap_is_a_note(void)
{
	struct recording r;
	struct verify_report report;
	const struct chain_gap gap = {SEGMENT_US, 3 * SEGMENT_US, "recorder-away", ""};
	const struct chain_gap forged = {0, 3 * SEGMENT_US, "recorder-away", ""};

	recording_init(&r, NULL);
	add_segment(&r, 1, 0);
	take_line(&r, chain_add_gap(r.chain, gap.end_us, &gap, NULL));
	add_segment(&r, 2, gap.end_us);
	const struct chain_seal seal = {"fault", "recorder was killed", 2, 10,
					r.bytes, 4 * SEGMENT_US};
	take_line(&r, chain_add_seal(r.chain, seal.duration_us, &seal, NULL));
	g_assert_cmpint(verify_recording(r.dir, NULL, NULL, &report), ==, 0);
	g_assert_cmpuint(report.findings->len, ==, 2);
	const struct verify_finding *note = g_ptr_array_index(report.findings, 0);
	g_assert_cmpint(note->class, ==, VERIFY_NOTE);
	g_assert_cmpuint(note->start_us, ==, gap.start_us);
	g_assert_cmpuint(note->end_us, ==, gap.end_us);
	g_assert_nonnull(strstr(note->text, "gap: nothing was recorded for"));
	g_assert_cmpuint(report.gaps->len, ==, 1);
	const struct verify_gap *told = g_ptr_array_index(report.gaps, 0);
	g_assert_cmpuint(told->start_us, ==, gap.start_us);
	g_assert_cmpuint(told->end_us, ==, gap.end_us);
	g_assert_cmpstr(told->reason, ==, gap.reason);
	verify_report_finish(&report);
	recording_finish(&r);

	recording_init(&r, NULL);
	add_segment(&r, 1, 0);
	take_line(&r, chain_add_gap(r.chain, forged.end_us, &forged, NULL));
	expect(&r, VERIFY_BROKEN, 0, "does not begin where");
	recording_finish(&r);
}

static void test_trust(void)
{
	struct signing_key ca, stranger;
	struct recording r;
	struct verify_report report;

	signing_key_init(&ca, "evidence CA", NULL);
	signing_key_init(&stranger, "somebody", NULL);
	recording_init(&r, &ca);
	add_segment(&r, 1, 0);
	add_seal(&r, 1);
	g_autofree char *pems = temp_dir_create();
	put_file(pems, "ca.pem", ca.certificate_pem, strlen(ca.certificate_pem));
	put_file(pems, "stranger.pem", stranger.certificate_pem, strlen(stranger.certificate_pem));
	put_file(pems, "leaf.pem", r.pem.certificate_pem, strlen(r.pem.certificate_pem));
	static const struct {
		const char *name;
		int result;
	} cases[] = {{"ca.pem", 0}, {"leaf.pem", 0}, {"stranger.pem", 1}, {"none.pem", -ENOENT}};
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_build_filename(pems, cases[i].name, NULL);
		g_assert_cmpint(verify_recording(r.dir, path, NULL, &report), ==, cases[i].result);
		if (cases[i].result == 1)
			g_assert_cmpint(worst(&report)->class, ==, VERIFY_UNTRUSTED);
		verify_report_finish(&report);
	}
	temp_dir_remove(pems);
	recording_finish(&r);
	signing_key_finish(&ca);
	signing_key_finish(&stranger);
}

static void test_key_must_fit(void)
{
	struct signing_key a, b;
	g_autoptr(GError) error = NULL;

	signing_key_init(&a, "a", NULL);
	signing_key_init(&b, "b", NULL);
	g_assert_null(chain_key_create(a.key_pem, b.certificate_pem, &error));
	g_assert_error(error, CHAIN_ERROR, CHAIN_ERROR_CERTIFICATE);
	g_clear_error(&error);
	g_assert_null(chain_key_create("nonsense", b.certificate_pem, &error));
	g_assert_error(error, CHAIN_ERROR, CHAIN_ERROR_KEY);
	signing_key_finish(&a);
	signing_key_finish(&b);
}

static void test_no_directory(void)
{
	struct verify_report report;

	g_assert_cmpint(verify_recording("/nonexistent/recording", NULL, NULL, &report), ==,
			-ENOENT);
	verify_report_finish(&report);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/verify/honest", test_honest);
	g_test_add_func("/verify/every-flipped-byte", test_every_flipped_byte);
	g_test_add_func("/verify/unknown-version", test_unknown_version);
	g_test_add_func("/verify/bytes-behind-zero", test_bytes_behind_zero);
	g_test_add_func("/verify/every-cut-of-the-chain", test_every_cut_of_the_chain);
	g_test_add_func("/verify/entries-removed-or-swapped", test_entries_removed_or_swapped);
	g_test_add_func("/verify/files-missing-swapped-or-added",
			test_files_missing_swapped_or_added);
	g_test_add_func("/verify/unsealed", test_unsealed);
	g_test_add_func("/verify/gap-is-a-note", test_gap_is_a_note);
	g_test_add_func("/verify/trust", test_trust);
	g_test_add_func("/verify/key-must-fit", test_key_must_fit);
	g_test_add_func("/verify/no-directory", test_no_directory);
	return g_test_run();
}
