/* Keeping and deleting: limits of a class, holds that beat them, orders that take two. */
#include "sql/audit_store.h"
#include "sql/deletion_store.h"
#include "sql/recording_store.h"
#include "sql/retention_store.h"
#include "sql/session_store.h"
#include "tests/unit/sql/sql_fixture.h"

#define DAY_US UINT64_C(86400000000)

struct databases {
	struct db *gateway, *recorder, *web, *admin;
};

static void set_up(struct databases *d, gconstpointer data)
{
	d->gateway = fixture_open("vitrine_gateway");
	d->recorder = fixture_open("vitrine_recorder");
	d->web = fixture_open("vitrine_web");
	d->admin = fixture_open("vitrine_admin");
}

static void tear_down(struct databases *d, gconstpointer data)
{
	db_close(d->gateway);
	db_close(d->recorder);
	db_close(d->web);
	db_close(d->admin);
}

/* A sealed recording of `bytes` that ended `days` ago. g_free the id. */
static char *recording(struct databases *d, const char *node, const char *class, unsigned days,
		       uint64_t bytes)
{
	char *id = g_uuid_string_random();
	g_autofree char *sha256 = g_strnfill(64, 'e');
	uint64_t ended_us = (uint64_t)g_get_real_time() - days * DAY_US;
	struct recording_row row = {.session_id = id,
				    .node = (char *)(uintptr_t)node,
				    .quality = "standard",
				    .started_utc_us = ended_us - 60000000u};
	struct segment_row segment = {.number = 1,
				      .file = "seg-00001.mp4",
				      .init_file = "init-001.mp4",
				      .timeline_file = "",
				      .bytes = bytes,
				      .frames = 1,
				      .width_px = 64,
				      .height_px = 64,
				      .codec = "avc3.42c028",
				      .sha256 = sha256};
	g_autofree char *session = g_strdup_printf(
		"INSERT INTO vitrine.session (id, node, login, target, account, front, back, door,"
		" viewer_address, viewer_name, opened_at) VALUES ('%s', '%s', 'ann', 't-%s', 'a',"
		" 'rdp', 'vnc', 'password', '', '', now())",
		id, node, class);

	fixture_say("vitrine", session);
	g_assert_true(recording_store_open(d->recorder, &row, NULL));
	g_assert_true(recording_store_add_segment(d->recorder, id, &segment, NULL));
	g_assert_true(recording_store_close(d->recorder, id, RECORDING_STATE_SEALED, ended_us,
					    sha256, "", NULL));
	return id;
}

static void make_class(struct databases *d, const char *class, uint64_t days, uint64_t bytes)
{
	g_autofree char *target =
		g_strdup_printf("INSERT INTO vitrine.target (name, protocol, host, port, security)"
				" VALUES ('t-%s', 'rdp', 'h', 3389, 1) ON CONFLICT DO NOTHING",
				class);
	g_autofree char *name = g_strdup_printf("t-%s", class);

	fixture_say("vitrine", target);
	g_assert_true(retention_store_set(d->admin, class, days, bytes, NULL));
	g_assert_true(retention_store_assign(d->admin, name, class, NULL));
}

/* "ID cause ID cause": what is due on a node. */
static char *due(struct databases *d, const char *node)
{
	g_autoptr(GPtrArray) found = NULL;
	GString *text = g_string_new(NULL);

	g_assert_true(deletion_store_due(d->recorder, node, &found, NULL));
	for (unsigned i = 0; i < found->len; i++) {
		const struct deletion *deletion = found->pdata[i];
		g_string_append_printf(text, "%s%s %s", i > 0 ? " " : "", deletion->session_id,
				       deletion->cause);
	}
	return g_string_free(text, FALSE);
}

G_GNUC_PRINTF(3, 4)
static void assert_due(struct databases *d, const char *node, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *expected = g_strdup_vprintf(format, arguments), *found = due(d, node);
	va_end(arguments);
	g_assert_cmpstr(found, ==, expected);
}

static void test_age(struct databases *d, gconstpointer data)
{
	make_class(d, "month", 30, 0);
	g_autofree char *old = recording(d, "n-age", "month", 31, 1),
			*young = recording(d, "n-age", "month", 29, 1),
			*for_ever = recording(d, "n-age", "standard", 3000, 1);

	assert_due(d, "n-age", "%s age", old);
	assert_due(d, "n-other", "%s", "");
	g_assert_true(retention_store_set(d->admin, "month", 28, 0, NULL));
	assert_due(d, "n-age", "%s age %s age", old, young);
	g_assert_true(retention_store_set(d->admin, "month", 0, 0, NULL));
	assert_due(d, "n-age", "%s", "");
	autorow(keeping) keeping = NULL;
	g_assert_true(deletion_store_keeping(d->web, for_ever, &keeping, NULL));
	g_assert_cmpstr(keeping->class, ==, "standard");
}

static void test_size(struct databases *d, gconstpointer data)
{
	make_class(d, "small", 0, 1000);
	g_autofree char *oldest = recording(d, "n-size", "small", 3, 500),
			*middle = recording(d, "n-size", "small", 2, 500),
			*newest = recording(d, "n-size", "small", 1, 500);

	assert_due(d, "n-size", "%s size", oldest);
	g_assert_true(deletion_store_hold(d->web, newest, "court", "ann", NULL));
	assert_due(d, "n-size", "%s size", oldest);
	g_assert_true(deletion_store_hold(d->web, oldest, "court", "ann", NULL));
	assert_due(d, "n-size", "%s", "");
	g_assert_nonnull(middle);
}

static void test_hold(struct databases *d, gconstpointer data)
{
	g_autofree char *id = recording(d, "n-hold", "standard", 1, 1);
	g_autoptr(GError) twice = NULL, late = NULL, missing = NULL;

	g_assert_true(deletion_store_request(d->web, id, "agreed", "ann", NULL));
	g_assert_true(deletion_store_hold(d->web, id, "case 17", "bob", NULL));
	g_assert_false(deletion_store_hold(d->web, id, "again", "bob", &twice));
	g_assert_error(twice, DB_ERROR, DB_ERROR_CONFLICT);
	g_assert_false(deletion_store_approve(d->web, id, "bob", &late));
	g_assert_error(late, DB_ERROR, DB_ERROR_CONFLICT);
	g_assert_nonnull(strstr(late->message, "under legal hold"));
	autorow(keeping) keeping = NULL;
	g_assert_true(deletion_store_keeping(d->web, id, &keeping, NULL));
	g_assert_cmpstr(keeping->hold_reason, ==, "case 17");
	g_assert_cmpstr(keeping->hold_by, ==, "bob");
	g_assert_cmpstr(keeping->order_by, ==, "ann");
	g_assert_cmpstr(keeping->order_approved_by, ==, "");
	g_assert_true(deletion_store_release(d->web, id, "ann", NULL));
	g_assert_false(deletion_store_release(d->web, id, "ann", &missing));
	g_assert_error(missing, DB_ERROR, DB_ERROR_MISSING);
	g_assert_true(deletion_store_approve(d->web, id, "bob", NULL));
	assert_due(d, "n-hold", "%s order", id);
}

static void test_order_takes_two(struct databases *d, gconstpointer data)
{
	g_autofree char *id = recording(d, "n-two", "standard", 1, 1);
	g_autoptr(GError) alone = NULL, forged = NULL, gone = NULL;

	g_assert_true(deletion_store_request(d->web, id, "agreed", "ann", NULL));
	assert_due(d, "n-two", "%s", "");
	g_assert_false(deletion_store_approve(d->web, id, "ANN", &alone));
	g_assert_error(alone, DB_ERROR, DB_ERROR_INVALID);
	assert_due(d, "n-two", "%s", "");
	g_assert_true(deletion_store_withdraw(d->web, id, NULL));
	g_assert_false(deletion_store_approve(d->web, id, "bob", &gone));
	g_assert_error(gone, DB_ERROR, DB_ERROR_MISSING);
	g_assert_true(deletion_store_request(d->admin, id, "agreed", "os:root", NULL));
	g_assert_true(deletion_store_approve(d->web, id, "bob", NULL));
	assert_due(d, "n-two", "%s order", id);
	g_assert_false(deletion_store_withdraw(d->web, id, &forged));
	g_assert_error(forged, DB_ERROR, DB_ERROR_MISSING);
}

/* Claimed, interrupted, claimed again, finished; then nothing moves any more. */
static void test_course(struct databases *d, gconstpointer data)
{
	g_autofree char *id = recording(d, "n-course", "standard", 1, 1),
			*sha256 = g_strnfill(64, 'a');
	g_autoptr(GError) unclaimed = NULL, late = NULL;
	struct deletion deletion = {.session_id = id, .cause = "order"};
	bool claimed = true;

	g_assert_true(deletion_store_claim(d->recorder, &deletion, "n-course", &claimed, NULL));
	g_assert_false(claimed);
	g_assert_false(deletion_store_finish(d->recorder, id, sha256, &unclaimed));
	g_assert_error(unclaimed, DB_ERROR, DB_ERROR_INVALID);
	g_assert_true(deletion_store_request(d->web, id, "agreed", "ann", NULL));
	g_assert_true(deletion_store_approve(d->web, id, "bob", NULL));
	for (unsigned i = 0; i < 2; i++) {
		g_assert_true(
			deletion_store_claim(d->recorder, &deletion, "n-course", &claimed, NULL));
		g_assert_true(claimed);
		assert_due(d, "n-course", "%s order", id);
	}
	g_assert_false(deletion_store_hold(d->web, id, "too late", "ann", &late));
	g_assert_error(late, DB_ERROR, DB_ERROR_CONFLICT);
	for (unsigned i = 0; i < 2; i++)
		g_assert_true(deletion_store_finish(d->recorder, id, sha256, NULL));
	assert_due(d, "n-course", "%s", "");
	autorow(recording_row) row = NULL;
	g_assert_true(recording_store_find(d->web, id, &row, NULL));
	g_assert_cmpint(row->state, ==, RECORDING_STATE_DELETED);
	const struct audit_filter filter = {.action = "recording-deleted", .subject = id};
	g_autoptr(GPtrArray) records = NULL;
	g_assert_true(audit_store_list(d->web, &filter, &records, NULL, NULL));
	g_assert_cmpuint(records->len, ==, 1);
	const struct audit_row *record = records->pdata[0];
	g_assert_cmpstr(record->program, ==, "vitrine_recorder");
	g_assert_nonnull(strstr(record->detail, "\"approved_by\": \"bob\""));
	g_assert_nonnull(strstr(record->detail, sha256));
}

void deletion_tests(void)
{
	static const struct {
		const char *path;
		void (*run)(struct databases *d, gconstpointer data);
	} cases[] = {
		{"/sql/deletion/age", test_age},       {"/sql/deletion/size", test_size},
		{"/sql/deletion/hold", test_hold},     {"/sql/deletion/two", test_order_takes_two},
		{"/sql/deletion/course", test_course},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
		g_test_add(cases[i].path, struct databases, NULL, set_up, cases[i].run, tear_down);
}
