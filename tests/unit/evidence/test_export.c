/* Making evidence files: what lies where, spans, timelines left out, unfinished recordings, and
 * that an export that was stopped at any place goes on and ends in the same bytes. */
#include "evidence/export.h"
#include "evidence/layout.h"
#include "evidence/verify_evidence.h"
#include "recorder/http_client/http_post.h"
#include "recorder/nodelog/nodelog.h"
#include "recorder/stamp/stamp_client.h"
#include "tests/support/fake_tsa.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/evidence/recording.h"

#include <glib/gstdio.h>
#include <string.h>

struct fixture {
	struct recording recording;
	char *out, *target, *part;
	struct evidence_order order;
};

static void fixture_init(struct fixture *f)
{
	recording_init_whole(&f->recording);
	f->out = temp_dir_create();
	f->target = g_build_filename(f->out, "evidence.mp4", NULL);
	f->part = evidence_part_path(f->target);
	f->order = recording_order(&f->recording, f->target);
}

static void fixture_finish(struct fixture *f)
{
	recording_finish(&f->recording);
	temp_dir_remove(f->out);
	g_free(f->out);
	g_free(f->target);
	g_free(f->part);
}

static void export_well(const struct fixture *f, struct evidence_made *ret)
{
	g_autoptr(GError) error = NULL;

	bool ok = evidence_export(&f->order, ret, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
}

/* Runs the system's own tar over the archive, as the page says; returns where it put the files. */
static char *unpack(const struct fixture *f)
{
	g_autofree char *dir = g_build_filename(f->out, "unpacked", NULL);
	g_autofree char *command =
		g_strdup_printf("set -e; mkdir %s; size=$(tail -c 32 %s | cut -d ' ' -f 2);"
				" tail -c \"$size\" %s | tail -c +25 | tar -C %s -xf -",
				dir, f->target, f->target, dir);
	const char *words[] = {"sh", "-c", command, NULL};
	int status;

	g_assert_true(g_spawn_sync(NULL, (char **)(gpointer)words, NULL, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, NULL, NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
	return g_steal_pointer(&dir);
}

static void assert_same_file(const char *a_dir, const char *b_dir, const char *name)
{
	g_autofree char *a_path = g_build_filename(a_dir, name, NULL);
	g_autofree char *b_path = g_build_filename(b_dir, name, NULL);
	gsize a_bytes, b_bytes;
	g_autofree char *a = recording_get(a_path, &a_bytes), *b = recording_get(b_path, &b_bytes);

	g_assert_cmpmem(a, a_bytes, b, b_bytes);
}

static void test_layout(void)
{
	static const char *const parts[] = {"init-001.mp4", "seg-00001.mp4", "seg-00002.mp4",
					    "seg-00004.mp4", "seg-00005.mp4"};
	static const char *const files[] = {"chain",
					    "certificate.pem",
					    "init-004.mp4",
					    "seg-00001.jsonl.gz",
					    "seg-00003.jsonl.gz",
					    "seg-00005.jsonl.gz"};
	struct fixture f;
	struct evidence_made made;
	gsize length, at = 0;

	fixture_init(&f);
	export_well(&f, &made);
	g_autofree char *bytes = recording_get(f.target, &length);
	g_assert_cmpuint(made.bytes, ==, length);
	for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
		gsize part_bytes;
		g_autofree char *path = g_build_filename(f.recording.dir, parts[i], NULL);
		g_autofree char *part = recording_get(path, &part_bytes);
		g_assert_cmpmem(bytes + at, part_bytes, part, part_bytes);
		at += part_bytes;
	}
	g_assert_true(layout_is_box_header((const uint8_t *)bytes + at, (uint32_t)(length - at)));
	g_autofree char *unpacked = unpack(&f);
	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++)
		assert_same_file(unpacked, f.recording.dir, files[i]);
	g_assert_true(made.whole);
	g_assert_cmpuint(made.span_end_us, ==, 6 * RECORDING_SEGMENT_US);
	g_assert_false(g_file_test(f.part, G_FILE_TEST_EXISTS));
	fixture_finish(&f);
}

static void test_manifest(void)
{
	struct fixture f;
	struct evidence_made made;
	struct manifest m;
	uint64_t version;
	gsize length;

	fixture_init(&f);
	export_well(&f, &made);
	g_autofree char *unpacked = unpack(&f);
	g_autofree char *path = g_build_filename(unpacked, "manifest.json", NULL);
	g_autofree char *json = recording_get(path, &length);
	manifest_init(&m);
	g_assert_cmpint(manifest_parse(json, length, &m, &version), ==, 0);
	g_assert_cmpstr(m.session, ==, RECORDING_SESSION);
	g_assert_cmpstr(m.created_by, ==, "auditor");
	g_assert_cmpstr(m.purpose, ==, "case 7");
	g_assert_cmpuint(m.chain_entries, ==, 8);
	g_assert_cmpstr(m.chain_head, ==, chain_head(f.recording.chain));
	g_assert_cmpuint(m.parts->len, ==, 5);
	g_assert_cmpuint(m.left_out->len, ==, 0);
	g_assert_cmpstr(m.video_sha256, ==, made.video_sha256);
	g_autofree char *again = manifest_to_json(&m);
	g_assert_cmpstr(again, ==, json);
	manifest_finish(&m);
	fixture_finish(&f);
}

/* What was asked for is widened to whole segments; after a resize the video begins with
 * that size's init segment. */
static void test_span(void)
{
	struct fixture f;
	struct evidence_made made;
	struct evidence_report report;

	fixture_init(&f);
	f.order.asked = (struct evidence_span){4500000, 4600000};
	export_well(&f, &made);
	g_assert_false(made.whole);
	g_assert_cmpuint(made.span_start_us, ==, 4 * RECORDING_SEGMENT_US);
	g_assert_cmpuint(made.span_end_us, ==, 5 * RECORDING_SEGMENT_US);
	g_assert_cmpint(evidence_verify(f.target, f.recording.ca_path, &report), ==, 0);
	g_assert_cmpuint(report.n_segments, ==, 1);
	g_assert_cmpuint(report.recording.n_frames, ==, 4);
	g_assert_cmpuint(report.recording.n_segments, ==, 5);
	g_assert_cmpstr(g_array_index(report.manifest.parts, struct manifest_part, 0).file.name, ==,
			"init-004.mp4");
	g_assert_cmpuint(report.manifest.asked_start_us, ==, 4500000);
	evidence_report_finish(&report);
	fixture_finish(&f);
}

static void test_span_without_pictures(void)
{
	struct fixture f;
	struct evidence_made made;
	struct evidence_report report;
	g_autoptr(GError) error = NULL;

	fixture_init(&f);
	f.order.asked = (struct evidence_span){3000000, 4000000};
	export_well(&f, &made);
	g_assert_cmpint(evidence_verify(f.target, f.recording.ca_path, &report), ==, 0);
	g_assert_cmpuint(report.manifest.video_bytes, ==, 0);
	evidence_report_finish(&report);
	g_remove(f.target);
	f.order.asked = (struct evidence_span){2100000, 2900000}; /* the gap */
	g_assert_false(evidence_export(&f.order, &made, &error));
	g_assert_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_NOTHING);
	fixture_finish(&f);
}

static void test_without_timeline(void)
{
	struct fixture f;
	struct evidence_made made;
	struct evidence_report report;

	fixture_init(&f);
	f.order.leave_out_timelines = "asked for";
	export_well(&f, &made);
	g_assert_true(made.whole);
	g_autofree char *unpacked = unpack(&f);
	g_autofree char *timeline = g_build_filename(unpacked, "seg-00001.jsonl.gz", NULL);
	g_assert_false(g_file_test(timeline, G_FILE_TEST_EXISTS));
	g_assert_cmpint(evidence_verify(f.target, f.recording.ca_path, &report), ==, 0);
	g_assert_cmpuint(report.manifest.left_out->len, ==, 5);
	evidence_report_finish(&report);
	fixture_finish(&f);
}

/* A recording that still runs: an entry that is being written is not taken, the open segment is not
 * in it, and the verdict says so. */
static void test_unsealed(void)
{
	struct recording r;
	g_autofree char *out = temp_dir_create();
	g_autofree char *target = g_build_filename(out, "evidence.mp4", NULL);
	struct evidence_made made;
	struct evidence_report report;
	g_autoptr(GError) error = NULL;

	recording_init(&r);
	recording_add_segment(&r, 3, true);
	g_autofree char *chain = g_build_filename(r.dir, CHAIN_FILE, NULL);
	g_autofree char *open_video = g_build_filename(r.dir, "seg-00002.mp4.part", NULL);
	g_string_append(r.lines, "MEUCIQ");
	recording_put(chain, r.lines->str, r.lines->len);
	recording_put(open_video, "half", 4);
	struct evidence_order order = recording_order(&r, target);
	g_assert_true(evidence_export(&order, &made, &error));
	g_assert_false(made.whole);
	g_assert_false(made.sealed);
	g_assert_cmpint(evidence_verify(target, r.ca_path, &report), ==, 1);
	for (unsigned i = 0; i < report.recording.findings->len; i++) {
		const struct verify_finding *finding = report.recording.findings->pdata[i];
		g_assert_cmpint(finding->class, ==, VERIFY_INCOMPLETE);
	}
	evidence_report_finish(&report);
	recording_finish(&r);
	temp_dir_remove(out);
}

/* Somebody exchanged two directories of the store. */
static void test_other_recording(void)
{
	struct recording r;
	g_autofree char *out = temp_dir_create();
	g_autofree char *target = g_build_filename(out, "evidence.mp4", NULL);
	struct evidence_made made;
	g_autoptr(GError) error = NULL;

	recording_init(&r);
	recording_add_segment(&r, 3, true);
	recording_seal(&r);
	struct evidence_order order = recording_order(&r, target);
	order.session_id = "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a01";
	g_assert_false(evidence_export(&order, &made, &error));
	g_assert_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED);
	g_assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
	recording_finish(&r);
	temp_dir_remove(out);
}

/* After a power cut that took the data key only the beginnings of two segments are signed, of one
 * of them nothing: the file holds what is, and says what is not. */
static void test_after_power_cut(void)
{
	struct recording r;
	g_autofree char *out = temp_dir_create();
	g_autofree char *target = g_build_filename(out, "evidence.mp4", NULL);
	struct evidence_made made;
	struct evidence_report report;
	g_autoptr(GError) error = NULL;
	unsigned n_tails = 0;

	recording_init(&r);
	r.cut = true;
	recording_add_segment(&r, 0, true);
	recording_add_segment(&r, 2, false);
	r.cut = false;
	recording_add_segment(&r, 3, false);
	recording_seal(&r);
	struct evidence_order order = recording_order(&r, target);
	evidence_export(&order, &made, &error);
	g_assert_no_error(error);
	g_assert_cmpint(evidence_verify(target, r.ca_path, &report), ==, 1);
	for (unsigned i = 0; i < report.recording.findings->len; i++) {
		const struct verify_finding *finding = report.recording.findings->pdata[i];
		g_assert_cmpint(finding->class, ==, VERIFY_INCOMPLETE);
		n_tails += strstr(finding->text, "the last 77 bytes of seg-0000") != NULL;
	}
	g_assert_cmpuint(n_tails, ==, 4);
	g_assert_cmpuint(report.recording.findings->len, ==, n_tails);
	/* The init segment, though first named by a segment without pictures, stands
	 * before those of the second. */
	g_assert_cmpstr(g_array_index(report.manifest.parts, struct manifest_part, 0).file.name, ==,
			"init-001.mp4");
	g_assert_cmpuint(report.manifest.parts->len, ==, 3);
	evidence_report_finish(&report);
	recording_finish(&r);
	temp_dir_remove(out);
}

struct stop {
	unsigned calls, stop_at;
};

static bool count_and_stop(uint64_t done_bytes, uint64_t total_bytes, void *user)
{
	struct stop *stop = user;

	g_assert_cmpuint(done_bytes, <=, total_bytes);
	return ++stop->calls != stop->stop_at;
}

static void test_stopped_and_resumed(void)
{
	struct fixture f;
	struct evidence_made made, whole;
	unsigned stop_at = 0;
	struct stop stop;

	fixture_init(&f);
	export_well(&f, &whole);
	g_remove(f.target);
	f.order.progress = count_and_stop;
	f.order.user = &stop;
	do {
		g_autoptr(GError) error = NULL;
		stop = (struct stop){0, ++stop_at};
		if (!evidence_export(&f.order, &made, &error)) {
			g_assert_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_CANCELLED);
			g_assert_true(g_file_test(f.part, G_FILE_TEST_EXISTS));
			g_assert_false(g_file_test(f.target, G_FILE_TEST_EXISTS));
		}
	} while (!g_file_test(f.target, G_FILE_TEST_EXISTS) && stop_at < 100);
	g_assert_cmpuint(stop_at, >, 5);
	g_assert_cmpstr(made.video_sha256, ==, whole.video_sha256);
	g_assert_cmpuint(made.bytes, ==, whole.bytes);
	fixture_finish(&f);
}

/* An earlier try left wrong bytes, in each part in turn: they are found and written anew. */
static void test_resumes_over_wrong_bytes(void)
{
	struct fixture f;
	struct evidence_made made, whole;
	struct evidence_report report;
	gsize length;

	fixture_init(&f);
	export_well(&f, &whole);
	g_autofree char *bytes = recording_get(f.target, &length);
	for (gsize at = 0; at < length; at += 401) {
		g_remove(f.target);
		bytes[at] ^= 1;
		recording_put(f.part, bytes, length);
		export_well(&f, &made);
		g_assert_cmpstr(made.video_sha256, ==, whole.video_sha256);
		g_assert_cmpint(evidence_verify(f.target, f.recording.ca_path, &report), ==, 0);
		evidence_report_finish(&report);
		bytes[at] ^= 1;
	}
	fixture_finish(&f);
}

static void test_damaged_recording(void)
{
	static const char *const names[] = {"seg-00002.mp4", "seg-00003.jsonl.gz", "init-004.mp4",
					    "chain"};
	struct fixture f;
	struct evidence_made made;

	fixture_init(&f);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(f.recording.dir, names[i], NULL);
		g_autoptr(GError) error = NULL;
		gsize length;
		g_autofree char *bytes = recording_get(path, &length);
		bytes[length / 2] ^= 4;
		recording_put(path, bytes, length);
		g_assert_false(evidence_export(&f.order, &made, &error));
		g_assert_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED);
		g_assert_false(g_file_test(f.target, G_FILE_TEST_EXISTS));
		bytes[length / 2] ^= 4;
		recording_put(path, bytes, length);
	}
	export_well(&f, &made);
	fixture_finish(&f);
}

static void test_target_is_taken(void)
{
	struct fixture f;
	struct evidence_made made;
	g_autoptr(GError) error = NULL;

	fixture_init(&f);
	recording_put(f.target, "mine", 4);
	g_assert_false(evidence_export(&f.order, &made, &error));
	g_assert_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_TAKEN);
	gsize length;
	g_autofree char *bytes = recording_get(f.target, &length);
	g_assert_cmpmem(bytes, length, "mine", 4);
	fixture_finish(&f);
}

static void add_leaf(struct nodelog *log, enum leaf_kind kind, const char *json)
{
	struct leaf leaf = {.kind = kind, .session = RECORDING_SESSION};

	digest_hex_of(json, strcspn(json, "\n"), leaf.sha256);
	g_assert_cmpint(nodelog_append(log, &leaf), ==, 0);
}

/* A log of the recording's genesis and seal, signed by the recorder. */
static void make_log(const struct fixture *f)
{
	struct nodelog *log =
		nodelog_open(f->out, "node1", f->recording.recorder_key, NULL, NULL, NULL);
	const char *lines = f->recording.lines->str;
	g_autofree char *last = g_strndup(lines, f->recording.lines->len - 1);

	g_assert_nonnull(log);
	add_leaf(log, LEAF_GENESIS, strchr(lines, ' ') + 1);
	add_leaf(log, LEAF_SEAL, strchr(strrchr(last, '\n'), ' ') + 1);
	g_assert_cmpint(nodelog_sync(log), ==, 0);
	g_autofree char *head = nodelog_sign_head(log, NULL);
	g_assert_nonnull(head);
	nodelog_close(log);
}

static void test_proofs(void)
{
	struct fixture f;
	struct evidence_made made;
	struct evidence_report report;

	fixture_init(&f);
	make_log(&f);
	f.order.log_store_dir = f.out;
	export_well(&f, &made);
	g_assert_cmpint(evidence_verify(f.target, f.recording.ca_path, &report), ==, 0);
	g_assert_cmpuint(report.manifest.files->len, ==, 3 + 3 + 7);
	g_assert_true(report.in_log);
	evidence_report_finish(&report);
	fixture_finish(&f);
}

static GBytes *fetch_stamp(const char *sha256, const void *user)
{
	return stamp_fetch(user, sha256, 5000, NULL, NULL);
}

static bool verdict_tells_a_time(const struct fixture *f, const char *trusted)
{
	struct evidence_report report;
	bool found = false;

	g_assert_cmpint(evidence_verify(f->target, trusted, &report), ==, 0);
	for (unsigned i = 0; i < report.recording.findings->len; i++) {
		const struct verify_finding *finding = report.recording.findings->pdata[i];
		found |= strstr(finding->text, "this file existed at") != NULL;
	}
	evidence_report_finish(&report);
	return found;
}

/* The authority's time stands in the verdict; one that is away keeps no evidence back. */
static void test_stamped_export(void)
{
	struct fixture f;
	struct evidence_made made;
	struct fake_tsa *tsa = fake_tsa_start();

	fixture_init(&f);
	g_autofree char *ca = g_build_filename(f.out, "tsa-ca.pem", NULL);
	g_autofree char *both = g_build_filename(f.out, "trusted.pem", NULL);
	g_autofree char *pems =
		g_strconcat(f.recording.ca.certificate_pem, fake_tsa_ca_pem(tsa), NULL);
	recording_put(ca, fake_tsa_ca_pem(tsa), strlen(fake_tsa_ca_pem(tsa)));
	recording_put(both, pems, strlen(pems));
	const struct stamp_authority authority = {.url = fake_tsa_url(tsa), .ca_file = ca};
	f.order.stamp = fetch_stamp;
	f.order.stamp_user = &authority;
	export_well(&f, &made);
	g_assert_true(made.stamped);
	g_assert_true(verdict_tells_a_time(&f, both));
	g_remove(f.target);
	fake_tsa_set_mood(tsa, FAKE_TSA_BUSY);
	export_well(&f, &made);
	g_assert_false(made.stamped);
	g_assert_false(verdict_tells_a_time(&f, both));
	fake_tsa_stop(tsa);
	fixture_finish(&f);
}

static void test_stamps(void)
{
	struct fixture f;
	struct evidence_made made;

	fixture_init(&f);
	g_autofree char *stamp = g_build_filename(f.recording.dir, "ts-7.tsr", NULL);
	recording_put(stamp, "answer", 6);
	export_well(&f, &made);
	g_autofree char *unpacked = unpack(&f);
	assert_same_file(unpacked, f.recording.dir, "ts-7.tsr");
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	http_init();
	g_test_add_func("/export/layout", test_layout);
	g_test_add_func("/export/manifest", test_manifest);
	g_test_add_func("/export/span", test_span);
	g_test_add_func("/export/span-without-pictures", test_span_without_pictures);
	g_test_add_func("/export/without-timeline", test_without_timeline);
	g_test_add_func("/export/unsealed", test_unsealed);
	g_test_add_func("/export/other-recording", test_other_recording);
	g_test_add_func("/export/after-power-cut", test_after_power_cut);
	g_test_add_func("/export/stopped-and-resumed", test_stopped_and_resumed);
	g_test_add_func("/export/resumes-over-wrong-bytes", test_resumes_over_wrong_bytes);
	g_test_add_func("/export/damaged-recording", test_damaged_recording);
	g_test_add_func("/export/target-is-taken", test_target_is_taken);
	g_test_add_func("/export/proofs", test_proofs);
	g_test_add_func("/export/stamped-export", test_stamped_export);
	g_test_add_func("/export/stamps", test_stamps);
	return g_test_run();
}
