/* Least rights: for every role what it must be able to do, and what it must be refused. Statements
 * run in a transaction that is rolled back. */
#include "sql/db_query.h"
#include "tests/unit/sql/sql_fixture.h"

#define GATEWAY "vitrine_gateway"
#define RECORDER "vitrine_recorder"
#define WEB "vitrine_web"
#define ADMIN "vitrine_admin"

struct attempt {
	const char *role, *statement;
};

static const struct attempt allowed[] = {
	{GATEWAY, "SELECT secret_sealed FROM account"},
	{GATEWAY, "UPDATE ticket SET used_at = now() WHERE false"},
	{WEB, "SELECT password_hash FROM app_user"},
	{WEB, "SELECT name, domain FROM account"},
	{WEB, "SELECT * FROM audit"},
	{RECORDER, "UPDATE recording SET head = '' WHERE false"},
	{ADMIN, "DELETE FROM app_user WHERE login = ''"},
	{ADMIN, "SELECT id, expires_at, used_at FROM ticket"},
};

static const struct attempt refused[] = {
	/* Nobody but the gateway reads a sealed secret. */
	{WEB, "SELECT secret_sealed FROM account"},
	{WEB, "SELECT * FROM account"},
	{WEB, "SELECT count(*) FROM ticket"},
	{RECORDER, "SELECT secret_sealed FROM account"},
	{ADMIN, "SELECT secret_sealed FROM account"},
	{ADMIN, "SELECT nt_hash_sealed FROM ticket"},
	{ADMIN, "SELECT password_hash FROM app_user"},
	/* Nobody but the administrator makes users, targets, accounts, grants, tickets. */
	{GATEWAY, "UPDATE app_user SET password_hash = ''"},
	{GATEWAY, "UPDATE app_user SET role = 'admin'"},
	{GATEWAY, "INSERT INTO access_grant (user_id, account_id) VALUES (1, 1)"},
	{GATEWAY, "UPDATE target SET host = 'evil'"},
	{GATEWAY, "INSERT INTO ticket (id) VALUES (NULL)"},
	{GATEWAY, "UPDATE ticket SET expires_at = now()"},
	{WEB, "UPDATE app_user SET role = 'admin'"},
	{WEB, "INSERT INTO app_user (login) VALUES ('x')"},
	{WEB, "INSERT INTO access_grant (user_id, account_id) VALUES (1, 1)"},
	{WEB, "INSERT INTO ticket (id) VALUES (NULL)"},
	{WEB, "DELETE FROM target"},
	{RECORDER, "SELECT login FROM app_user"},
	{RECORDER, "SELECT host FROM target"},
	/* What was stays what it was. */
	{WEB, "UPDATE session SET state = 'ended'"},
	{WEB, "DELETE FROM session"},
	{WEB, "DELETE FROM session_command"},
	{WEB, "UPDATE session_command SET reason = 'x'"},
	{WEB, "UPDATE recording SET head = ''"},
	{WEB, "DELETE FROM segment"},
	{GATEWAY, "DELETE FROM session"},
	{GATEWAY, "UPDATE session SET login = 'x'"},
	{GATEWAY, "INSERT INTO session_command (session_id) VALUES (NULL)"},
	{GATEWAY, "SELECT * FROM segment"},
	{RECORDER, "DELETE FROM segment"},
	{RECORDER, "SELECT * FROM session"},
	{ADMIN, "DELETE FROM session"},
	{ADMIN, "UPDATE recording SET state = 'sealed'"},
	/* Deleting: only the recorder does it, nobody undoes a hold or forges who asked. */
	{WEB, "SELECT deletion_claim(gen_random_uuid(), 'n', 'age')"},
	{WEB, "SELECT deletion_finish(gen_random_uuid(), '')"},
	{WEB, "DELETE FROM export_job"},
	{WEB, "UPDATE export_job SET login = 'x'"},
	{ADMIN, "UPDATE export_job SET state = 'ready'"},
	{WEB, "DELETE FROM legal_hold"},
	{WEB, "UPDATE legal_hold SET reason = 'x'"},
	{WEB, "UPDATE deletion_order SET requested_by = 'x'"},
	{WEB, "UPDATE retention_class SET keep_days = 1"},
	{ADMIN, "SELECT deletion_claim(gen_random_uuid(), 'n', 'age')"},
	{GATEWAY, "INSERT INTO deletion_order (session_id) VALUES (NULL)"},
	{RECORDER, "SELECT * FROM legal_hold"},
	{RECORDER, "INSERT INTO deletion_order (session_id) VALUES (NULL)"},
	/* Audit: added to and read, number, time and program by the server only. */
	{GATEWAY, "UPDATE audit SET actor = 'x'"},
	{GATEWAY, "DELETE FROM audit"},
	{GATEWAY, "SELECT * FROM audit"},
	{WEB, "TRUNCATE audit"},
	{ADMIN, "DELETE FROM audit"},
	{ADMIN, "INSERT INTO audit (program, actor, action, subject, address, detail) VALUES ('x', "
		"'', 'a', '', '', '{}')"},
	{ADMIN, "INSERT INTO audit (at, actor, action, subject, address, detail) VALUES (now(), "
		"'', 'a', '', '', '{}')"},
	{RECORDER, "INSERT INTO audit (actor, action, subject, address, detail) VALUES ('', 'a', "
		   "'', '', '{}')"},
	/* Console logins are the web's. */
	{GATEWAY, "SELECT * FROM web_login"},
	{ADMIN, "SELECT token_sha256 FROM web_login"},
	{ADMIN, "INSERT INTO web_login (csrf) VALUES ('x')"},
	/* Nobody builds or borrows. */
	{GATEWAY, "CREATE TABLE vitrine.x (y int)"},
	{WEB, "CREATE FUNCTION vitrine.lower(text) RETURNS text LANGUAGE sql RETURN 'x'"},
	{ADMIN, "SET ROLE vitrine_owner"},
	{ADMIN, "UPDATE schema_migration SET number = 0"},
	{ADMIN, "DROP TRIGGER audit_append_only ON audit"},
	{ADMIN, "SET session_replication_role = replica"},
	{WEB, "COPY account TO PROGRAM 'true'"},
	{RECORDER, "SELECT pg_read_file('/etc/passwd')"},
};

/* Says all of them over one connection per run of the same role and stops at the first that ends
 * otherwise than `wanted`. */
static void attempt_all(const struct attempt *attempts, unsigned count, int wanted)
{
	struct db *db = NULL;

	for (unsigned i = 0; i < count; i++) {
		g_autoptr(GError) error = NULL;
		if (i == 0 || attempts[i].role != attempts[i - 1].role) {
			db_close(db);
			db = fixture_open(attempts[i].role);
		}
		g_assert_true(db_begin(db, NULL));
		bool ok = db_do(db, "try", attempts[i].statement, NULL, ROWS_ANY, NULL, &error);
		db_rollback(db);
		if ((ok ? -1 : error->code) != wanted)
			g_error("%s: %s: %s", attempts[i].role, attempts[i].statement,
				ok ? "was done" : error->message);
	}
	db_close(db);
}

static void test_allowed(void)
{
	attempt_all(allowed, G_N_ELEMENTS(allowed), -1);
}

static void test_refused(void)
{
	attempt_all(refused, G_N_ELEMENTS(refused), DB_ERROR_REFUSED);
}

void rights_tests(void)
{
	g_test_add_func("/sql/rights/allowed", test_allowed);
	g_test_add_func("/sql/rights/refused", test_refused);
}
