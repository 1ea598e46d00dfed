/* Statements about the people who may log in. It knows password hashes as text only. */
#include "sql/user_store.h"

#include "sql/db_query.h"

#include <string.h>

static const char *const role_keys[] = {
	[USER_ROLE_USER] = "user",
	[USER_ROLE_WATCHER] = "watcher",
	[USER_ROLE_AUDITOR] = "auditor",
	[USER_ROLE_ADMIN] = "admin",
};

const char *user_role_key(enum user_role role)
{
	unsigned number = (unsigned)role;

	return number > 0 && number < G_N_ELEMENTS(role_keys) ? role_keys[number] : "unknown";
}

enum user_role user_role_from_key(const char *key)
{
	for (unsigned i = 1; i < G_N_ELEMENTS(role_keys); i++)
		if (strcmp(role_keys[i], key) == 0)
			return (enum user_role)i;
	return 0;
}

void user_free(struct user *user)
{
	if (user == NULL)
		return;
	g_free(user->login);
	g_free(user->password_hash);
	g_free(user);
}

#define USER_COLUMNS "login, role, disabled, utc_us(created_at), utc_us(last_login_at)"

static gpointer read_user(struct db_row *row)
{
	struct user *user = g_new0(struct user, 1);

	user->login = row_text(row);
	g_autofree char *role = row_text(row);
	user->role = user_role_from_key(role);
	user->disabled = row_bool(row);
	user->created_utc_us = row_u64(row);
	user->last_login_utc_us = row_u64(row);
	return user;
}

static gpointer read_user_with_hash(struct db_row *row)
{
	char *password_hash = row_text(row);
	struct user *user = read_user(row);

	user->password_hash = password_hash;
	return user;
}

bool user_store_login(struct db *db, const char *login, struct user **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	PGresult *result = db_say(db, "look up a login",
				  "SELECT password_hash, " USER_COLUMNS
				  " FROM app_user WHERE lower(login) = lower($1)",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take_first(result, read_user_with_hash);
	return true;
}

bool user_store_note_login(struct db *db, const char *login, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	return db_do(db, "note a login",
		     "UPDATE app_user SET last_login_at = now() WHERE lower(login) = lower($1)",
		     &params, ROWS_ONE, NULL, error);
}

bool user_store_add(struct db *db, const char *login, const char *password_hash,
		    enum user_role role, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	param_text(&params, password_hash);
	param_text(&params, user_role_key(role));
	return db_do(db, "add a user",
		     "INSERT INTO app_user (login, password_hash, role) VALUES ($1, $2, $3)",
		     &params, ROWS_ONE, NULL, error);
}

bool user_store_list(struct db *db, GPtrArray **ret, GError **error)
{
	PGresult *result = db_say(db, "list users",
				  "SELECT " USER_COLUMNS " FROM app_user ORDER BY lower(login)",
				  NULL, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_user, (GDestroyNotify)user_free);
	return true;
}

bool user_store_remove(struct db *db, const char *login, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	return db_do(db, "remove a user", "DELETE FROM app_user WHERE lower(login) = lower($1)",
		     &params, ROWS_ONE, NULL, error);
}

/* One statement, so that no console login survives the change. `column` is one of ours,
 * never a caller's text. */
static bool change(struct db *db, const char *what, const char *column, const char *login,
		   const char *value, GError **error)
{
	g_autofree char *statement = g_strdup_printf(
		"WITH changed AS (UPDATE app_user SET %s WHERE lower(login) = lower($1) RETURNING "
		"id),"
		" ended AS (DELETE FROM web_login WHERE user_id IN (SELECT id FROM changed))"
		" SELECT id FROM changed",
		column);
	struct db_params params = {0};

	param_text(&params, login);
	param_text(&params, value);
	return db_do(db, what, statement, &params, ROWS_ONE, NULL, error);
}

bool user_store_set_password(struct db *db, const char *login, const char *password_hash,
			     GError **error)
{
	return change(db, "change a password", "password_hash = $2", login, password_hash, error);
}

bool user_store_set_role(struct db *db, const char *login, enum user_role role, GError **error)
{
	return change(db, "change a role", "role = $2", login, user_role_key(role), error);
}

bool user_store_set_disabled(struct db *db, const char *login, bool disabled, GError **error)
{
	return change(db, "enable or disable a user", "disabled = $2::boolean", login,
		      disabled ? "t" : "f", error);
}
