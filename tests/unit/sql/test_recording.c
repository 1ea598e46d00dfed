/* Recordings: rows can be written again and arrive at the same; a list joins what the recorder
 * and the gateway wrote. */
#include "sql/db_query.h"
#include "sql/recording_store.h"
#include "sql/session_store.h"
#include "tests/unit/sql/sql_fixture.h"

#define T0_US UINT64_C(1780000000123457)

static bool add_segment(struct db *recorder, const char *id, uint32_t number, uint64_t bytes,
			GError **error)
{
	g_autofree char *file = g_strdup_printf("seg-%05u.mp4", number);
	g_autofree char *sha256 = g_strnfill(64, 'e');
	struct segment_row segment = {
		.number = number,
		.file = file,
		.init_file = "init-001.mp4",
		.timeline_file = "seg.jsonl.gz",
		.bytes = bytes,
		.start_us = (number - 1) * 60000000u,
		.duration_us = 60000000u,
		.frames = 10,
		.width_px = 1920,
		.height_px = 1080,
		.codec = "avc1.42c028",
		.sha256 = sha256,
	};

	return recording_store_add_segment(recorder, id, &segment, error);
}

static void test_rows(void)
{
	struct db *recorder = fixture_open("vitrine_recorder"), *web = fixture_open("vitrine_web");
	g_autofree char *id = g_uuid_string_random(), *head = g_strnfill(64, 'b');
	struct recording_row row = {
		.session_id = id, .node = "n-rec", .quality = "standard", .started_utc_us = T0_US};
	g_autoptr(GPtrArray) segments = NULL, open = NULL, none = NULL, all = NULL;
	g_autoptr(GError) error = NULL;
	uint64_t total = 0;

	g_assert_false(add_segment(recorder, id, 1, 5, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	g_assert_true(recording_store_open(recorder, &row, NULL));
	g_assert_true(recording_store_open(recorder, &row, NULL));
	g_assert_true(add_segment(recorder, id, 2, 700, NULL));
	g_assert_true(add_segment(recorder, id, 1, 5, NULL));
	g_assert_true(add_segment(recorder, id, 1, 300, NULL));
	g_assert_true(recording_store_list_unsettled(recorder, "n-rec", &open, NULL));
	g_assert_cmpuint(open->len, ==, 1);

	g_assert_true(recording_store_close(recorder, id, RECORDING_STATE_SEALED, T0_US + 7, head,
					    "", NULL));
	row.quality = "economy";
	g_assert_true(recording_store_open(recorder, &row, NULL));
	autorow(recording_row) found = NULL;
	g_assert_true(recording_store_find(web, id, &found, NULL));
	g_assert_cmpint(found->state, ==, RECORDING_STATE_SEALED);
	g_assert_cmpstr(found->quality, ==, "standard");
	g_assert_cmpuint(found->started_utc_us, ==, T0_US);
	g_assert_cmpuint(found->sealed_utc_us, ==, T0_US + 7);
	g_assert_cmpuint(found->segments, ==, 2);
	g_assert_cmpuint(found->frames, ==, 20);
	g_assert_cmpuint(found->bytes, ==, 1000);
	g_assert_cmpuint(found->duration_us, ==, 120000000u);
	g_assert_cmpuint(found->width_px, ==, 1920);
	g_assert_cmpstr(found->codec, ==, "avc1.42c028");
	g_assert_cmpstr(found->head, ==, head);

	g_assert_true(recording_store_segments(web, id, &segments, NULL));
	g_assert_cmpuint(segments->len, ==, 2);
	struct segment_row *first = segments->pdata[0];
	g_assert_cmpuint(first->number, ==, 1);
	g_assert_cmpuint(first->bytes, ==, 300);
	g_assert_cmpstr(first->file, ==, "seg-00001.mp4");
	g_assert_true(recording_store_list_unsettled(recorder, "n-rec", &none, NULL));
	g_assert_cmpuint(none->len, ==, 0);
	g_assert_true(recording_store_list(web, &(struct db_page){0}, &all, &total, NULL));
	g_assert_cmpuint(all->len, ==, 1);
	g_assert_cmpuint(total, ==, 1);
	db_close(recorder);
	db_close(web);
}

/* File names reach paths and URLs: nothing that leaves the recording's directory gets in. */
static void test_bad_rows(void)
{
	struct db *recorder = fixture_open("vitrine_recorder");
	g_autofree char *id = g_uuid_string_random(), *sha256 = g_strnfill(64, 'e');
	struct recording_row row = {
		.session_id = id, .node = "n-bad", .quality = "standard", .started_utc_us = T0_US};
	static char *const bad[] = {"../chain", "a/b", "", ".hidden", "a\nb"};
	g_autoptr(GError) error = NULL;

	g_assert_true(recording_store_open(recorder, &row, NULL));
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct segment_row segment = {.number = 1,
					      .file = bad[i],
					      .init_file = "init-001.mp4",
					      .codec = "avc1",
					      .width_px = 1,
					      .height_px = 1,
					      .sha256 = sha256};
		g_assert_false(recording_store_add_segment(recorder, id, &segment, &error));
		g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
		g_clear_error(&error);
	}
	g_assert_true(recording_store_close(recorder, id, RECORDING_STATE_FAILED, T0_US, NULL,
					    "disk full", NULL));
	db_close(recorder);
}

static void test_session_with_recording(void)
{
	struct db *gateway = fixture_open("vitrine_gateway"), *web = fixture_open("vitrine_web");
	struct db *recorder = fixture_open("vitrine_recorder");
	g_autofree char *id = g_uuid_string_random();
	struct session_row session = {.id = id,
				      .node = "n-join",
				      .login = "ida",
				      .target = "t",
				      .account = "a",
				      .front = "vnc",
				      .back = "rdp",
				      .door = "nla-ticket",
				      .opened_utc_us = T0_US};
	struct recording_row row = {
		.session_id = id, .node = "n-join", .quality = "standard", .started_utc_us = T0_US};
	g_autoptr(GPtrArray) rows = NULL;

	g_assert_true(session_store_open(gateway, &session, NULL));
	g_assert_true(recording_store_open(recorder, &row, NULL));
	g_assert_true(add_segment(recorder, id, 1, 123, NULL));
	g_assert_true(session_store_list(web, &(struct session_filter){.login = "IDA"}, &rows, NULL,
					 NULL));
	g_assert_cmpuint(rows->len, ==, 1);
	struct session_row *joined = rows->pdata[0];
	g_assert_cmpstr(joined->recording_state, ==, "open");
	g_assert_cmpuint(joined->recording_bytes, ==, 123);
	g_assert_cmpuint(joined->recording_duration_us, ==, 60000000u);
	g_assert_true(session_store_end(gateway, id, T0_US + 1, END_VIEWER_LEFT, "", NULL));
	db_close(gateway);
	db_close(web);
	db_close(recorder);
}

static uint64_t count(struct db *db, const char *statement)
{
	uint64_t n = 0;

	g_assert_true(db_count(db, "test", statement, NULL, &n, NULL));
	return n;
}

/* One that fails is told in the audit trail, once, in the recorder's name, who may not write
 * there. */
static void test_check(void)
{
	struct db *recorder = fixture_open("vitrine_recorder"), *web = fixture_open("vitrine_web");
	g_autofree char *id = g_uuid_string_random();
	struct recording_row row = {.session_id = id,
				    .node = "n-check",
				    .quality = "standard",
				    .started_utc_us = T0_US};
	g_autofree char *alarms = g_strdup_printf(
		"SELECT count(*) FROM audit WHERE action = 'self-check-failed' AND program ="
		" 'vitrine_recorder' AND detail ->> 'detail' = 'all pictures are black' AND"
		" subject = '%s'",
		id);
	g_autoptr(GError) error = NULL;
	uint64_t failed = 7;

	g_assert_true(recording_store_open(recorder, &row, NULL));
	g_assert_true(recording_store_note_check(recorder, id, "passed", "", NULL));
	g_assert_cmpuint(count(web, alarms), ==, 0);
	for (unsigned i = 0; i < 2; i++)
		g_assert_true(recording_store_note_check(recorder, id, "failed",
							 "all pictures are black", NULL));
	g_assert_cmpuint(count(web, alarms), ==, 1);
	g_assert_true(recording_store_count_failed_checks(web, &failed, NULL));
	g_assert_cmpuint(failed, ==, 1);
	autorow(recording_row) found = NULL;
	g_assert_true(recording_store_find(web, id, &found, NULL));
	g_assert_cmpstr(found->check, ==, "failed");
	g_assert_cmpstr(found->check_detail, ==, "all pictures are black");
	g_assert_false(recording_store_note_check(recorder, id, "perfect", "", &error));
	g_assert_true(recording_store_note_check(recorder, id, "passed", "", NULL));
	db_close(web);
	db_close(recorder);
}

static enum recording_state state_of(struct db *db, const char *id)
{
	autorow(recording_row) row = NULL;

	g_assert_true(recording_store_find(db, id, &row, NULL));
	return row->state;
}

/* An alarm, once; a store that comes back takes it back. What was closed keeps its head. */
static void test_missing(void)
{
	struct db *recorder = fixture_open("vitrine_recorder"), *web = fixture_open("vitrine_web");
	g_autofree char *id = g_uuid_string_random(), *head = g_strnfill(64, 'b');
	struct recording_row row = {
		.session_id = id, .node = "n-gone", .quality = "standard", .started_utc_us = T0_US};
	g_autofree char *alarms = g_strdup_printf(
		"SELECT count(*) FROM audit WHERE action = 'recording-missing' AND subject = '%s'"
		" AND detail = '{\"node\": \"n-gone\", \"state\": \"sealed\"}'",
		id);
	bool changed = true;
	uint64_t missing = 7;

	g_assert_true(recording_store_open(recorder, &row, NULL));
	g_assert_true(recording_store_close(recorder, id, RECORDING_STATE_SEALED, T0_US + 7, head,
					    "", NULL));
	g_assert_true(recording_store_note_missing(recorder, id, "another", true, &changed, NULL));
	g_assert_false(changed);
	for (unsigned i = 0; i < 2; i++) {
		g_assert_true(
			recording_store_note_missing(recorder, id, "n-gone", true, &changed, NULL));
		g_assert_cmpint(changed, ==, i == 0);
	}
	g_assert_cmpint(state_of(web, id), ==, RECORDING_STATE_MISSING);
	g_assert_cmpuint(count(web, alarms), ==, 1);
	g_assert_true(recording_store_count_missing(web, &missing, NULL));
	g_assert_cmpuint(missing, ==, 1);
	g_autoptr(GPtrArray) unsettled = NULL;
	g_assert_true(recording_store_list_unsettled(recorder, "n-gone", &unsettled, NULL));
	g_assert_cmpuint(unsettled->len, ==, 1);
	for (unsigned i = 0; i < 2; i++) {
		g_assert_true(recording_store_note_missing(recorder, id, "n-gone", false, &changed,
							   NULL));
		g_assert_cmpint(changed, ==, i == 0);
	}
	g_assert_cmpint(state_of(web, id), ==, RECORDING_STATE_SEALED);
	db_close(web);
	db_close(recorder);
}

/* Only what is open can be given up. */
static void test_given_up(void)
{
	struct db *recorder = fixture_open("vitrine_recorder");
	g_autofree char *id = g_uuid_string_random();
	struct recording_row row = {
		.session_id = id, .node = "n-torn", .quality = "standard", .started_utc_us = T0_US};

	g_assert_true(recording_store_give_up(recorder, id, "no such recording", NULL));
	g_assert_true(recording_store_open(recorder, &row, NULL));
	for (unsigned i = 0; i < 2; i++) {
		autorow(recording_row) found = NULL;
		g_assert_true(
			recording_store_give_up(recorder, id, i == 0 ? "torn" : "again", NULL));
		g_assert_true(recording_store_find(recorder, id, &found, NULL));
		g_assert_cmpint(found->state, ==, RECORDING_STATE_FAILED);
		g_assert_cmpstr(found->detail, ==, "torn");
	}
	db_close(recorder);
}

/* Two minutes of pictures, begun ten minutes ago; what ended more than a day ago does not count. */
static void test_growth(void)
{
	struct db *recorder = fixture_open("vitrine_recorder");
	g_autofree char *now = g_uuid_string_random(), *old = g_uuid_string_random();
	uint64_t utc_us = (uint64_t)g_get_real_time(), bytes = 9, span_us = 9;
	struct recording_row row = {.session_id = now,
				    .node = "n-growth",
				    .quality = "standard",
				    .started_utc_us = utc_us - 600000000u};

	g_assert_true(recording_store_growth(recorder, "n-growth", &bytes, &span_us, NULL));
	g_assert_cmpuint(bytes, ==, 0);
	g_assert_cmpuint(span_us, ==, 0);
	g_assert_true(recording_store_open(recorder, &row, NULL));
	g_assert_true(add_segment(recorder, now, 1, 1000, NULL));
	g_assert_true(add_segment(recorder, now, 2, 500, NULL));
	row.session_id = old;
	row.started_utc_us = utc_us - UINT64_C(90000000000);
	g_assert_true(recording_store_open(recorder, &row, NULL));
	g_assert_true(add_segment(recorder, old, 1, 7000000, NULL));
	g_assert_true(recording_store_growth(recorder, "n-growth", &bytes, &span_us, NULL));
	g_assert_cmpuint(bytes, ==, 1500);
	g_assert_cmpuint(span_us, >=, 600000000u);
	g_assert_cmpuint(span_us, <, 700000000u);
	db_close(recorder);
}

void recording_tests(void)
{
	g_test_add_func("/sql/recording/rows", test_rows);
	g_test_add_func("/sql/recording/bad-rows", test_bad_rows);
	g_test_add_func("/sql/recording/session-with-recording", test_session_with_recording);
	g_test_add_func("/sql/recording/check", test_check);
	g_test_add_func("/sql/recording/missing", test_missing);
	g_test_add_func("/sql/recording/given-up", test_given_up);
	g_test_add_func("/sql/recording/growth", test_growth);
}
