/* Derived copies: nothing of what is covered or masked is left, neither in samples nor in times;
 * the rest is as it was; the file says what was done and cannot be made to say anything else. */
#include "evidence/derive/derive.h"
#include "evidence/derive/derived_picture.h"
#include "evidence/verdict.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/evidence/reel.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#define END_US (17 * REEL_STEP_US)

/* Five pictures, five more, a gap of 200 ms, three of another size, two of the first one again;
 * sealed. */
struct fixture {
	struct recording recording;
	char *out, *target, *part;
	struct derive_operations operations;
	struct evidence_derivation derivation;
	struct evidence_order order;
	struct evidence_made made;
	GArray *source; /**< struct reel_picture */
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){0};
	recording_init(&f->recording);
	reel_record(&f->recording, 320, 240, 0, 5, true);
	reel_record(&f->recording, 320, 240, 5, 5, false);
	recording_add_gap(&f->recording, 2 * REEL_STEP_US);
	reel_record(&f->recording, 400, 304, 10, 3, true);
	reel_record(&f->recording, 320, 240, 13, 2, true);
	recording_seal(&f->recording);
	f->out = temp_dir_create();
	f->target = g_build_filename(f->out, "copy.mp4", NULL);
	f->part = evidence_part_path(f->target);
	derive_operations_init(&f->operations);
	f->derivation = derive_with(&f->operations);
	f->order = recording_order(&f->recording, f->target);
}

static void fixture_finish(struct fixture *f)
{
	recording_finish(&f->recording);
	derive_operations_finish(&f->operations);
	g_clear_pointer(&f->source, g_array_unref);
	temp_dir_remove(f->out);
	g_free(f->out);
	g_free(f->target);
	g_free(f->part);
}

static void cover(struct fixture *f, struct rect region, uint64_t start_us, uint64_t end_us)
{
	const struct derive_cover one = {region, {start_us, end_us}};

	g_assert_true(derive_operations_cover(&f->operations, &one));
	derive_operations_settle(&f->operations);
}

static void mask(struct fixture *f, uint64_t start_us, uint64_t end_us)
{
	const struct derive_span span = {start_us, end_us};

	g_assert_true(derive_operations_mask(&f->operations, span));
	derive_operations_settle(&f->operations);
}

static GArray *play_file(const char *path)
{
	struct evidence_report report;
	gsize length;
	g_autofree char *bytes = recording_get(path, &length);

	evidence_verify(path, NULL, &report);
	g_assert_cmpuint(report.manifest.video_bytes, <, length);
	GArray *pictures = reel_play(bytes, report.manifest.video_bytes);
	evidence_report_finish(&report);
	return pictures;
}

/* Exports the original beside it, plays it, and makes the copy; returns the copy's pictures. */
static GArray *derive(struct fixture *f)
{
	g_autofree char *original = g_build_filename(f->out, "original.mp4", NULL);
	struct evidence_order order = f->order;
	g_autoptr(GError) error = NULL;

	order.target = original;
	g_assert_true(evidence_export(&order, &f->made, NULL));
	f->source = play_file(original);
	g_assert_cmpuint(f->source->len, ==, 15);
	f->order.derivation = &f->derivation;
	bool ok = evidence_export(&f->order, &f->made, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	g_assert_false(g_file_test(f->part, G_FILE_TEST_EXISTS));
	return play_file(f->target);
}

static void assert_times(const GArray *pictures, const uint64_t *steps, unsigned n)
{
	for (unsigned i = 0; i < MIN(pictures->len, n); i++)
		g_assert_cmpuint(g_array_index(pictures, struct reel_picture, i).time_us, ==,
				 steps[i] * REEL_STEP_US);
	g_assert_cmpuint(pictures->len, ==, n);
}

/* All of the region is the same grey: whatever was there, nothing depends on it. */
static void assert_grey(const struct nv12 *p, struct rect r)
{
	g_assert_true(rect_clip(&r, p->width, p->height));
	for (uint32_t y = r.y; y < r.y + r.height; y++)
		for (uint32_t x = r.x; x < r.x + r.width; x++) {
			g_assert_cmpint(
				ABS(p->luma[y * p->stride_bytes + x] - (int)DERIVE_COVER_LUMA), <=,
				2);
			g_assert_cmpint(ABS(p->chroma[y / 2 * p->stride_bytes + x] -
					    (int)DERIVE_COVER_CHROMA),
					<=, 2);
		}
}

static void test_cover(void)
{
	/* Of the pictures that differ from the one before under the cover only, those that begin a
	 * recorded file are there. */
	static const uint64_t steps[] = {0, 2, 4, 5, 6, 8, 12, 14, 15, 16};
	struct fixture f;

	fixture_init(&f);
	cover(&f, (struct rect){50, 66, 100, 40}, 0, DERIVE_TO_THE_END);
	g_autoptr(GArray) copy = derive(&f);
	assert_times(copy, steps, G_N_ELEMENTS(steps));
	for (unsigned i = 0; i < copy->len; i++) {
		const struct reel_picture *p = &g_array_index(copy, struct reel_picture, i);
		const struct nv12 *source = reel_at(f.source, p->time_us);
		assert_grey(&p->picture, REEL_SECRET);
		g_assert_cmpfloat(reel_psnr(&p->picture, source, REEL_SECRET, true), >, 36);
		g_assert_cmpfloat(reel_psnr(&p->picture, source, REEL_SECRET, false), <, 12);
	}
	fixture_finish(&f);
}

/* It comes and goes where no picture was recorded; reaching out of the picture is fine. */
static void test_cover_for_a_while(void)
{
	const struct rect corner = {288, 192, 400, 400};
	struct fixture f;

	fixture_init(&f);
	cover(&f, corner, 3 * REEL_STEP_US / 2, 7 * REEL_STEP_US / 2);
	g_autoptr(GArray) copy = derive(&f);
	g_assert_cmpuint(copy->len, ==, 15 + 2);
	for (unsigned i = 0; i < copy->len; i++) {
		const struct reel_picture *p = &g_array_index(copy, struct reel_picture, i);
		const struct nv12 *source = reel_at(f.source, p->time_us);
		bool covered =
			p->time_us >= 3 * REEL_STEP_US / 2 && p->time_us < 7 * REEL_STEP_US / 2;
		g_assert_cmpfloat(reel_psnr(&p->picture, source, corner, true), >, 36);
		if (covered)
			assert_grey(&p->picture, corner);
		else
			g_assert_cmpfloat(reel_psnr(&p->picture, source, corner, false), >, 36);
	}
	g_assert_cmpuint(g_array_index(copy, struct reel_picture, 2).time_us, ==,
			 3 * REEL_STEP_US / 2);
	g_assert_cmpuint(g_array_index(copy, struct reel_picture, 5).time_us, ==,
			 7 * REEL_STEP_US / 2);
	fixture_finish(&f);
}

static void assert_card(const struct nv12 *p, const struct nv12 *source, struct derive_span span)
{
	const struct rect all = {0, 0, p->width, p->height};
	struct nv12 card;

	g_assert_cmpint(nv12_init(&card, p->width, p->height), ==, 0);
	g_assert_cmpint(derived_picture_card(&card, span), ==, 0);
	g_assert_cmpfloat(reel_psnr(p, &card, all, false), >, 36);
	g_assert_cmpfloat(reel_psnr(p, source, all, false), <, 12);
	nv12_finish(&card);
}

/* Two masks that overlap are one. Within it nothing tells when something happened, but where a size
 * or a recorded file begins. */
static void test_mask(void)
{
	static const uint64_t steps[] = {0, 1, 2, 3, 5, 12, 14, 15, 16};
	const struct derive_span whole = {3 * REEL_STEP_US, 14 * REEL_STEP_US};
	struct fixture f;

	fixture_init(&f);
	mask(&f, 7 * REEL_STEP_US, 14 * REEL_STEP_US);
	mask(&f, 3 * REEL_STEP_US, 8 * REEL_STEP_US);
	g_autoptr(GArray) copy = derive(&f);
	assert_times(copy, steps, G_N_ELEMENTS(steps));
	for (unsigned i = 0; i < copy->len; i++) {
		const struct reel_picture *p = &g_array_index(copy, struct reel_picture, i);
		const struct nv12 *source = reel_at(f.source, p->time_us);
		if (p->time_us >= whole.start_us && p->time_us < whole.end_us)
			assert_card(&p->picture, source, whole);
		else
			g_assert_cmpfloat(reel_psnr(&p->picture, source, REEL_SECRET, true), >, 36);
	}
	fixture_finish(&f);
}

/* A mask that ends between two pictures shows what stood there. */
static void test_mask_between(void)
{
	static const uint64_t begin_us = 3 * REEL_STEP_US / 2, end_us = 5 * REEL_STEP_US / 2;
	const struct rect all = {0, 0, 320, 240};
	struct fixture f;

	fixture_init(&f);
	mask(&f, begin_us, end_us);
	g_autoptr(GArray) copy = derive(&f);
	assert_card(reel_at(copy, begin_us), reel_at(f.source, begin_us),
		    (struct derive_span){begin_us, end_us});
	g_assert_cmpuint(g_array_index(copy, struct reel_picture, 3).time_us, ==, end_us);
	g_assert_cmpfloat(reel_psnr(reel_at(copy, end_us), reel_at(f.source, end_us), all, false),
			  >, 36);
	g_assert_cmpuint(copy->len, ==, 15 - 1 + 2);
	fixture_finish(&f);
}

/* ---- Memory ---- */

static bool note_heap(uint64_t done_bytes, uint64_t total_bytes, void *user)
{
	const struct mallinfo2 now = mallinfo2();
	size_t *peak = user;

	*peak = MAX(*peak, now.uordblks + now.hblkhd);
	return true;
}

/* Bytes that a copy of so many segments took at most, over what there was before. */
static size_t heap_for(unsigned n_segments)
{
	const struct mallinfo2 before = mallinfo2();
	struct fixture f;
	size_t peak = 0;

	fixture_init(&f);
	recording_finish(&f.recording);
	recording_init(&f.recording);
	for (unsigned i = 0; i < n_segments; i++)
		reel_record(&f.recording, 320, 240, 5 * i, 5, i == 0);
	recording_seal(&f.recording);
	f.order = recording_order(&f.recording, f.target);
	f.order.derivation = &f.derivation;
	f.order.progress = note_heap;
	f.order.user = &peak;
	g_assert_true(evidence_export(&f.order, &f.made, NULL));
	fixture_finish(&f);
	return peak - before.uordblks - before.hblkhd;
}

/* A picture has 115 kB: of 25 times as many segments, lists and chain are all that may grow. (With
 * a sanitizer's heap nothing is counted.) */
static void test_memory(void)
{
	size_t few = heap_for(2), many = heap_for(50);

	g_test_message("%zu and %zu bytes", few, many);
	g_assert_cmpuint(many, <, few + 500000);
}

/* ---- What it says ---- */

static void assert_operations(const json_t *operations)
{
	g_autofree char *text = json_dumps(operations, JSON_COMPACT | JSON_SORT_KEYS);

	g_assert_cmpstr(
		text, ==,
		"[{\"end_us\":1700000,\"height\":48,\"operation\":\"cover\",\"start_us\":400000,"
		"\"width\":112,\"x\":48,\"y\":64},"
		"{\"end_us\":300000,\"operation\":\"mask\",\"start_us\":100000},"
		"{\"codec\":\"h264\",\"encoder\":\"libx264\",\"operation\":\"transcode\",\"qp\":28}"
		"]");
}

static void test_manifest(void)
{
	static const char *const left_out[] = {
		"init-001.mp4",	      "seg-00001.mp4",	    "seg-00002.mp4",	  "seg-00003.mp4",
		"seg-00004.mp4",      "seg-00001.jsonl.gz", "seg-00002.jsonl.gz", "init-003.mp4",
		"seg-00003.jsonl.gz", "init-004.mp4",	    "seg-00004.jsonl.gz"};
	struct evidence_report report, original;
	struct fixture f;

	fixture_init(&f);
	cover(&f, (struct rect){50, 66, 100, 40}, 4 * REEL_STEP_US, DERIVE_TO_THE_END);
	mask(&f, REEL_STEP_US, 3 * REEL_STEP_US);
	g_assert_false(derive_operations_quality(&f.operations, "best"));
	g_assert_true(derive_operations_quality(&f.operations, "economy"));
	g_array_unref(derive(&f));
	g_autofree char *beside = g_build_filename(f.out, "original.mp4", NULL);
	g_assert_cmpint(evidence_verify(beside, f.recording.ca_path, &original), ==, 0);
	int result = evidence_verify(f.target, f.recording.ca_path, &report);
	g_assert_cmpint(result, ==, 0);
	const struct manifest *m = &report.manifest;
	g_assert_true(m->derived);
	g_assert_cmpstr(m->source_sha256, ==, original.manifest.video_sha256);
	g_assert_cmpstr(m->video_sha256, !=, m->source_sha256);
	assert_operations(m->operations);
	g_assert_cmpuint(m->parts->len, ==, 0);
	g_assert_true(m->whole);
	g_assert_cmpuint(m->span_end_us, ==, END_US);
	g_assert_cmpuint(m->left_out->len, ==, G_N_ELEMENTS(left_out));
	for (unsigned i = 0; i < m->left_out->len; i++)
		g_assert_cmpstr(((struct manifest_omission *)m->left_out->pdata[i])->name, ==,
				left_out[i]);
	for (unsigned i = 0; i < m->files->len; i++)
		g_assert_false(g_str_has_prefix(g_array_index(m->files, struct chain_file, i).name,
						"seg-"));
	const struct verdict verdict = verdict_make(result, true, &report.recording, &report);
	g_assert_true(g_str_has_prefix(verdict_warning(&verdict), "DERIVED COPY"));
	g_assert_cmpstr(verdict_key(&verdict), ==, "proven");
	evidence_report_finish(&report);
	evidence_report_finish(&original);
	fixture_finish(&f);
}

/* Every sixteenth byte of the box and some of the video: nothing can be changed unnoticed, and
 * nothing makes it an original. */
static void test_changed(void)
{
	struct evidence_report report;
	struct fixture f;
	gsize length;

	fixture_init(&f);
	mask(&f, REEL_STEP_US, 3 * REEL_STEP_US);
	g_array_unref(derive(&f));
	g_autofree char *bytes = recording_get(f.target, &length);
	char *operations = memmem(bytes, length, "\"operations\":[{\"end_us\":3", 25);
	char *source = memmem(bytes, length, "\"source_sha256\":\"", 17);
	char *kind = memmem(bytes, length, "\"kind\":\"derived\"", 16);
	g_assert_nonnull(operations);
	g_assert_nonnull(source);
	g_assert_nonnull(kind);
	char *const places[] = {operations + 24, source + 17, kind + 8, bytes + 1500,
				bytes + length / 8};
	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		*places[i] ^= 1;
		recording_put(f.target, bytes, length);
		g_assert_cmpint(evidence_verify(f.target, f.recording.ca_path, &report), ==, 1);
		evidence_report_finish(&report);
		*places[i] ^= 1;
	}
	memcpy(kind, "\"kind\":\"original", 16); /* a letter longer: the text is no JSON any more */
	recording_put(f.target, bytes, length);
	g_assert_cmpint(evidence_verify(f.target, f.recording.ca_path, &report), ==, 1);
	g_assert_false(report.manifest.derived);
	evidence_report_finish(&report);
	fixture_finish(&f);
}

/* ---- When it cannot be made ---- */

static bool never(uint64_t done_bytes, uint64_t total_bytes, void *user)
{
	unsigned *n = user;

	return (*n)-- > 0;
}

static void assert_refused(struct fixture *f, int code, const char *text)
{
	g_autoptr(GError) error = NULL;

	f->order.derivation = &f->derivation;
	g_assert_false(evidence_export(&f->order, &f->made, &error));
	g_assert_error(error, EVIDENCE_ERROR, code);
	g_assert_nonnull(strstr(error->message, text));
	g_assert_false(g_file_test(f->part, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(f->target, G_FILE_TEST_EXISTS));
}

static void test_stopped(void)
{
	struct fixture f;

	fixture_init(&f);
	for (unsigned stop = 0; stop < 3; stop++) {
		unsigned left = stop;
		f.order.progress = never;
		f.order.user = &left;
		assert_refused(&f, EVIDENCE_ERROR_CANCELLED, "stopped");
	}
	fixture_finish(&f);
}

/* The last byte of a segment is in the last picture: that was made already when the hash is
 * known. */
static void test_damaged(void)
{
	struct fixture f;
	gsize length;

	fixture_init(&f);
	g_autofree char *path = g_build_filename(f.recording.dir, "seg-00003.mp4", NULL);
	g_autofree char *bytes = recording_get(path, &length);
	bytes[length - 1] ^= 1;
	recording_put(path, bytes, length);
	f.order = recording_order(&f.recording, f.target);
	assert_refused(&f, EVIDENCE_ERROR_DAMAGED, "seg-00003.mp4");
	g_assert_cmpint(g_unlink(path), ==, 0);
	f.order = recording_order(&f.recording, f.target);
	assert_refused(&f, EVIDENCE_ERROR_DAMAGED, "seg-00003.mp4 is missing");
	fixture_finish(&f);
}

static void test_no_pictures(void)
{
	struct fixture f;

	fixture_init(&f);
	f.order.asked = (struct evidence_span){0, REEL_STEP_US};
	recording_finish(&f.recording);
	recording_init(&f.recording);
	recording_add_segment(&f.recording, 0, false);
	recording_seal(&f.recording);
	f.order = recording_order(&f.recording, f.target);
	assert_refused(&f, EVIDENCE_ERROR_NOTHING, "no pictures");
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/cover", test_cover);
	g_test_add_func("/derive/cover-for-a-while", test_cover_for_a_while);
	g_test_add_func("/derive/mask", test_mask);
	g_test_add_func("/derive/mask-between", test_mask_between);
	g_test_add_func("/derive/memory", test_memory);
	g_test_add_func("/derive/manifest", test_manifest);
	g_test_add_func("/derive/changed", test_changed);
	g_test_add_func("/derive/stopped", test_stopped);
	g_test_add_func("/derive/damaged", test_damaged);
	g_test_add_func("/derive/no-pictures", test_no_pictures);
	return g_test_run();
}
