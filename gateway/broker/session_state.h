/** The table of what a session process may say, and when. Everything else ends that session. */
#pragma once

#include "ipc/broker_proto.h"

#include <stdbool.h>

enum broker_state {
	BROKER_STATE_STARTING,	 /**< process started, READY awaited */
	BROKER_STATE_SPARE,	 /**< ready, no viewer yet: has nothing to say */
	BROKER_STATE_HANDSHAKE,	 /**< START sent */
	BROKER_STATE_PROVING,	 /**< NLA_PROOF is being looked at */
	BROKER_STATE_PROVED,	 /**< NLA_ANSWER said yes */
	BROKER_STATE_LOGGING_IN, /**< LOGIN is being looked at */
	BROKER_STATE_ADMITTED,	 /**< LOGIN_ANSWER said yes */
	BROKER_STATE_DIALLING,	 /**< DIAL is being done */
	BROKER_STATE_OPEN,	 /**< TARGET_SOCKET handed over */
	BROKER_STATE_RUNNING,	 /**< first picture */
	BROKER_STATE_REFUSED,	 /**< some answer said no: only ENDED is left */
	/** TERMINATE sent: what crosses it on the way is legal, and counts for nothing */
	BROKER_STATE_STOPPING,
	BROKER_STATE_ENDED, /**< ENDED came: nothing is left */
	BROKER_STATE_COUNT
};

/** For the log. Never NULL. */
const char *broker_state_name(enum broker_state state);

/** Whether message `type` is legal in `state`; `*ret_next` is the state to be in
 *  while it is looked at. */
bool session_state_step(enum broker_state state, uint16_t type, enum broker_state *ret_next);
