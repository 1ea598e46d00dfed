/* Certificates on paper, read back with strangers' tools: what stands on the page, what the code
 * says, that it is one page whatever is put on it, and that there is none for a file that was
 * changed. */
#include "evidence/certificate/certificate.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/evidence/recording.h"

#include <string.h>

struct fixture {
	struct recording recording;
	char *out, *target, *pdf;
};

static void fixture_init(struct fixture *f, const char *purpose, bool without_timelines)
{
	struct evidence_made made;
	g_autoptr(GError) error = NULL;

	f->out = temp_dir_create();
	f->target = g_build_filename(f->out, "evidence.mp4", NULL);
	f->pdf = g_build_filename(f->out, "certificate.pdf", NULL);
	struct evidence_order order = recording_order(&f->recording, f->target);
	order.purpose = purpose;
	order.leave_out_timelines = without_timelines ? "policy" : NULL;
	evidence_export(&order, &made, &error);
	g_assert_no_error(error);
}

static void fixture_finish(struct fixture *f)
{
	recording_finish(&f->recording);
	temp_dir_remove(f->out);
	g_free(f->out);
	g_free(f->target);
	g_free(f->pdf);
}

static enum verdict_code make(const struct fixture *f, bool trusting)
{
	const struct certificate_order order = {f->target,
						{.ca = trusting ? f->recording.ca_path : NULL}};
	enum verdict_code verdict;
	g_autoptr(GError) error = NULL;
	gsize length;

	g_autoptr(GBytes) pdf = certificate_make(&order, &verdict, &error);
	g_assert_no_error(error);
	const void *bytes = g_bytes_get_data(pdf, &length);
	recording_put(f->pdf, bytes, length);
	return verdict;
}

/* What a command prints. */
static char *told_by(const char **words)
{
	char *output = NULL;
	int status;
	g_autoptr(GError) error = NULL;

	g_spawn_sync(NULL, (char **)(gpointer)words, NULL,
		     G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL,
		     &status, &error);
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, 0);
	return output;
}

static char *text_of(const struct fixture *f)
{
	const char *words[] = {"pdftotext", "-layout", f->pdf, "-", NULL};
	g_autofree char *text = told_by(words);
	g_auto(GStrv) cut = g_strsplit_set(text, " \n", -1);
	GString *flat = g_string_new(NULL);

	for (char **word = cut; *word != NULL; word++)
		if (**word != '\0')
			g_string_append_printf(flat, "%s ", *word);
	return g_string_free(flat, FALSE);
}

static void assert_stands(const char *page, const char *words)
{
	if (strstr(page, words) == NULL)
		g_error("'%s' is not on the page: %s", words, page);
}

static void assert_one_page(const struct fixture *f)
{
	const char *words[] = {"pdfinfo", f->pdf, NULL};
	g_autofree char *info = told_by(words);

	g_assert_true(g_regex_match_simple("(?m)^Pages:\\s+1$", info, 0, 0));
	g_assert_true(g_regex_match_simple("(?m)^Page size:.*A4", info, 0, 0));
}

static char *file_sha256(const struct fixture *f)
{
	gsize length;
	g_autofree char *bytes = recording_get(f->target, &length);

	return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, length);
}

/* As a telephone would read it off the paper. */
static char *scan(const struct fixture *f)
{
	g_autofree char *stem = g_build_filename(f->out, "page", NULL);
	g_autofree char *png = g_strconcat(stem, ".png", NULL);
	const char *draw[] = {"pdftoppm", "-r", "150", "-png", "-singlefile", f->pdf, stem, NULL};
	const char *read[] = {"zbarimg", "-q", "--raw", png, NULL};

	g_free(told_by(draw));
	char *said = told_by(read);

	return g_strchomp(said);
}

static void test_page(void)
{
	const struct chain_genesis genesis = {.session_id = RECORDING_SESSION,
					      .node = "node1",
					      .user = "Łukasz Müller-Ωmega",
					      .viewer_address = "192.0.2.7",
					      .viewer_name = "BÜRO-7",
					      .target = "пример",
					      .target_address = "198.51.100.3:3389",
					      .account = "администратор"};
	struct fixture f;

	recording_init_of(&f.recording, &genesis);
	recording_add_segment(&f.recording, 3, true);
	recording_add_gap(&f.recording, 2 * RECORDING_SEGMENT_US);
	recording_add_segment(&f.recording, 4, false);
	recording_seal(&f.recording);
	fixture_init(&f, "case 7, “quoted”", false);
	g_assert_cmpint(make(&f, true), ==, VERDICT_PROVEN);
	assert_one_page(&f);
	g_autofree char *page = text_of(&f), *sha256 = file_sha256(&f), *said = scan(&f);
	g_autofree char *code = g_strconcat("sha256:", sha256, NULL);
	const char *const words[] = {
		"PROVEN: every byte is the one that was signed, nothing is missing",
		"Person Łukasz Müller-Ωmega",
		"Came from 192.0.2.7 (BÜRO-7)",
		"Target пример (198.51.100.3:3389)",
		"Account there администратор",
		"Session " RECORDING_SESSION ", recorded on node1",
		"0:00:04.000 long, ended: viewer-left",
		"all of the recording",
		"Pictures 7, in 2 of the recording's 2 segments",
		"Gaps 1 in the whole recording, 2.000 s not recorded:",
		"2.000 s at 0:00:01.000 (recorder-away)",
		"by auditor on node1",
		"Purpose case 7, “quoted”",
		"Recorder CN=recorder",
		"Exporter CN=exports",
		"trusted: CN=evidence CA, fingerprint",
		"sha256sum 'evidence.mp4'",
		"vitrine verify 'evidence.mp4' --ca evidence-ca.pem",
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
		assert_stands(page, words[i]);
	assert_stands(page, sha256);
	g_assert_cmpstr(said, ==, code);
	fixture_finish(&f);
}

/* Every text at its longest, more gaps than anybody would read, timelines left out. */
static void test_full_page(void)
{
	g_autofree char *wide = g_strnfill(240, 'W');
	g_autofree char *words = g_strjoinv(" W", (char *[]){wide, wide, NULL});
	const struct chain_genesis genesis = {.session_id = RECORDING_SESSION,
					      .node = wide,
					      .user = wide,
					      .viewer_address =
						      "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe",
					      .viewer_name = wide,
					      .target = wide,
					      .target_address = wide,
					      .account = wide};
	struct fixture f;

	recording_init_of(&f.recording, &genesis);
	for (unsigned i = 0; i < 20; i++) {
		recording_add_segment(&f.recording, 1, i == 0);
		recording_add_gap(&f.recording, RECORDING_SEGMENT_US);
	}
	fixture_init(&f, words, true);
	g_assert_cmpint(make(&f, false), ==, VERDICT_INCOMPLETE);
	assert_one_page(&f);
	g_autofree char *page = text_of(&f), *sha256 = file_sha256(&f), *said = scan(&f);
	assert_stands(page, "INCOMPLETE: what is there is proven");
	assert_stands(page, "no certificate was named as trusted");
	assert_stands(page, "Person WWWW");
	assert_stands(page, "20 in the whole recording, 20.000 s not recorded");
	assert_stands(page, "and 14 more");
	assert_stands(page, "seg-00001.jsonl.gz (policy); seg-00002.jsonl.gz (policy)");
	assert_stands(page, "had not ended when this file was made");
	assert_stands(page, "sha256sum manifest.json");
	assert_stands(page, "stands in full.");
	g_assert_true(g_str_has_suffix(said, sha256));
	fixture_finish(&f);
}

/* What others wrote into names cannot break lines, turn the direction of writing or end a page. */
static void test_hostile_names(void)
{
	const struct chain_genesis genesis = {.session_id = RECORDING_SESSION,
					      .node = "node1",
					      .user = "root\n\u2028PROVEN\f<b>bold</b>",
					      .target = "exe\u202Etxt.4pm"};
	struct fixture f;

	recording_init_of(&f.recording, &genesis);
	recording_add_segment(&f.recording, 1, true);
	recording_seal(&f.recording);
	fixture_init(&f, "", false);
	g_assert_cmpint(make(&f, true), ==, VERDICT_PROVEN);
	assert_one_page(&f);
	g_autofree char *page = text_of(&f);
	assert_stands(page, "Person root??PROVEN?<b>bold</b>");
	assert_stands(page, "Target exe?txt.4pm");
	assert_stands(page, "Purpose not stated");
	fixture_finish(&f);
}

static void test_changed_file(void)
{
	struct fixture f;
	gsize length;
	g_autoptr(GError) error = NULL;
	enum verdict_code verdict;

	recording_init_whole(&f.recording);
	fixture_init(&f, "case 7", false);
	g_autofree char *bytes = recording_get(f.target, &length);
	bytes[1000] ^= 1;
	recording_put(f.target, bytes, length);
	const struct certificate_order order = {f.target, {.ca = f.recording.ca_path}};
	g_assert_null(certificate_make(&order, &verdict, &error));
	g_assert_error(error, CERTIFICATE_ERROR, CERTIFICATE_ERROR_EVIDENCE);
	g_assert_nonnull(strstr(error->message, "BROKEN"));
	g_assert_cmpint(verdict, ==, VERDICT_BROKEN);
	fixture_finish(&f);
}

static void test_unreadable(void)
{
	const struct certificate_order missing = {"/nonexistent/evidence.mp4", {.ca = NULL}};
	struct fixture f;
	enum verdict_code verdict;
	g_autoptr(GError) error = NULL, second = NULL;

	g_assert_null(certificate_make(&missing, &verdict, &error));
	g_assert_error(error, CERTIFICATE_ERROR, CERTIFICATE_ERROR_EVIDENCE);
	recording_init_whole(&f.recording);
	fixture_init(&f, "case 7", false);
	const struct certificate_order no_ca = {f.target, {.ca = "/nonexistent/ca.pem"}};
	g_assert_null(certificate_make(&no_ca, &verdict, &second));
	g_assert_error(second, CERTIFICATE_ERROR, CERTIFICATE_ERROR_EVIDENCE);
	g_assert_cmpint(verdict, ==, VERDICT_UNREADABLE);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/certificate/page", test_page);
	g_test_add_func("/certificate/full-page", test_full_page);
	g_test_add_func("/certificate/hostile-names", test_hostile_names);
	g_test_add_func("/certificate/changed-file", test_changed_file);
	g_test_add_func("/certificate/unreadable", test_unreadable);
	return g_test_run();
}
