/* One session process's link. What it sends is hostile; a bad packet ends the link and so, after a
 * while, the recording. */
#include "recorder/session_link.h"

#include "ipc/link.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

struct session_link {
	int fd;
	guint source;
	struct recording *recording;
	/* a canvas is not answered yet: a session waits for that before it offers another */
	bool asked;
	struct packet packet;
};

static int take_canvas(struct session_link *link)
{
	const struct message_type *type = recorder_message_type(link->packet.type);
	struct recorder_canvas canvas;

	if (type == NULL || type->number != RECORDER_CANVAS || link->packet.n_fds != type->n_fds ||
	    message_decode(type, link->packet.bytes, link->packet.length, &canvas) < 0)
		return -EPROTO;
	/* Each one waiting holds two descriptors, which all recordings share. */
	if (link->asked)
		return -EPROTO;
	link->asked = true;
	recording_offer_canvas(link->recording, packet_take_fd(&link->packet, 0),
			       packet_take_fd(&link->packet, 1), canvas.width_px, canvas.height_px);
	return 0;
}

static gboolean hear(gint fd, GIOCondition condition, gpointer data)
{
	struct session_link *link = data;
	int result = link_receive(fd, &link->packet, 0);

	if (result == -ETIMEDOUT)
		return G_SOURCE_CONTINUE;
	if (result == 0) {
		result = take_canvas(link);
		packet_clear(&link->packet);
	}
	if (result == 0)
		return G_SOURCE_CONTINUE;
	if (result == -EPROTO)
		g_warning("a session sent its recorder something that is no canvas, or one out of "
			  "turn");
	link->source = 0;
	shutdown(link->fd, SHUT_RDWR);
	recording_link_lost(link->recording);
	return G_SOURCE_REMOVE;
}

struct session_link *session_link_create(int fd, struct recording *recording)
{
	struct session_link *link = g_new0(struct session_link, 1);

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	link->fd = fd;
	link->recording = recording;
	link->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, hear, link);
	return link;
}

void session_link_destroy(struct session_link *link)
{
	if (link == NULL)
		return;
	g_clear_handle_id(&link->source, g_source_remove);
	close(link->fd);
	g_free(link);
}

void session_link_canvas_ready(struct session_link *link, enum end_reason reason)
{
	const struct recorder_canvas_ready ready = {.reason = reason};

	link->asked = false;
	int result =
		link_send(link->fd, recorder_message_type(RECORDER_CANVAS_READY), &ready, NULL, 0);

	if (result < 0)
		g_debug("a session does not hear that its canvas is recorded: %s",
			g_strerror(-result));
}
