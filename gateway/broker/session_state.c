/* The broker protocol's state table, from ipc/broker_proto.h. It must not know how a message is
 * answered; the answers move the state on in broker_session.c. */
#include "gateway/broker/session_state.h"

#include <glib.h>

static const char *const names[BROKER_STATE_COUNT] = {
	[BROKER_STATE_STARTING] = "starting",	[BROKER_STATE_SPARE] = "spare",
	[BROKER_STATE_HANDSHAKE] = "handshake", [BROKER_STATE_PROVING] = "proving",
	[BROKER_STATE_PROVED] = "proved",	[BROKER_STATE_LOGGING_IN] = "logging-in",
	[BROKER_STATE_ADMITTED] = "admitted",	[BROKER_STATE_DIALLING] = "dialling",
	[BROKER_STATE_OPEN] = "open",		[BROKER_STATE_RUNNING] = "running",
	[BROKER_STATE_REFUSED] = "refused",	[BROKER_STATE_STOPPING] = "stopping",
	[BROKER_STATE_ENDED] = "ended",
};

/* Each request leads to a state in which it is not legal any more, so each is acted on once. */
static const struct {
	enum broker_state state;
	uint16_t type;
	enum broker_state next;
} rows[] = {
	{BROKER_STATE_STARTING, BROKER_READY, BROKER_STATE_SPARE},
	{BROKER_STATE_HANDSHAKE, BROKER_NLA_PROOF, BROKER_STATE_PROVING},
	{BROKER_STATE_HANDSHAKE, BROKER_LOGIN, BROKER_STATE_LOGGING_IN},
	{BROKER_STATE_PROVED, BROKER_LOGIN, BROKER_STATE_LOGGING_IN},
	{BROKER_STATE_ADMITTED, BROKER_DIAL, BROKER_STATE_DIALLING},
	{BROKER_STATE_OPEN, BROKER_RUNNING, BROKER_STATE_RUNNING},
	/* The viewer may leave, and the target may hang up, at any moment after START. */
	{BROKER_STATE_HANDSHAKE, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_PROVING, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_PROVED, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_LOGGING_IN, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_ADMITTED, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_DIALLING, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_OPEN, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_RUNNING, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_REFUSED, BROKER_ENDED, BROKER_STATE_ENDED},
	{BROKER_STATE_STOPPING, BROKER_ENDED, BROKER_STATE_ENDED},
	/* Sent before TERMINATE was read. */
	{BROKER_STATE_STOPPING, BROKER_NLA_PROOF, BROKER_STATE_STOPPING},
	{BROKER_STATE_STOPPING, BROKER_LOGIN, BROKER_STATE_STOPPING},
	{BROKER_STATE_STOPPING, BROKER_DIAL, BROKER_STATE_STOPPING},
	{BROKER_STATE_STOPPING, BROKER_RUNNING, BROKER_STATE_STOPPING},
};

const char *broker_state_name(enum broker_state state)
{
	return (unsigned)state < BROKER_STATE_COUNT ? names[state] : "unknown";
}

bool session_state_step(enum broker_state state, uint16_t type, enum broker_state *ret_next)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		if (rows[i].state == state && rows[i].type == type) {
			*ret_next = rows[i].next;
			return true;
		}
	return false;
}
