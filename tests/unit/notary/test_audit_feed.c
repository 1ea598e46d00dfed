/* Audit records get leaves in order of their numbers, an export a second one; a record that a
 * superuser changed or removed is found. */
#include "recorder/nodelog/log_check.h"
#include "recorder/notary/notary.h"
#include "sql/audit_store.h"
#include "tests/support/patience.h"
#include "tests/unit/nodelog/log_fixture.h"
#include "tests/unit/sql/sql_fixture.h"

#include <string.h>

#define SESSION "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a01"
#define HASH "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"

static void add(struct db *db, const char *action, const char *subject, const char *detail)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(audit_store_add(db, "mallory\t\"m\u00fcller\"", action, subject, "192.0.2.7",
				      detail, &error));
	g_assert_no_error(error);
}

static void await_leaves(const struct log_fixture *f, unsigned n)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
	g_autofree char *path = log_fixture_path(f, "log/leaves");

	for (;;) {
		g_autofree char *text = NULL;
		unsigned lines = 0;
		if (g_file_get_contents(path, &text, NULL, NULL))
			for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
				lines++;
		if (lines >= n)
			return;
		g_assert_cmpint(g_get_monotonic_time(), <, until_us);
		g_usleep(10000);
	}
}

static void run_notary(struct log_fixture *f, unsigned n_leaves)
{
	g_autofree char *conninfo = fixture_conninfo("vitrine", NULL);
	const struct config_log log = {.head_seconds = 1, .publish_seconds = 1};
	const struct config_time_stamp time_stamp = {0};
	const struct notary_settings settings = {.store_dir = f->store,
						 .node = "node1",
						 .key = f->key,
						 .conninfo = conninfo,
						 .role = "vitrine_recorder",
						 .log = &log,
						 .time_stamp = &time_stamp};
	struct notary *notary = notary_create(&settings);

	await_leaves(f, n_leaves);
	notary_destroy(notary);
}

/* All findings as one text; g_free it. */
static char *judge(const struct log_fixture *f, struct db *db)
{
	const struct log_check_settings settings = {.store_dir = f->store};
	g_autoptr(GPtrArray) rows = NULL;
	GString *text = g_string_new(NULL);
	struct log_check *check;

	g_assert_cmpint(log_check_open(&settings, &check), ==, 0);
	g_assert_true(audit_store_after(db, 0, 1000, &rows, NULL));
	for (unsigned i = 0; i < rows->len; i++) {
		const struct audit_row *row = rows->pdata[i];
		g_autofree char *json = audit_row_json(row);
		char sha256[DIGEST_HEX_BYTES];
		digest_hex_of(json, strlen(json), sha256);
		log_check_audit(check, row->number, sha256);
	}
	log_check_audit_end(check);
	for (unsigned i = 0; i < log_check_report(check)->findings->len; i++) {
		const struct log_finding *finding = log_check_report(check)->findings->pdata[i];
		g_string_append_printf(text, "%s: %s\n", verify_class_name(finding->class),
				       finding->text);
	}
	log_check_close(check);
	return g_string_free(text, FALSE);
}

static void test_records(void)
{
	struct log_fixture f;
	struct db *db = fixture_open("vitrine_admin");
	gsize length;

	log_fixture_init(&f);
	nodelog_close(g_steal_pointer(&f.log));
	add(db, "user-add", "alice", "{\"b\": 1, \"a\": [1.50, null]}");
	add(db, "export-finish", SESSION, "{\"manifest_sha256\": \"" HASH "\"}");
	run_notary(&f, 3);
	add(db, "user-remove", "alice", NULL);
	/* The next recorder goes on behind the last record it finds in the log. */
	run_notary(&f, 4);
	g_autofree char *leaves = log_fixture_get(&f, "log/leaves", &length);
	g_auto(GStrv) lines = g_strsplit(g_strchomp(leaves), "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 4);
	g_assert_nonnull(strstr(lines[1], "\"kind\":\"export\""));
	g_assert_nonnull(strstr(lines[1], HASH));
	g_assert_nonnull(strstr(lines[3], "\"id\":3"));
	g_autofree char *honest = judge(&f, db);
	g_assert_cmpstr(honest, ==, "");

	/* A superuser is above trigger and rights, not above the log. */
	fixture_say("vitrine", "ALTER TABLE vitrine.audit DISABLE TRIGGER audit_append_only");
	fixture_say("vitrine", "UPDATE vitrine.audit SET actor = 'nobody' WHERE number = 1");
	fixture_say("vitrine", "DELETE FROM vitrine.audit WHERE number = 3");
	g_autofree char *found = judge(&f, db);
	g_assert_nonnull(strstr(found, "broken: audit record 1 was changed"));
	g_assert_nonnull(strstr(found, "broken: audit record 3 is gone"));
	db_close(db);
	log_fixture_finish(&f);
}

/* The bytes that are hashed are a contract (docs/database.md). */
static void test_canonical_json(void)
{
	char action[] = "user-add", actor[] = "m\u00fc\t\"\x01", address[] = "",
	     detail[] = "{\"a\": 1}", program[] = "vitrine_admin", subject[] = "alice";
	const struct audit_row row = {.number = 7,
				      .at_utc_us = UINT64_C(1777636800123456),
				      .program = program,
				      .actor = actor,
				      .action = action,
				      .subject = subject,
				      .address = address,
				      .detail = detail};
	g_autofree char *json = audit_row_json(&row);

	g_assert_cmpstr(
		json, ==,
		"{\"action\":\"user-add\",\"actor\":\"m\u00fc\\t\\\"\\u0001\",\"address\":\"\","
		"\"at\":\"2026-05-01T12:00:00.123456Z\",\"detail\":\"{\\\"a\\\": 1}\","
		"\"number\":7,\"program\":\"vitrine_admin\",\"subject\":\"alice\"}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_create("vitrine", true);
	g_test_add_func("/audit-feed/canonical-json", test_canonical_json);
	g_test_add_func("/audit-feed/records", test_records);
	return g_test_run();
}
