/* Fills a test database as gateway and recorder would: people, sessions in all states, one
 * recording whose segments are named on standard input, one a line: "FILE INIT TIMELINE BYTES
 * START_US DURATION_US WIDTH HEIGHT". */
#include "base/clock.h"
#include "base/password.h"
#include "base/secret.h"
#include "sql/migrate.h"
#include "sql/recording_store.h"
#include "sql/session_store.h"
#include "sql/user_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MINUTE_US (60u * (uint64_t)G_USEC_PER_SEC)
#define N_PAST 60u

/* console_lab.py knows these too. */
#define PASSWORD "correct horse battery"
#define RUNNING_ID "11111111-1111-4111-8111-111111111111"
#define OPENING_ID "22222222-2222-4222-8222-222222222222"
#define RECORDED_ID "33333333-3333-4333-8333-333333333333"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void need(bool good, const GError *error)
{
	if (!good) {
		g_printerr("web_seed: %s\n", error != NULL ? error->message : "failed");
		exit(1);
	}
}

static void seed_users(struct db *db)
{
	static const char *const people[][2] = {
		{"alice", "user"}, {"wendy", "watcher"}, {"arthur", "auditor"}, {"ada", "admin"}};
	g_autofree char *hash = password_hash(PASSWORD);
	GError *error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(people); i++)
		need(user_store_add(db, people[i][0], hash, user_role_from_key(people[i][1]),
				    &error),
		     error);
}

static void open_session(struct db *db, struct session_row row)
{
	GError *error = NULL;

	row.node = "node1";
	row.back = row.front;
	row.door = "password";
	row.viewer_address = "192.0.2.17:51234";
	row.viewer_name = "DESK-4711";
	need(session_store_open(db, &row, &error), error);
}

static void seed_running(struct db *db, uint64_t now_us)
{
	GError *error = NULL;

	open_session(db, (struct session_row){.id = RUNNING_ID,
					      .login = "alice",
					      .target = "web1",
					      .account = "root",
					      .front = "rdp",
					      .opened_utc_us = now_us - 7 * MINUTE_US});
	need(session_store_running(db, RUNNING_ID, now_us - 7 * MINUTE_US, 640, 360, &error),
	     error);
	open_session(db, (struct session_row){.id = OPENING_ID,
					      .login = "bob",
					      .target = "mailhost",
					      .account = "postmaster",
					      .front = "vnc",
					      .opened_utc_us = now_us});
}

static void seed_past(struct db *db, uint64_t now_us)
{
	static char *const targets[] = {"web1", "db-primary", "mailhost", "erp"};
	static char *const people[] = {"alice", "bob", "carol"};
	GError *error = NULL;

	for (unsigned i = 0; i < N_PAST; i++) {
		g_autofree char *id = g_strdup_printf("44444444-4444-4444-8444-%012u", i);
		uint64_t opened_us = now_us - (600 + 47 * (uint64_t)i) * MINUTE_US;
		open_session(db, (struct session_row){.id = id,
						      .login = people[i % 3],
						      .target = targets[i % 4],
						      .account = "administrator",
						      .front = i % 2 ? "vnc" : "rdp",
						      .opened_utc_us = opened_us});
		need(session_store_end(db, id, opened_us + (3 + i) * MINUTE_US,
				       (enum end_reason)(1 + i % (END_REASON_COUNT - 1)), "",
				       &error),
		     error);
	}
}

static void seed_segments(struct db *db)
{
	char file[64], init[64], timeline[64];
	GError *error = NULL;
	struct segment_row row = {.codec = "avc1.42c01e", .sha256 = SHA256, .frames = 40};

	while (scanf("%63s %63s %63s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu32,
		     file, init, timeline, &row.bytes, &row.start_us, &row.duration_us,
		     &row.width_px, &row.height_px) == 8) {
		row.number++;
		row.file = file;
		row.init_file = init;
		row.timeline_file = timeline;
		need(recording_store_add_segment(db, RECORDED_ID, &row, &error), error);
	}
}

static void seed_recording(struct db *db, uint64_t now_us)
{
	uint64_t opened_us = now_us - 90 * MINUTE_US;
	GError *error = NULL;

	open_session(db, (struct session_row){.id = RECORDED_ID,
					      .login = "carol",
					      .target = "db-primary",
					      .account = "postgres",
					      .front = "rdp",
					      .opened_utc_us = opened_us});
	need(recording_store_open(db,
				  &(struct recording_row){.session_id = RECORDED_ID,
							  .node = "node1",
							  .quality = "standard",
							  .started_utc_us = opened_us},
				  &error),
	     error);
	seed_segments(db);
	need(recording_store_close(db, RECORDED_ID, RECORDING_STATE_SEALED, opened_us + MINUTE_US,
				   SHA256, "", &error),
	     error);
	need(session_store_end(db, RECORDED_ID, opened_us + MINUTE_US, END_VIEWER_LEFT, "", &error),
	     error);
}

int main(int argc, char **argv)
{
	GError *error = NULL;
	uint64_t now_us = clock_utc_us();
	uint32_t applied;

	if (argc != 2 || secret_init() < 0) {
		g_printerr("usage: web_seed CONNINFO <SEGMENTS\n");
		return 2;
	}
	need(migrate_run(argv[1], NULL, NULL, &applied, &error), error);
	struct db *db = db_open(argv[1], NULL, "web_seed", &error);
	need(db != NULL, error);
	seed_users(db);
	seed_running(db, now_us);
	seed_past(db, now_us);
	seed_recording(db, now_us);
	db_close(db);
	return 0;
}
