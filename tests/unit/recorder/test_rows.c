/* The database's rows after kills of the recorder and of PostgreSQL itself: they say what the chain
 * says, and what the self-check found. */
#include "recorder/chain/verify.h"
#include "recorder/reader/reader.h"
#include "sql/audit_store.h"
#include "sql/recording_store.h"
#include "tests/support/patience.h"
#include "tests/unit/recorder/shade_session.h"
#include "tests/unit/sql/sql_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#define KILLS 12u

static void use_database(struct recorder_process *p)
{
	g_autofree char *conninfo = fixture_conninfo("vitrine", NULL);
	g_autofree char *lines = g_strdup_printf("database:\n  conninfo: %s\n", conninfo);

	recorder_process_configure(p, lines);
}

/* Rows are written behind, and the check takes its time. */
static struct recording_row *wait_for_check(struct db *db)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

	for (;;) {
		autorow(recording_row) row = NULL;
		g_assert_true(recording_store_find(db, TEST_SESSION, &row, NULL));
		if (row != NULL && row->check[0] != '\0')
			return g_steal_pointer(&row);
		g_assert_cmpint(g_get_monotonic_time(), <, until_us);
		g_usleep(50000);
	}
}

static void expect_same(struct db *db, const struct recorder_process *p)
{
	g_autofree char *dir = recorder_process_recording(p);
	autorow(recording_row) row = wait_for_check(db);
	g_autoptr(GPtrArray) segments = NULL;
	struct verify_report report;
	struct reader *reader;

	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			0);
	g_assert_cmpuint(report.gaps->len, ==, KILLS);
	g_assert_cmpint(row->state, ==, RECORDING_STATE_SEALED);
	g_assert_cmpstr(row->head, ==, report.head);
	g_assert_cmpuint(row->frames, ==, report.n_frames);
	g_assert_cmpstr(row->check, ==, "passed");
	/* The key of the last start is there, those before are gone by design. */
	g_assert_nonnull(strstr(row->check_detail, "of earlier starts"));
	g_assert_true(recording_store_segments(db, TEST_SESSION, &segments, NULL));
	g_assert_cmpint(reader_open(dir, recorder_process_archive_key(), &reader), ==, 0);
	for (unsigned i = 0; i < segments->len; i++) {
		const struct segment_row *segment = segments->pdata[i];
		g_autofree uint8_t *bytes = NULL;
		size_t length;
		g_assert_cmpint(reader_read(reader, segment->file, SIZE_MAX, &bytes, &length), ==,
				0);
		g_autofree char *sha256 =
			g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, length);
		g_assert_cmpstr(sha256, ==, segment->sha256);
	}
	reader_close(reader);
	verify_report_finish(&report);
}

static void test_rows(void)
{
	struct recorder_process p;
	struct shade_session session;

	recorder_process_init(&p, false);
	use_database(&p);
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&session, &p));
	for (unsigned i = 0; i < KILLS; i++) {
		g_assert_true(shade_session_paint_and_wait(&session));
		if (i % 5 == 2)
			fixture_server("restart");
		g_assert_true(shade_session_resize(&session, 128 + 16 * (i % 3), 96));
		g_assert_true(shade_session_paint_and_wait(&session));
		recorder_process_kill(&p);
		recorder_process_start(&p);
		painter_resume(&session.painter, &p);
	}
	g_assert_true(shade_session_paint_and_wait(&session));
	g_assert_true(shade_session_close(&session));
	struct db *db = fixture_open("vitrine_web");
	expect_same(db, &p);
	g_assert_cmpuint(shade_session_count_lost(&session), ==, 0);
	db_close(db);
	shade_session_finish(&session);
	recorder_process_finish(&p);
}

static void await_state(struct db *db, enum recording_state state)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

	for (;;) {
		autorow(recording_row) row = NULL;
		g_assert_true(recording_store_find(db, TEST_SESSION, &row, NULL));
		if (row != NULL && row->state == state)
			return;
		g_assert_cmpint(g_get_monotonic_time(), <, until_us);
		g_usleep(20000);
	}
}

static void assert_audited(const char *action, unsigned times)
{
	struct db *db = fixture_open("vitrine_web");
	const struct audit_filter filter = {.action = action, .subject = TEST_SESSION};
	g_autoptr(GPtrArray) rows = NULL;

	g_assert_true(audit_store_list(db, &filter, &rows, NULL, NULL));
	g_assert_cmpuint(rows->len, ==, times);
	db_close(db);
}

static bool is_settled(const struct recorder_process *p)
{
	g_autofree char *path = g_build_filename(p->store_dir, "settled", NULL);
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) && strstr(text, TEST_SESSION) != NULL;
}

static void record_one(struct recorder_process *p)
{
	struct shade_session session;

	recorder_process_start(p);
	g_assert_true(shade_session_open(&session, p));
	g_assert_true(shade_session_close(&session));
	shade_session_finish(&session);
}

static void forget_rows(void)
{
	fixture_say("vitrine", "DELETE FROM vitrine.deletion_order; DELETE FROM vitrine.segment;"
			       " DELETE FROM vitrine.recording");
}

/* The directory is gone and comes back: once while nobody looked, once when it was to be
 * deleted. */
static void test_missing(void)
{
	struct recorder_process p;
	struct db *db = fixture_open("vitrine_web");

	forget_rows();
	recorder_process_init(&p, false);
	use_database(&p);
	record_one(&p);
	await_state(db, RECORDING_STATE_SEALED);
	recorder_process_stop(&p);
	g_assert_true(is_settled(&p));
	g_autofree char *dir = recorder_process_recording(&p);
	g_autofree char *aside = g_build_filename(p.dir, "aside", NULL);
	fixture_say("vitrine", "UPDATE vitrine.recording SET state = 'open', closed_at = NULL");
	g_assert_cmpint(g_rename(dir, aside), ==, 0);
	recorder_process_start(&p);
	await_state(db, RECORDING_STATE_MISSING);
	assert_audited("recording-missing", 1);
	recorder_process_stop(&p);
	g_assert_cmpint(g_rename(aside, dir), ==, 0);
	recorder_process_start(&p);
	await_state(db, RECORDING_STATE_SEALED);
	assert_audited("recording-found", 1);
	g_assert_cmpint(g_rename(dir, aside), ==, 0);
	fixture_say("vitrine", "INSERT INTO vitrine.deletion_order (session_id, reason,"
			       " requested_by) VALUES ('" TEST_SESSION "', 'r', 'ann');"
			       " UPDATE vitrine.deletion_order SET approved_by = 'bob',"
			       " approved_at = now()");
	await_state(db, RECORDING_STATE_MISSING);
	assert_audited("recording-missing", 2);
	/* It is not due again. */
	fixture_say("vitrine", "NOTIFY vitrine_deletion, 'node1'");
	recorder_process_stop(&p);
	assert_audited("recording-missing", 2);
	assert_audited("recording-deleted", 0);
	db_close(db);
	recorder_process_finish(&p);
}

/* Sealed while the database was away: rows are written by a later start, and only then it is
 * settled. */
static void test_settled(void)
{
	struct recorder_process p;

	forget_rows();
	recorder_process_init(&p, false);
	use_database(&p);
	fixture_server("stop");
	record_one(&p);
	recorder_process_kill(&p);
	g_assert_false(is_settled(&p));
	fixture_server("begin");
	recorder_process_start(&p);
	struct db *db = fixture_open("vitrine_web");
	await_state(db, RECORDING_STATE_SEALED);
	recorder_process_stop(&p);
	g_assert_true(is_settled(&p));
	/* What is settled is not looked at: not even a chain that has gone is noticed. */
	fixture_say("vitrine", "UPDATE vitrine.recording SET head = ''");
	recorder_process_start(&p);
	recorder_process_stop(&p);
	autorow(recording_row) row = NULL;
	g_assert_true(recording_store_find(db, TEST_SESSION, &row, NULL));
	g_assert_cmpstr(row->head, ==, "");
	/* Without the list everything is written again. */
	g_autofree char *list = g_build_filename(p.store_dir, "settled", NULL);
	g_assert_cmpint(g_unlink(list), ==, 0);
	recorder_process_start(&p);
	recorder_process_stop(&p);
	autorow(recording_row) again = NULL;
	g_assert_true(recording_store_find(db, TEST_SESSION, &again, NULL));
	g_assert_cmpuint(strlen(again->head), ==, 64);
	g_assert_true(is_settled(&p));
	db_close(db);
	recorder_process_finish(&p);
}

/* Sealed, and the recorder stopped before anybody looked: the next start does. */
static void test_checked_later(void)
{
	struct recorder_process p;
	struct db *db = fixture_open("vitrine_web");

	forget_rows();
	recorder_process_init(&p, false);
	recorder_process_configure(&p, "  encryption: false\n");
	use_database(&p);
	record_one(&p);
	autorow(recording_row) first = wait_for_check(db);
	recorder_process_stop(&p);
	fixture_say("vitrine", "UPDATE vitrine.recording SET check_state = '', check_detail = ''");
	recorder_process_start(&p);
	autorow(recording_row) again = wait_for_check(db);
	g_assert_cmpstr(again->check, ==, first->check);
	g_assert_cmpstr(again->check_detail, ==, first->check_detail);
	recorder_process_stop(&p);
	db_close(db);
	recorder_process_finish(&p);
}

/* The row says what the store cannot. */
static void test_given_up(void)
{
	struct recorder_process p;
	struct shade_session session;
	struct db *db = fixture_open("vitrine_web");

	forget_rows();
	recorder_process_init(&p, false);
	use_database(&p);
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&session, &p));
	await_state(db, RECORDING_STATE_OPEN);
	recorder_process_kill(&p);
	shade_session_finish(&session);
	g_autofree char *dir = recorder_process_recording(&p);
	g_autofree char *chain = g_build_filename(dir, "chain", NULL);
	g_assert_true(g_file_set_contents(chain, "", 0, NULL));
	recorder_process_start(&p);
	await_state(db, RECORDING_STATE_FAILED);
	db_close(db);
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_create("vitrine", true);
	g_test_add_func("/rows/kills", test_rows);
	g_test_add_func("/rows/missing", test_missing);
	g_test_add_func("/rows/settled", test_settled);
	g_test_add_func("/rows/checked-later", test_checked_later);
	g_test_add_func("/rows/given-up", test_given_up);
	return g_test_run();
}
