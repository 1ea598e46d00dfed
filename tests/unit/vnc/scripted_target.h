/** A target for the VNC back that is a function on a thread of its own, at the other end of a
 *  socket pair, and the words it may say. */
#pragma once

#include "gateway/vnc/vnc_stream.h"
#include "tests/support/session_double.h"

#define RED 0xff0000u
#define GREEN 0x00ff00u
#define BLUE 0x0000ffu

struct target {
	struct vnc_stream stream;
	void (*play)(struct target *target);
	struct session *session;
	struct back_target granted;
	char password[32];
	enum end_reason reason;
	char *detail;
	gint64 ended_us;
};

/** The back is granted this target in plain text; a test may change `granted` before it runs. */
void target_init(struct target *target, void (*play)(struct target *));
void target_finish(struct target *target);

/** Runs the back against the target while `meanwhile` (may be NULL) looks on; returns why the back
 *  ended. */
enum end_reason target_run_back(struct target *target, void (*meanwhile)(struct target *));
/** Asks the back to stop. */
void target_stop_back(struct target *target);

/* ---- its words, on its own thread ---- */

void target_say(struct target *t, const void *bytes, size_t length);
void target_say_16(struct target *t, unsigned value);
void target_hear(struct target *t, void *bytes, size_t length);
/** Version and these security types. */
void target_greet(struct target *t, const char *security_types, size_t n);
/** ClientInit is heard, ServerInit said. */
void target_server_init(struct target *t, unsigned width, unsigned height);
/** Greets with the security type None, which is chosen. */
void target_let_in(struct target *t);
/** Hears SetPixelFormat, SetEncodings and the first request. */
void target_hear_setup(struct target *t);
/** All of that, for a desktop of 64x48. */
void target_open_desktop(struct target *t);
void target_update(struct target *t, unsigned n_rects);
void target_rect(struct target *t, unsigned x, unsigned y, unsigned width, unsigned height,
		 int32_t encoding);
void target_raw_rect(struct target *t, unsigned x, unsigned y, unsigned width, unsigned height,
		     uint32_t bgrx);
void target_copy_rect(struct target *t, unsigned from_x, unsigned from_y, unsigned width,
		      unsigned height, unsigned x, unsigned y);
/** Keeps the connection until the other side closes it. */
void target_linger(struct target *t);
