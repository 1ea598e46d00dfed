/** One session as the gateway sees it. Private to gateway/broker. Main loop only. */
#pragma once

#include "gateway/broker/broker.h"
#include "gateway/broker/dial.h"
#include "gateway/broker/login.h"
#include "gateway/broker/session_state.h"
#include "ipc/link.h"

enum recording {
	RECORDING_NONE,
	RECORDING_ASKED,  /**< OPEN sent */
	RECORDING_OPEN,	  /**< OPENED said yes */
	RECORDING_ASTRAY, /**< was open when the recorder went away */
};

struct broker_session {
	struct broker *broker;
	char *id;
	const char *front;
	struct address from;
	bool offer_nla;
	int viewer_fd; /**< until START; then -1 */
	struct worker *worker;
	guint link_source;
	enum broker_state state;

	guint deadline; /**< of the present stage */
	guint grace;	/**< after TERMINATE or ENDED: SIGKILL */
	guint cut;	/**< after TERMINATE: the target's socket is shut */

	enum end_reason end_reason; /**< END_NONE until it is known */
	char *end_detail;
	/** decided by the gateway: what the session process says about it does not count */
	bool end_is_ours;

	char *backoff_user; /**< whose login is being decided; NULL: none */
	uint64_t answer_not_before_us;
	guint answer_timer; /**< a login that waits in line, or a refusal that is held back */
	struct ticket *ticket;
	struct login_verdict verdict;

	struct dial *dial;
	int target_fd; /**< our duplicate: lets us cut a session off from its target */
	enum recording recording;
	bool recorder_told;   /**< the recorder knows this session: it must hear CLOSE */
	int record_fd;	      /**< the session's end of its recorder link, until OPENED */
	guint recorder_timer; /**< how long it may stay without a recorder */
};

struct broker {
	const struct broker_tools *tools;
	GHashTable *sessions; /* id -> struct broker_session */
	struct packet *packet;
	bool stopping;
	void (*empty)(void *user_data);
	void *empty_data;
};

/* broker.c */
/** NULL when there is none of this id. */
struct broker_session *broker_find(struct broker *broker, const char *session_id);
void broker_forget(struct broker_session *session); /**< frees it */

/* broker_session.c */
/** Asks for a process; START follows when it is there. */
void session_begin(struct broker_session *session);
/** Sends, or ends the session when it does not take messages. Returns true when it was sent. */
bool session_send(struct broker_session *session, enum broker_type type, const void *message,
		  int fd);
/** The gateway's own decision to end it: TERMINATE, then force. `words` may be NULL. */
void session_terminate(struct broker_session *session, enum end_reason reason, const char *words,
		       const char *detail);
/** The session process broke the rules: it is killed. */
void session_violated(struct broker_session *session, const char *what);
/** Notes why it ends, unless that is known already. */
void session_note_end(struct broker_session *session, enum end_reason reason, const char *detail);
/** The stage that begins now must be over in `ms`, or the session ends; 0: no limit. */
void session_set_deadline(struct broker_session *session, uint32_t ms);

/* broker_login.c */
/** Messages of the session process, legal in its state; each takes what the message owns. */
void session_take_proof(struct broker_session *session, struct broker_nla_proof *proof);
void session_take_login(struct broker_session *session, struct broker_login *login);

/* broker_dial.c */
/** DIAL came: reaches the target, then has the recording opened, then hands over. */
void session_take_dial(struct broker_session *session);
/** The recorder's OPENED: END_NONE, or why it does not record (any more). */
void session_recording_answer(struct broker_session *session, enum end_reason reason,
			      const char *detail);
/** The recorder is there again: a recording that ran is opened anew. It is gone: the session
 *  process learns that from its own link, here the time runs that it has to come back. */
void session_recorder_up(struct broker_session *session);
void session_recorder_down(struct broker_session *session);
