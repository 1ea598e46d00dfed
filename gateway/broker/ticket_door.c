/* One-time tickets. It must not know how the session process speaks NTLM; it sees a finished
 * proof. */
#include "gateway/broker/ticket_door.h"

#include "base/secret.h"
#include "gateway/broker/login_name.h"
#include "gateway/broker/note.h"
#include "sql/audit_store.h"

#include <string.h>

typedef bool (*ticket_lookup)(struct db *db, const char *login, GPtrArray **ret, GError **error);

static GPtrArray *look_up(struct db *db, const char *user, ticket_lookup lookup)
{
	struct login_name name;
	GPtrArray *tickets = NULL;
	g_autoptr(GError) error = NULL;

	if (!login_name_parse(user, "", &name))
		return NULL;
	if (lookup(db, name.login, &tickets, &error) && tickets->len == 0 &&
	    strcmp(name.bare, name.login) != 0) {
		g_clear_pointer(&tickets, g_ptr_array_unref);
		lookup(db, name.bare, &tickets, &error);
	}
	if (error != NULL && !g_error_matches(error, DB_ERROR, DB_ERROR_INVALID))
		g_warning("tickets cannot be looked up: %s", error->message);
	login_name_clear(&name);
	return tickets;
}

bool ticket_door_expects(struct db *db, const char *cookie)
{
	g_autoptr(GPtrArray) waiting = look_up(db, cookie, ticket_store_candidates);

	if (waiting != NULL && waiting->len > 0)
		return true;
	g_autoptr(GPtrArray) spent = look_up(db, cookie, ticket_store_spent);
	return spent != NULL && spent->len > 0;
}

static bool fits(const struct ticket_proof *proof, const struct ticket *ticket,
		 uint8_t ret_ntowfv2[NT_HASH_BYTES])
{
	g_autofree char *row = vault_ticket_row(ticket->id);
	g_autoptr(GError) error = NULL;
	gsize sealed_bytes, hash_bytes = 0;
	const void *sealed = g_bytes_get_data(ticket->nt_hash_sealed, &sealed_bytes);
	autosecret hash = vault_open(proof->vault, row, sealed, sealed_bytes, &hash_bytes, &error);

	if (hash == NULL) {
		g_warning("%s", error->message);
		return false;
	}
	return hash_bytes == NT_HASH_BYTES &&
	       nt_hash_check_proof(proof->hasher, (const uint8_t *)hash, &proof->said,
				   ret_ntowfv2) == 0;
}

static bool use_up(struct db *db, const struct ticket_proof *proof, const struct ticket *ticket)
{
	g_autofree char *detail = note_texts("session", proof->session_id, "target", ticket->target,
					     "account", ticket->account, NULL);
	g_autoptr(GError) error = NULL;
	bool won = false;

	if (audit_store_add(db, ticket->login, "ticket-use", ticket->id, proof->viewer_address,
			    detail, &error) &&
	    ticket_store_use(db, ticket->id, &won, &error))
		return won;
	g_warning("a ticket cannot be used: %s", error->message);
	return false;
}

/* A one-time password that comes a second time is worth more than one that never was: staff learn
 * which it is, the viewer does not. */
static const struct ticket *find_spent(const struct ticket_proof *proof, const GPtrArray *spent)
{
	uint8_t ntowfv2[NT_HASH_BYTES] = {0};
	const struct ticket *found = NULL;

	for (guint i = 0; spent != NULL && found == NULL && i < spent->len; i++)
		if (fits(proof, spent->pdata[i], ntowfv2))
			found = spent->pdata[i];
	secret_wipe(ntowfv2, sizeof ntowfv2);
	return found;
}

static void write_refusal(struct db *db, const struct ticket_proof *proof)
{
	g_autoptr(GPtrArray) tickets = look_up(db, proof->said.user, ticket_store_spent);
	const struct ticket *spent = find_spent(proof, tickets);
	const char *why = spent == NULL ? "no-ticket"
			  : spent->used ? "ticket-used"
					: "ticket-expired";
	g_autofree char *detail =
		note_texts("session", proof->session_id, "why", why, "typed", proof->said.user,
			   "door", "nla-ticket", "ticket", spent != NULL ? spent->id : NULL, NULL);
	g_autoptr(GError) error = NULL;

	if (!audit_store_add(db, "", "login-refused", "", proof->viewer_address, detail, &error))
		g_warning("a refused login cannot be written down: %s", error->message);
}

struct ticket *ticket_door_check(struct db *db, const struct ticket_proof *proof,
				 uint8_t ret_ntowfv2[NT_HASH_BYTES])
{
	g_autoptr(GPtrArray) tickets = look_up(db, proof->said.user, ticket_store_candidates);
	uint8_t ntowfv2[NT_HASH_BYTES] = {0};

	memset(ret_ntowfv2, 0, NT_HASH_BYTES);
	for (guint i = 0; tickets != NULL && i < tickets->len; i++) {
		struct ticket *ticket = tickets->pdata[i];
		if (!fits(proof, ticket, ntowfv2))
			continue;
		if (!use_up(db, proof, ticket))
			break;
		memcpy(ret_ntowfv2, ntowfv2, NT_HASH_BYTES);
		secret_wipe(ntowfv2, sizeof ntowfv2);
		struct ticket *won = g_ptr_array_steal_index(tickets, i);
		return won;
	}
	secret_wipe(ntowfv2, sizeof ntowfv2);
	write_refusal(db, proof);
	return NULL;
}

void ticket_proof_clear(struct ticket_proof *proof)
{
	g_free(proof->session_id);
	g_free(proof->viewer_address);
	message_clear(broker_message_type(BROKER_NLA_PROOF), &proof->said);
	*proof = (struct ticket_proof){0};
}
