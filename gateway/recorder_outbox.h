/** What the gateway has to say about recordings and does not know to be in them yet: events until
 *  the recorder has written them, closings until it has sealed. It keeps them in order and across
 *  connections. No sockets; main loop only.
 *
 *  Nothing is dropped for other sessions' sake, and a closing never. Of one recording
 *  OUTBOX_EVENTS_MAX events may wait, far more than a session has to tell; beyond that an event
 *  is left out and one of type "events-dropped" in its place tells the recording how many there
 *  were, and from when to when. */
#pragma once

#include "base/end_reason.h"
#include "ipc/recorder_proto.h"

#include <stdbool.h>

#define OUTBOX_EVENTS_MAX 256u

struct recorder_outbox;

struct recorder_outbox *recorder_outbox_create(void);
/** NULL is fine. */
void recorder_outbox_destroy(struct recorder_outbox *outbox);

/** One JSON object for the timeline; copied. */
void recorder_outbox_event(struct recorder_outbox *outbox, const char *session_id,
			   const char *json);
void recorder_outbox_close(struct recorder_outbox *outbox, const char *session_id,
			   enum end_reason reason, const char *detail);

/** What is to be said next; NULL: nothing. The message is borrowed until the next call of
 *  anything here. An event that is said late tells when it happened ("happened_utc"), one that
 *  was said before on a connection that is gone tells that, too ("repeated": true): it may stand
 *  in the recording twice. */
const struct message_type *recorder_outbox_next(struct recorder_outbox *outbox,
						const void **ret_message);
/** What recorder_outbox_next returned last is with the recorder: it follows with an answer, or
 *  is said again. */
void recorder_outbox_sent(struct recorder_outbox *outbox);
/** The connection is gone: what was not answered is to be said again. */
void recorder_outbox_rewind(struct recorder_outbox *outbox);

/** The recorder's TAKEN. Returns the event that will never stand in the recording, as JSON
 *  (g_free it); NULL: nothing is lost. */
char *recorder_outbox_taken(struct recorder_outbox *outbox, const struct recorder_taken *taken);
/** The recorder's SEALED: nothing more can be said. Returns the events that it did not take,
 *  GPtrArray of JSON texts (owned by it). */
GPtrArray *recorder_outbox_sealed(struct recorder_outbox *outbox, const char *session_id);

/** Whether nothing is left to be said; cheap, however much waits. */
bool recorder_outbox_all_said(const struct recorder_outbox *outbox);
/** Messages not said yet; all that are kept. */
unsigned recorder_outbox_unsaid(const struct recorder_outbox *outbox);
unsigned recorder_outbox_kept(const struct recorder_outbox *outbox);
