/* Exports at the console: taken in order, gone on with after a restart, and ended once,
 * whoever comes second. */
#include "sql/export_store.h"
#include "sql/recording_store.h"
#include "tests/unit/sql/sql_fixture.h"

#define T0_US UINT64_C(1780000000123457)

struct desk {
	struct db *web, *recorder;
	char *session_id, *node;
};

static void desk_open(struct desk *d)
{
	d->web = fixture_open("vitrine_web");
	d->recorder = fixture_open("vitrine_recorder");
	d->session_id = g_uuid_string_random();
	d->node = g_uuid_string_random();
	const struct recording_row recording = {.session_id = d->session_id,
						.node = "n1",
						.quality = "standard",
						.started_utc_us = T0_US};
	g_assert_true(recording_store_open(d->recorder, &recording, NULL));
}

static void desk_close(struct desk *d)
{
	db_close(d->web);
	db_close(d->recorder);
	g_free(d->session_id);
	g_free(d->node);
}

/* What has an end is a derived copy. */
static char *ask(const struct desk *d, char *reason, uint64_t to_us)
{
	char operations[] = "[{\"operation\": \"mask\"}]";
	const struct export_row row = {.session_id = d->session_id,
				       .node = d->node,
				       .login = "arthur",
				       .reason = reason,
				       .from_us = 5,
				       .to_us = to_us,
				       .without_timeline = true,
				       .operations = to_us != 0 ? operations : NULL,
				       .by_policy = to_us == 0};
	char *id = NULL;

	g_assert_true(export_store_add(d->web, &row, &id, NULL));
	return id;
}

static struct export_row *take(const struct desk *d)
{
	struct export_row *row;

	g_assert_true(export_store_take(d->web, d->node, &row, NULL));
	return row;
}

static void test_order_and_restart(void)
{
	struct desk d;

	desk_open(&d);
	g_autofree char *first = ask(&d, "case 7", 0), *second = ask(&d, "case 8", 900);
	autorow(export_row) taken = take(&d), *again = take(&d);
	g_assert_cmpstr(taken->id, ==, first);
	g_assert_cmpstr(taken->session_id, ==, d.session_id);
	g_assert_cmpstr(taken->login, ==, "arthur");
	g_assert_cmpstr(taken->reason, ==, "case 7");
	g_assert_cmpuint(taken->from_us, ==, 5);
	g_assert_cmpuint(taken->to_us, ==, 0);
	g_assert_true(taken->without_timeline);
	g_assert_true(taken->by_policy);
	g_assert_cmpint(taken->state, ==, EXPORT_RUNNING);
	g_assert_cmpstr(again->id, ==, first); /* as after a restart */
	g_assert_true(export_store_progress(d.web, first, 10, 100, NULL));
	g_assert_true(export_store_finish(d.web, first, EXPORT_FAILED, 0, "", "no luck", NULL));
	autorow(export_row) next = take(&d);
	g_assert_cmpstr(next->id, ==, second);
	g_assert_cmpuint(next->to_us, ==, 900);
	g_assert_null(taken->operations);
	g_assert_cmpstr(next->operations, ==, "[{\"operation\": \"mask\"}]");
	g_autoptr(GPtrArray) list = NULL;
	g_assert_true(export_store_list(d.web, d.session_id, &list, NULL));
	g_assert_cmpuint(list->len, ==, 2);
	const struct export_row *failed = list->pdata[1];
	g_assert_cmpint(failed->state, ==, EXPORT_FAILED);
	g_assert_cmpstr(failed->detail, ==, "no luck");
	g_assert_cmpuint(failed->finished_utc_us, >, 0);
	desk_close(&d);
}

static void test_cancel(void)
{
	struct desk d;
	g_autoptr(GError) error = NULL;
	g_autofree char *hash = g_strnfill(64, 'a');
	g_autoptr(GPtrArray) wanted = NULL;

	desk_open(&d);
	g_autofree char *id = ask(&d, "case 7", 0);
	autorow(export_row) taken = take(&d);
	g_assert_nonnull(taken);
	g_assert_true(export_store_cancel(d.web, id, NULL));
	g_assert_false(export_store_progress(d.web, id, 1, 2, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	g_clear_error(&error);
	g_assert_false(export_store_finish(d.web, id, EXPORT_READY, 9, hash, "", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	g_clear_error(&error);
	g_assert_false(export_store_cancel(d.web, id, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	g_assert_true(export_store_wanted(d.web, d.node, &wanted, NULL));
	g_assert_cmpuint(wanted->len, ==, 0);
	desk_close(&d);
}

static void test_expiry(void)
{
	struct desk d;
	g_autofree char *hash = g_strnfill(64, 'a');

	desk_open(&d);
	g_autofree char *id = ask(&d, "case 7", 0);
	autorow(export_row) taken = take(&d), *young = NULL, *old = NULL;
	g_assert_nonnull(taken);
	g_assert_true(export_store_finish(d.web, id, EXPORT_READY, 9, hash, "", NULL));
	g_assert_true(export_store_expire(d.web, d.node, 1, NULL));
	g_assert_true(export_store_find(d.web, id, &young, NULL));
	g_assert_cmpint(young->state, ==, EXPORT_READY);
	g_assert_cmpuint(young->total_bytes, ==, 9);
	g_assert_cmpstr(young->video_sha256, ==, hash);
	g_autofree char *age = g_strdup_printf(
		"UPDATE vitrine.export_job SET finished_at = now() - interval '61 minutes' "
		"WHERE id = '%s'",
		id);
	fixture_say("vitrine", age);
	g_assert_true(export_store_expire(d.web, d.node, 1, NULL));
	g_assert_true(export_store_find(d.web, id, &old, NULL));
	g_assert_cmpint(old->state, ==, EXPORT_EXPIRED);
	desk_close(&d);
}

static void test_refused(void)
{
	struct desk d;
	g_autoptr(GError) error = NULL;
	g_autofree char *nobody = g_uuid_string_random();
	char *id = NULL;
	autorow(export_row) none = NULL;

	desk_open(&d);
	struct export_row row = {
		.session_id = nobody, .node = "n", .login = "arthur", .reason = "case 7"};
	g_assert_false(export_store_add(d.web, &row, &id, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_CONFLICT);
	g_clear_error(&error);
	row.session_id = d.session_id;
	row.reason = "";
	g_assert_false(export_store_add(d.web, &row, &id, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	g_clear_error(&error);
	row.reason = "case 7";
	row.operations = "{}";
	g_assert_false(export_store_add(d.web, &row, &id, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	g_assert_true(export_store_take(d.web, d.node, &none, NULL));
	g_assert_null(none);
	desk_close(&d);
}

void export_tests(void)
{
	g_test_add_func("/export/order-and-restart", test_order_and_restart);
	g_test_add_func("/export/cancel", test_cancel);
	g_test_add_func("/export/expiry", test_expiry);
	g_test_add_func("/export/refused", test_refused);
}
