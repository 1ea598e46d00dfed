/* The database's rows after kills of the recorder and of PostgreSQL itself: they say what the chain says, and what the self-check found. */
#include "recorder/chain/verify.h"
#include "recorder/reader/reader.h"
#include "sql/recording_store.h"
#include "tests/unit/recorder/shade_session.h"
#include "tests/unit/sql/sql_fixture.h"

#include <string.h>

#define KILLS 12u
#define PATIENCE_US (30 * G_USEC_PER_SEC)

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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_create("vitrine", true);
	g_test_add_func("/rows/kills", test_rows);
	return g_test_run();
}
