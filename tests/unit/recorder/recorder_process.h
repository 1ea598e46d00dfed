/** A whole vitrine-recorder as a process, seen from its gateway and from a session. Tests only. */
#pragma once

#include "base/end_reason.h"
#include "ipc/recorder_proto.h"
#include "recorder/crypt/archive_key.h"
#include "recorder/ring/ring_writer.h"
#include "tests/support/signing_key.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TEST_SESSION "6f9619ff-8b86-4011-b42d-00c04fc964ff"

struct recorder_process {
	char *dir, *store_dir, *config, *socket, *live_socket;
	struct signing_key key;
	pid_t pid;
	int gateway_fd; /**< our link as the gateway */
	/** For the next start: rules of tests/support/fault_disk.c, the file of
	 *  tests/support/stepped_clock.c; NULL: none. */
	const char *faults, *stepped_clock;
	const char *keys; /**< what OPEN says of them; NULL: nothing */
};

/** Opens what recorders under test encrypt. One for the whole program. */
const struct archive_key *recorder_process_archive_key(void);

/** Makes directory, key and configuration; starts nothing. `database`: name one that is away; else
 *  none. */
void recorder_process_init(struct recorder_process *p, bool database);
/** Adds lines to the section `recorder` of the configuration; after
 *  recorder_process_init without a database. */
void recorder_process_configure(struct recorder_process *p, const char *lines);
void recorder_process_start(struct recorder_process *p); /**< and connects as the gateway */
void recorder_process_kill(struct recorder_process *p);	 /**< SIGKILL */
void recorder_process_stop(struct recorder_process *p);	 /**< SIGTERM, expects exit 0 */
void recorder_process_finish(struct recorder_process *p);
/** Waits until it was killed, by a rule of `faults` perhaps. */
void recorder_process_expect_killed(struct recorder_process *p);
/** The directory of TEST_SESSION; g_free it. */
char *recorder_process_recording(const struct recorder_process *p);
/** Plain text of a file in a session's recording; g_free it. NULL: there is none. */
char *recorder_process_read(const struct recorder_process *p, const char *session_id,
			    const char *name);
/** The lines of a segment's timeline; NULL: there is none. g_free it. */
char *recorder_process_timeline(const struct recorder_process *p, const char *session_id,
				unsigned segment);
/** Bytes of video that lie there. */
uint64_t recorder_process_video_bytes(const struct recorder_process *p);

/** Waits for a message of this type (others are skipped) and decodes it; message_clear it. */
void recorder_process_expect(struct recorder_process *p, enum recorder_type type, void *ret);
/** The same, but false when the recorder dies instead. */
bool recorder_process_hear(struct recorder_process *p, enum recorder_type type, void *ret);
void recorder_process_send(struct recorder_process *p, enum recorder_type type, const void *message,
			   const int *fds, unsigned n_fds);

/** A session that paints. */
struct painter {
	int link_fd;
	struct ring_writer *writer;
	const char *session_id; /**< NULL: TEST_SESSION */
};

/** OPEN (and OPENED), then CANVAS (and CANVAS_READY). */
void painter_open(struct painter *painter, struct recorder_process *p, uint32_t width,
		  uint32_t height, bool resume);
/** OPEN (and OPENED) alone. */
void painter_connect(struct painter *painter, struct recorder_process *p, bool resume);
/** The session offers itself and its canvas again, to a recorder that came back. */
void painter_resume(struct painter *painter, struct recorder_process *p);
/** Offers the canvas it has; what the recorder says to it. */
enum end_reason painter_ask(struct painter *painter);
/** The same, and it has to be taken; false when the recorder dies. */
bool painter_offer(struct painter *painter);
/** Only the canvas: the session resizes. */
void painter_canvas(struct painter *painter, uint32_t width, uint32_t height);
void painter_fill(struct painter *painter, const struct rect *r, uint32_t bgrx);
void painter_event(struct painter *painter, const char *json);
void painter_finish(struct painter *painter);
