/** The door for one-time tickets: an NTLM proof is checked against the tickets that wait for its
 *  user. Blocks on the database; runs on a thread of the pool. */
#pragma once

#include "gateway/broker/nt_hash.h"
#include "gateway/broker/vault.h"
#include "sql/ticket_store.h"

#include <stdbool.h>

/** Whether a ticket waits for the user in an X.224 cookie, so that offering NLA makes sense; or one
 *  was spent a moment ago, so that who comes with it again is refused as a wrong password is. False
 *  when the database is away. */
bool ticket_door_expects(struct db *db, const char *cookie);

struct ticket_proof {
	const struct vault *vault;
	const struct nt_hasher *hasher;
	char *session_id, *viewer_address;
	struct broker_nla_proof said; /**< owned */
};

/** Checks the proof; the ticket that fits is used up and written down before this returns. Returns
 *  it (ticket_free) and the NTOWFv2 for the session process; NULL when there is none, or anything
 *  fails. */
struct ticket *ticket_door_check(struct db *db, const struct ticket_proof *proof,
				 uint8_t ret_ntowfv2[NT_HASH_BYTES]);

/** Frees what the proof owns; the struct itself is the caller's. */
void ticket_proof_clear(struct ticket_proof *proof);
