/** A VNC front under test and its viewer, joined by a socket pair. */
#pragma once

#include "gateway/vnc/vnc_stream.h"
#include "tests/support/session_double.h"
#include "tests/unit/vnc/test_certificate.h"

#define RED 0xff0000u
#define GREEN 0x00ff00u
#define BLUE 0x0000ffu

struct desk {
	struct session *session; /**< the front's */
	struct session *seen;	 /**< what the viewer saw */
	struct session_start start;
	struct back_target granted;
	struct test_certificate certificate;
	char password[32];
	int front_fd;
	/** For a test that is the viewer itself; its own to init and finish. */
	struct vnc_stream wire;
	enum end_reason viewer_reason;
	char *viewer_detail;
	GThread *front, *viewer;
};

/** The only user is "alice%web1", password "geheim". Returns the viewer's end of the connection. */
int desk_init(struct desk *desk);
void desk_start_front(struct desk *desk);
/** Starts the front and an honest viewer with this password on that end. */
void desk_start_viewer(struct desk *desk, int fd, const char *password);
/** All of that, until the viewer has a desktop of 200x150. */
void desk_open(struct desk *desk);
/** Waits for those threads that run. */
void desk_finish(struct desk *desk);
/** The viewer leaves, then as desk_finish. */
void desk_close(struct desk *desk);
