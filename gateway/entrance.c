/* Peeks at connections on the main loop. It must not know what the request means;
 * gateway/peek.c reads it. */
#include "gateway/entrance.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

struct entrance {
	GQueue waits; /* struct entrance_wait */
};

struct entrance_wait {
	struct entrance *entrance;
	GList *link;
	int fd;
	size_t seen_bytes;
	guint source, timer;
	entrance_parse parse;
	entrance_heard heard;
	void *user_data;
};

struct entrance *entrance_create(void)
{
	struct entrance *entrance = g_new0(struct entrance, 1);

	g_queue_init(&entrance->waits);
	return entrance;
}

/* Frees the wait; returns the descriptor. */
static int dissolve(struct entrance_wait *wait)
{
	int fd = wait->fd;

	g_clear_handle_id(&wait->source, g_source_remove);
	g_clear_handle_id(&wait->timer, g_source_remove);
	g_queue_delete_link(&wait->entrance->waits, wait->link);
	g_free(wait);
	return fd;
}

void entrance_cancel(struct entrance_wait *wait)
{
	close(dissolve(wait));
}

void entrance_destroy(struct entrance *entrance)
{
	if (entrance == NULL)
		return;
	while (entrance->waits.head != NULL)
		entrance_cancel(entrance->waits.head->data);
	g_free(entrance);
}

static void give_up(struct entrance_wait *wait, const char *why)
{
	entrance_heard heard = wait->heard;
	void *user_data = wait->user_data;

	entrance_cancel(wait);
	heard(-1, NULL, why, user_data);
}

static gboolean too_late(void *user_data)
{
	struct entrance_wait *wait = user_data;

	wait->timer = 0;
	give_up(wait, wait->seen_bytes > 0 ? "its first message was not complete in time"
					   : "it said nothing in time");
	return G_SOURCE_REMOVE;
}

/* The bytes stay in the socket, so it would stay readable: the low-water mark makes poll
 * wait for the next one. */
static bool wait_for_more(int fd, size_t seen_bytes)
{
	int mark = (int)seen_bytes + 1;

	return setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark) == 0;
}

/* Takes the preconnection blob out of the stream; its bytes were peeked at, so they are all
 * there. */
static bool skip_blob(int fd, size_t pcb_bytes)
{
	uint8_t blob[PEEK_PCB_MAX_BYTES];

	return pcb_bytes == 0 || recv(fd, blob, pcb_bytes, MSG_DONTWAIT) == (ssize_t)pcb_bytes;
}

static void hand_over(struct entrance_wait *wait, const struct peek_request *request)
{
	entrance_heard heard = wait->heard;
	void *user_data = wait->user_data;
	const int mark = 1;

	if (!skip_blob(wait->fd, request->pcb_bytes) ||
	    setsockopt(wait->fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark) != 0) {
		give_up(wait, "its socket failed");
		return;
	}
	heard(dissolve(wait), request, NULL, user_data);
}

static gboolean peek(int fd, GIOCondition condition, void *user_data)
{
	struct entrance_wait *wait = user_data;
	uint8_t bytes[PEEK_MAX_BYTES];
	struct peek_request request;
	ssize_t n = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	/* returning FALSE removes it; every path below either ends the wait or makes a new one */
	wait->source = 0;
	if (n <= 0 || (size_t)n == wait->seen_bytes) {
		give_up(wait, "it left before saying anything whole");
		return G_SOURCE_REMOVE;
	}
	enum peek_result result = wait->parse(bytes, (size_t)n, &request);
	if (result == PEEK_DONE)
		hand_over(wait, &request);
	else if (result == PEEK_BAD || !wait_for_more(fd, (size_t)n))
		give_up(wait, "its first bytes are no viewer's");
	else {
		wait->seen_bytes = (size_t)n;
		wait->source = g_unix_fd_add(fd, G_IO_IN, peek, wait);
	}
	return G_SOURCE_REMOVE;
}

struct entrance_wait *entrance_listen(struct entrance *entrance, int fd, entrance_parse parse,
				      uint32_t deadline_ms, entrance_heard heard, void *user_data)
{
	struct entrance_wait *wait = g_new0(struct entrance_wait, 1);

	wait->entrance = entrance;
	wait->fd = fd;
	wait->parse = parse;
	wait->heard = heard;
	wait->user_data = user_data;
	g_queue_push_tail(&entrance->waits, wait);
	wait->link = entrance->waits.tail;
	wait->source = g_unix_fd_add(fd, G_IO_IN, peek, wait);
	wait->timer = g_timeout_add(deadline_ms, too_late, wait);
	return wait;
}
