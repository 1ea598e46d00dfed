/** The gateway's one connection to the recorder: opens and closes recordings and puts on them what
 *  the gateway knows. It is made again whenever it breaks; events and closings wait until the
 *  recorder has them for good (recorder_outbox.h), openings do not. Main loop only. */
#pragma once

#include "base/end_reason.h"
#include "ipc/recorder_proto.h"

#include <stdbool.h>

struct recorder_link;

struct recorder_listener {
	/** Connected again: open running recordings anew (resume = 1), before waiting events
	 *  follow. */
	void (*up)(void *user_data);
	/** The recorder is gone; nothing can be opened until up. */
	void (*down)(void *user_data);
	/** The answer to recorder_link_open: END_NONE, or why not; with a reason also later, when
	 *  the recorder ends a recording by itself. Texts are borrowed. */
	void (*opened)(const char *session_id, enum end_reason reason, const char *detail,
		       void *user_data);
	/** The recording is closed for ever; once. Borrowed. */
	void (*sealed)(const struct recorder_sealed *sealed, void *user_data);
	/** An event that will never stand in its recording: that was over, or not there. */
	void (*lost)(const char *session_id, const char *json, void *user_data);
};

/** Starts connecting to `path` (config.recorder.socket_path); never fails. */
struct recorder_link *
recorder_link_create(const char *path, const struct recorder_listener *listener, void *user_data);
/** What still waits is sent if the recorder takes it at once. NULL is fine. */
void recorder_link_destroy(struct recorder_link *link);

/** END_NONE when a new recording may be opened now; else why not: no recorder, one that takes no
 *  messages, a full store. */
enum end_reason recorder_link_refusal(const struct recorder_link *link);

/** Asks to open a recording; `session_end_fd` (borrowed) is the recorder's end of the session link.
 *  `opened` follows, or `down`. Returns 0, -ENOTCONN or what link_send says. */
int recorder_link_open(struct recorder_link *link, const struct recorder_open *open,
		       int session_end_fd);

/** One JSON object onto the timeline of an open recording. Copied. */
void recorder_link_event(struct recorder_link *link, const char *session_id, const char *json);
/** The session is over, and why: the recorder seals the recording, `sealed` follows. Copied. */
void recorder_link_close(struct recorder_link *link, const char *session_id, enum end_reason reason,
			 const char *detail);
