/* The VNC front: lets a viewer in, waits for its target, then serves it through LibVNCServer until
 * either side ends. RFB's messages are the library's matter; nothing here knows of targets. */
#include "gateway/vnc/vnc_front.h"

#include "gateway/vnc/vnc_glue.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* RFB does not say how large the viewer's window is; a target that can choose starts with this. */
#define VIEW_WIDTH_PX 1280u
#define VIEW_HEIGHT_PX 800u
/* One raw 4K picture may wait for a slow viewer without stopping this thread. */
#define QUEUE_MAX_BYTES (48u << 20)
#define LINGER_MS 200u
#define HELD_BACK_POLL_MS 20

/* LibVNCServer starts every viewer with a handshake of its own. It was done properly before, over
 * TLS, so here it talks to these bytes: version 3.8 and security type None. What it answers
 * (version, list of one type, result) never reaches the viewer. */
static const char greeting[] = "RFB 003.008\n\x01";
#define GREETING_BYTES 13u
#define GREETING_ANSWER_BYTES (12u + 2u + 4u)

static int prepare(void)
{
	return vnc_glue_prepare();
}

static bool take_flags(void *user)
{
	struct vnc_front *front = user;

	front->flags |= session_front_flags(front->session);
	return (front->flags & FRONT_END) != 0;
}

static bool session_over(void *session)
{
	return session_end_reason(session) != END_NONE;
}

/* After the verdict: until the target's first size is known, or the session ended. */
static bool wait_for_target(struct vnc_front *front)
{
	struct session_view view = {MIN(VIEW_WIDTH_PX, front->start->max_width_px),
				    MIN(VIEW_HEIGHT_PX, front->start->max_height_px), 0};
	g_autofree char *words = NULL;

	session_open_target(front->session, &view);
	while ((front->flags & (FRONT_RUNNING | FRONT_END)) == 0) {
		struct pollfd fds[2] = {{session_front_fd(front->session), POLLIN, 0},
					{front->stream.fd, POLLRDHUP, 0}};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			session_end(front->session, END_FAULT, "poll");
		if (fds[1].revents != 0)
			session_end(front->session, END_VIEWER_LEFT,
				    "the viewer left while the target was dialled");
		take_flags(front);
		if (fds[1].revents != 0)
			return false;
	}
	if (!(front->flags & FRONT_END))
		return true;
	words = session_end_words(front->session);
	vnc_front_refuse(front, words);
	return false;
}

static void viewer_gone(rfbClientPtr viewer)
{
	struct vnc_front *front = viewer->screen->screenData;

	front->viewer = NULL;
}

/* Hands the viewer to the library. */
static bool open_library(struct vnc_front *front)
{
	struct vnc_pump_options options = {.name = "vnc-front-pump",
					   .greeting = greeting,
					   .greeting_bytes = GREETING_BYTES,
					   .discard_bytes = GREETING_ANSWER_BYTES,
					   .queue_max_bytes = QUEUE_MAX_BYTES,
					   .cancelled = session_over,
					   .user = front->session};
	int fd;

	if (!vnc_front_picture_open(front))
		return false;
	vnc_front_input_attach(front);
	vnc_front_cursor_shape(front);
	front->pump = vnc_pump_start(&front->stream, &options, &fd);
	if (front->pump == NULL)
		return false;
	front->viewer = rfbNewClient(front->screen, fd); /* owns fd, also when it fails */
	if (front->viewer == NULL)
		return false;
	front->viewer->clientGoneHook = viewer_gone;
	return true;
}

static void follow_core(struct vnc_front *front)
{
	unsigned flags = front->flags;

	if (flags & FRONT_RESIZED)
		vnc_front_picture_resize(front);
	if (flags & FRONT_CURSOR_SHAPE)
		vnc_front_cursor_shape(front);
	if (flags & FRONT_CURSOR_MOVED)
		vnc_front_cursor_moved(front);
	if (flags & FRONT_CLIPBOARD)
		vnc_front_input_clipboard(front);
	if (flags & FRONT_NOTICE)
		vnc_front_notice_changed(front);
	front->flags &= FRONT_PICTURE | FRONT_RESIZED | FRONT_END | FRONT_RUNNING;
}

static void serve(struct vnc_front *front)
{
	while (front->viewer != NULL && !(front->flags & FRONT_END)) {
		struct pollfd fds[2] = {{front->viewer->sock, POLLIN, 0},
					{session_front_fd(front->session), POLLIN, 0}};
		uint64_t delivered = vnc_pump_delivered(front->pump);

		if (poll(fds, 2, 0) == 0) {
			vnc_pump_set_idle(front->pump, delivered);
			if (poll(fds, 2, front->held_back ? HELD_BACK_POLL_MS : -1) < 0 &&
			    errno != EINTR)
				break;
		}
		if (fds[1].revents != 0)
			take_flags(front);
		/* Not rfbProcessEvents: it would also send pictures to a viewer that does not read
		 * them. */
		if (fds[0].revents != 0)
			rfbCheckFds(front->screen, 0);
		follow_core(front);
		vnc_front_picture_send(front);
		if (front->viewer->sock == RFB_INVALID_SOCKET)
			rfbClientConnectionGone(front->viewer); /* calls viewer_gone */
	}
}

/* Who ended it, when nobody said so yet. */
static void end_session(struct vnc_front *front)
{
	enum vnc_pump_end ended = vnc_pump_ended(front->pump);

	session_release_input(front->session);
	if (ended == VNC_PUMP_PEER_CLOSED)
		session_end(front->session, END_VIEWER_LEFT, NULL);
	else if (ended == VNC_PUMP_BROKEN)
		session_end(front->session, END_VIEWER_PROTOCOL, "the viewer's TLS is broken");
	else
		session_end(front->session, END_VIEWER_PROTOCOL,
			    "the viewer broke the protocol or fell silent inside a message");
}

static void serve_viewer(struct vnc_front *front)
{
	if (!vnc_front_welcome(front))
		return;
	if (open_library(front)) {
		serve(front);
		end_session(front);
	} else {
		session_end(front->session, END_FAULT, "the viewer's picture could not be set up");
	}
	vnc_front_picture_close(front); /* closes the library's end of the pair */
	vnc_pump_stop(front->pump, LINGER_MS);
}

static void run(struct session *session, int viewer_fd, const struct session_start *start)
{
	struct vnc_front front = {.session = session, .start = start};
	int on = 1;

	vnc_stream_init(&front.stream, viewer_fd, start->handshake_deadline_ms);
	setsockopt(viewer_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	front.stream.wake_fd = session_front_fd(session);
	front.stream.stopped = take_flags;
	front.stream.user = &front;
	if (vnc_front_login(&front) && wait_for_target(&front))
		serve_viewer(&front);
	g_free(front.desktop_name);
	g_free(front.notice);
	vnc_front_notice_forget(&front);
	vnc_stream_finish(&front.stream);
}

const struct front_ops vnc_front = {
	.name = "vnc",
	.prepare = prepare,
	.run = run,
};
