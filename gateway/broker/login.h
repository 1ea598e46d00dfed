/** The decision about a login: who is it, and may they go where they want to. Blocks (database,
 *  argon2); runs on a thread of the pool. */
#pragma once

#include "base/end_reason.h"
#include "gateway/broker/proven.h"
#include "ipc/broker_proto.h"
#include "sql/target_store.h"
#include "sql/ticket_store.h"

#include <stdint.h>

struct login_request {
	struct proven *proven; /**< borrowed */
	char *session_id, *node, *front, *viewer_address;
	struct broker_login said; /**< owned */
	struct ticket
		*ticket; /**< proved before and used up; NULL through the password door; owned */
};

struct login_verdict {
	/** END_NONE: allowed; END_REFUSED for everything that is the person's; END_UNAVAILABLE */
	enum end_reason reason;
	const char *why;       /**< for staff: a word from a fixed set; never for the viewer */
	struct access *access; /**< only when allowed; owned by the verdict */
	const char *door;      /**< "password" or "nla-ticket" */
	char *viewer_name;
	uint64_t opened_utc_us;
};

/** Decides, and writes down what it decided before anybody acts on it: an audit record, and for an
 *  allowed login the session's row. Spends the same work whichever way a refusal comes about. */
void login_decide(struct db *db, const struct login_request *request, struct login_verdict *ret);

/** Free what the structs own and wipe the password; the structs themselves are the caller's. */
void login_request_clear(struct login_request *request);
void login_verdict_clear(struct login_verdict *verdict);
