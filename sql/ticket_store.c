/* Statements about one-time passwords. It knows sealed hashes as bytes only. */
#include "sql/ticket_store.h"

#include "sql/db_query.h"

G_STATIC_ASSERT(TICKET_CANDIDATES_MAX == 8); /* stands in statements below */

void ticket_free(struct ticket *ticket)
{
	if (ticket == NULL)
		return;
	g_free(ticket->id);
	g_free(ticket->login);
	g_free(ticket->target);
	g_free(ticket->account);
	g_clear_pointer(&ticket->nt_hash_sealed, g_bytes_unref);
	g_free(ticket);
}

static gpointer read_ticket(struct db_row *row)
{
	struct ticket *ticket = g_new0(struct ticket, 1);

	ticket->id = row_text(row);
	ticket->login = row_text(row);
	ticket->target = row_text(row);
	ticket->account = row_text(row);
	ticket->expires_utc_us = row_u64(row);
	ticket->nt_hash_sealed = row_bytes(row);
	ticket->used = row_bool(row);
	return ticket;
}

#define TICKETS_OF                                                                                 \
	"SELECT k.id, u.login, t.name, a.name, utc_us(k.expires_at), k.nt_hash_sealed,"            \
	" k.used_at IS NOT NULL FROM ticket k JOIN access_grant g ON g.id = k.grant_id"            \
	" JOIN app_user u ON u.id = g.user_id JOIN account a ON a.id = g.account_id"               \
	" JOIN target t ON t.id = a.target_id"                                                     \
	" WHERE lower(u.login) = lower($1) AND NOT u.disabled"

static bool list(struct db *db, const char *what, const char *statement, const char *login,
		 GPtrArray **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	PGresult *result = db_say(db, what, statement, &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_ticket, (GDestroyNotify)ticket_free);
	return true;
}

bool ticket_store_candidates(struct db *db, const char *login, GPtrArray **ret, GError **error)
{
	return list(db, "look up one-time passwords",
		    TICKETS_OF " AND k.used_at IS NULL AND k.expires_at > now()"
			       " ORDER BY k.created_at DESC LIMIT 8",
		    login, ret, error);
}

bool ticket_store_spent(struct db *db, const char *login, GPtrArray **ret, GError **error)
{
	return list(db, "look up spent one-time passwords",
		    TICKETS_OF " AND coalesce(k.used_at, k.expires_at)"
			       " BETWEEN now() - interval '2 minutes' AND now()"
			       " ORDER BY k.created_at DESC LIMIT 8",
		    login, ret, error);
}

/* The row's lock decides: a second caller waits for the first, looks at used_at again and changes
 * nothing. */
bool ticket_store_use(struct db *db, const char *id, bool *ret_won, GError **error)
{
	struct db_params params = {0};
	uint64_t rows;

	param_text(&params, id);
	if (!db_do(db, "use a one-time password",
		   "UPDATE ticket SET used_at = now()"
		   " WHERE id = $1 AND used_at IS NULL AND expires_at > now()",
		   &params, ROWS_ANY, &rows, error))
		return false;
	*ret_won = rows == 1;
	return true;
}

/* Two creations at once may both see seven: the ninth then simply is no candidate. */
#define CREATE_TICKET                                                                              \
	"WITH granted AS (SELECT g.id, g.user_id FROM app_user u"                                  \
	"  JOIN access_grant g ON g.user_id = u.id JOIN account a ON a.id = g.account_id"          \
	"  JOIN target t ON t.id = a.target_id WHERE lower(u.login) = lower($2)"                   \
	"  AND lower(t.name) = lower($3) AND lower(a.name) = lower($4)),"                          \
	" waiting AS (SELECT count(*) AS n FROM granted h JOIN access_grant g"                     \
	"  ON g.user_id = h.user_id JOIN ticket k ON k.grant_id = g.id"                            \
	"  WHERE k.used_at IS NULL AND k.expires_at > now()),"                                     \
	" made AS (INSERT INTO ticket (id, grant_id, nt_hash_sealed, expires_at)"                  \
	"  SELECT $1::uuid, granted.id, $5, at_utc_us($6) FROM granted, waiting"                   \
	"  WHERE waiting.n < 8 RETURNING 1)"                                                       \
	" SELECT (SELECT count(*) FROM granted), (SELECT count(*) FROM made)"

bool ticket_store_create(struct db *db, const char *id, const char *login, const char *target,
			 const char *account, GBytes *nt_hash_sealed, uint64_t expires_utc_us,
			 GError **error)
{
	struct db_params params = {0};
	gsize length;
	const void *sealed = g_bytes_get_data(nt_hash_sealed, &length);

	param_text(&params, id);
	param_text(&params, login);
	param_text(&params, target);
	param_text(&params, account);
	param_bytes(&params, sealed, length);
	param_u64(&params, expires_utc_us);
	autoresult result =
		db_say(db, "make a one-time password", CREATE_TICKET, &params, ROWS_ONE, error);
	if (result == NULL)
		return false;
	struct db_row row = {result, 0, 0};
	uint64_t granted = row_u64(&row), made = row_u64(&row);
	if (made == 1)
		return true;
	if (granted == 0)
		g_set_error(error, DB_ERROR, DB_ERROR_MISSING,
			    "user '%s' was not granted account '%s' on target '%s'", login, account,
			    target);
	else
		g_set_error(error, DB_ERROR, DB_ERROR_CONFLICT,
			    "user '%s' has %u unused one-time passwords already: use one or let it "
			    "expire",
			    login, TICKET_CANDIDATES_MAX);
	return false;
}

bool ticket_store_expire(struct db *db, uint64_t *ret_rows, GError **error)
{
	return db_do(db, "clear old one-time passwords",
		     "DELETE FROM ticket WHERE expires_at < now() - interval '1 day'"
		     " OR used_at < now() - interval '1 day'",
		     NULL, ROWS_ANY, ret_rows, error);
}
