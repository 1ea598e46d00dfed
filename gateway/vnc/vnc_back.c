/* The VNC back: gets into a target, then carries its picture to the core and the core's input to it
 * until either side ends. RFB itself is LibVNCClient's matter, getting in is vnc_back_auth's;
 * nothing here knows of viewers. */
#include "gateway/vnc/vnc_back.h"

#include "gateway/vnc/vnc_glue.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX_BYTES (4u << 20) /* input that a target may leave unread; a clipboard fits */

static int prepare(void)
{
	int error = vnc_glue_prepare();

	vnc_back_update_prepare();
	return error;
}

/* A target that lost its power says nothing for ever; the kernel's probes notice within a
 * minute. */
static void watch_for_silence(int fd)
{
	int on = 1, idle_s = 30, interval_s = 10, probes = 3;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* During the handshake nothing but BACK_STOP matters. */
static bool told_to_stop(void *user)
{
	struct vnc_back *back = user;
	struct back_command command;

	while (!back->stopped && session_back_next(back->session, &command)) {
		if (command.kind == BACK_CLIPBOARD)
			g_free(command.clipboard);
		back->stopped = command.kind == BACK_STOP;
	}
	return back->stopped;
}

static bool session_over(void *session)
{
	return session_end_reason(session) != END_NONE;
}

/* Handles what the library has, then lets the pump sleep while we do. */
static enum end_reason relay(struct vnc_back *back)
{
	rfbClient *library = back->library;

	while (!back->stopped) {
		struct pollfd fds[2] = {{library->sock, POLLIN, 0},
					{session_back_fd(back->session), POLLIN, 0}};
		uint64_t delivered = vnc_pump_delivered(back->pump);

		if (poll(fds, 2, 0) == 0 && library->buffered == 0) {
			vnc_pump_set_idle(back->pump, delivered);
			if (poll(fds, 2, -1) < 0 && errno != EINTR)
				return END_FAULT;
		}
		if (fds[1].revents != 0 && !vnc_back_input_run(back))
			return END_TARGET_CLOSED;
		if (back->stopped)
			return END_NONE;
		if ((library->buffered > 0 || fds[0].revents != 0) &&
		    !HandleRFBServerMessage(library))
			return END_TARGET_PROTOCOL;
		if (back->failed != END_NONE)
			return back->failed;
	}
	return END_NONE;
}

/* The library only says that it could not go on; the pump knows whether the target hung up. */
static enum end_reason explain(struct vnc_back *back, enum end_reason reason, char **ret_detail)
{
	enum vnc_pump_end ended = vnc_pump_ended(back->pump);

	if (back->failed != END_NONE) {
		*ret_detail = g_strdup(back->failed_detail);
		return back->failed;
	}
	if (back->stopped || session_over(back->session))
		return END_NONE;
	if (ended == VNC_PUMP_PEER_CLOSED)
		return END_TARGET_CLOSED;
	if (ended == VNC_PUMP_BROKEN)
		*ret_detail = g_strdup("the target's TLS is broken");
	else if (ended == VNC_PUMP_SILENT)
		*ret_detail = g_strdup("the target fell silent inside a message");
	else if (reason == END_TARGET_PROTOCOL)
		*ret_detail = g_strdup("the target broke the protocol");
	return reason;
}

static enum end_reason run_library(struct vnc_back *back, const struct vnc_back_hello *hello,
				   char **ret_detail)
{
	enum end_reason reason = END_TARGET_PROTOCOL;

	/* Its own readTimeout counts the times it had to wait, progress or not, and gives up on a
	 * large rectangle that comes in small pieces (0.9.14); the pump watches for silence
	 * instead. */
	back->library->readTimeout = 0;
	vnc_back_update_attach(back);
	session_title(back->session, VNC_BACK_TITLE, hello->name);
	if (vnc_back_update_start(back, hello))
		reason = relay(back);
	return explain(back, reason, ret_detail);
}

static void close_library(struct vnc_back *back)
{
	if (back->library == NULL)
		return;
	/* The library forgets the last cursor (0.9.14) or frees it, too (0.9.15). */
	free(g_steal_pointer(&back->library->rcSource));
	rfbClientCleanup(back->library); /* closes its end of the pair too */
	g_free(back->picture);
}

static enum end_reason run(struct session *session, struct back_target *target, char **ret_detail)
{
	struct vnc_back back = {.session = session};
	struct vnc_pump_options options = {.name = "vnc-back-pump",
					   .queue_max_bytes = QUEUE_MAX_BYTES,
					   .silence_ms = VNC_BACK_SILENCE_MS,
					   .cancelled = session_over,
					   .user = session};
	struct vnc_back_hello hello = {0};
	struct vnc_stream stream;
	enum end_reason reason;

	*ret_detail = NULL;
	vnc_stream_init(&stream, target->fd, VNC_BACK_HANDSHAKE_MS);
	target->fd = -1;
	watch_for_silence(stream.fd);
	stream.wake_fd = session_back_fd(session);
	stream.stopped = told_to_stop;
	stream.user = &back;
	reason = vnc_back_handshake(&stream, target, &hello, ret_detail);
	back.library = reason == END_NONE && !back.stopped ? rfbGetClient(8, 3, 4) : NULL;
	if (back.library != NULL) {
		back.pump = vnc_pump_start(&stream, &options, &back.library->sock);
		reason = back.pump != NULL ? run_library(&back, &hello, ret_detail) : END_FAULT;
	}
	close_library(&back);
	vnc_pump_stop(back.pump, 0);
	vnc_stream_finish(&stream);
	return back.stopped ? END_NONE : reason;
}

const struct back_ops vnc_back = {
	.name = "vnc",
	.keys = BACK_KEYS_KEYSYM,
	.prepare = prepare,
	.run = run,
};
