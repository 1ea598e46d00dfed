/* Stands in for vitrine-recorder: answers OPEN, notes everything, can go away and come back. It
 * runs on a thread of its own; the test reads its notes from a queue. */
#include "tests/unit/gateway/process_fixture.h"

#include "base/end_reason.h"
#include "ipc/link.h"
#include "ipc/recorder_proto.h"
#include "tests/support/patience.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static GThread *thread;
static GAsyncQueue *notes;
static int control[2];
static gint accepting = 1;

static GAsyncQueue *failing; /* ids of recordings to fail */

static void note(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_async_queue_push(notes, g_strdup_vprintf(format, args));
	va_end(args);
}

static void say_storage(int fd)
{
	const struct recorder_storage storage = {(uint64_t)5 << 30,
						 (uint32_t)g_atomic_int_get(&accepting)};

	g_assert_cmpint(link_send(fd, recorder_message_type(RECORDER_STORAGE), &storage, NULL, 0),
			==, 0);
}

static void take_open(int fd, struct packet *packet)
{
	struct recorder_open open;
	char nothing[] = "";

	g_assert_cmpint(message_decode(recorder_message_type(RECORDER_OPEN), packet->bytes,
				       packet->length, &open),
			==, 0);
	g_assert_cmpuint(packet->n_fds, ==, 1);
	const struct recorder_opened opened = {
		.session_id = open.session_id, .reason = END_NONE, .detail = nothing};
	g_assert_cmpint(link_send(fd, recorder_message_type(RECORDER_OPENED), &opened, NULL, 0), ==,
			0);
	note("OPEN id=%s resume=%u user=%s viewer=%s target=%s at=%s account=%s front=%s back=%s "
	     "door=%s node=%s quality=%s",
	     open.session_id, open.resume, open.user, open.viewer_name, open.target,
	     open.target_address, open.account, open.front, open.back, open.door, open.node,
	     open.quality);
	message_clear(recorder_message_type(RECORDER_OPEN), &open);
}

static void say_taken(int fd, const char *session_id, uint64_t number)
{
	const struct recorder_taken taken = {(char *)(uintptr_t)session_id, number, 1};

	g_assert_cmpint(link_send(fd, recorder_message_type(RECORDER_TAKEN), &taken, NULL, 0), ==,
			0);
}

static void take_event(int fd, const struct packet *packet)
{
	struct recorder_event event;

	g_assert_cmpint(message_decode(recorder_message_type(RECORDER_EVENT), packet->bytes,
				       packet->length, &event),
			==, 0);
	note("EVENT id=%s %s", event.session_id, event.json);
	say_taken(fd, event.session_id, event.number);
	message_clear(recorder_message_type(RECORDER_EVENT), &event);
}

static void take_close(int fd, const struct packet *packet)
{
	struct recorder_close closing;

	g_assert_cmpint(message_decode(recorder_message_type(RECORDER_CLOSE), packet->bytes,
				       packet->length, &closing),
			==, 0);
	note("CLOSE id=%s reason=%s detail=%s", closing.session_id, end_reason_key(closing.reason),
	     closing.detail);
	say_taken(fd, closing.session_id, closing.number);
	message_clear(recorder_message_type(RECORDER_CLOSE), &closing);
}

/* Returns false when the gateway is gone. */
static bool hear_gateway(int fd, struct packet *packet)
{
	int result = link_receive(fd, packet, 0);

	if (result == -ECONNRESET)
		return false;
	g_assert_cmpint(result, ==, 0);
	if (packet->type == RECORDER_OPEN)
		take_open(fd, packet);
	else if (packet->type == RECORDER_EVENT)
		take_event(fd, packet);
	else if (packet->type == RECORDER_CLOSE)
		take_close(fd, packet);
	else
		note("ERROR type %u", packet->type);
	packet_clear(packet);
	return true;
}

static int take_connection(int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	say_storage(fd);
	note("CONNECTED");
	return fd;
}

/* A recording that runs cannot go on. */
static void say_full(int fd)
{
	g_autofree char *id = g_async_queue_pop(failing);
	char detail[] = "no space left";
	const struct recorder_opened opened = {
		.session_id = id, .reason = END_STORAGE_FULL, .detail = detail};

	g_assert_cmpint(link_send(fd, recorder_message_type(RECORDER_OPENED), &opened, NULL, 0), ==,
			0);
}

/* 's' in the control pipe: tell about storage; 'f': fail a recording; anything else: end. */
static bool hear_test(int fd)
{
	char byte = 'q';

	if (read(control[0], &byte, 1) != 1 || (byte != 's' && byte != 'f'))
		return false;
	if (fd >= 0 && byte == 's')
		say_storage(fd);
	else if (fd >= 0)
		say_full(fd);
	return true;
}

static void *record(void *data)
{
	int listen_fd = GPOINTER_TO_INT(data);
	struct pollfd fds[] = {{control[0], POLLIN, 0}, {listen_fd, POLLIN, 0}, {-1, POLLIN, 0}};
	g_autofree struct packet *packet = g_new0(struct packet, 1);

	while (poll(fds, G_N_ELEMENTS(fds), -1) > 0) {
		if (fds[0].revents != 0 && !hear_test(fds[2].fd))
			break;
		if (fds[1].revents != 0)
			fds[2].fd = take_connection(listen_fd);
		else if (fds[2].fd >= 0 && fds[2].revents != 0 &&
			 !hear_gateway(fds[2].fd, packet)) {
			close(fds[2].fd);
			fds[2].fd = -1;
		}
	}
	if (fds[2].fd >= 0)
		close(fds[2].fd);
	close(listen_fd);
	return NULL;
}

void recorder_start(void)
{
	int fd = link_listen(installation_file("recorder"), SOCK_SEQPACKET, 0600);

	g_assert_cmpint(fd, >=, 0);
	if (notes == NULL)
		notes = g_async_queue_new_full(g_free);
	if (failing == NULL)
		failing = g_async_queue_new_full(g_free);
	g_assert_cmpint(pipe(control), ==, 0);
	thread = g_thread_new("recorder", record, GINT_TO_POINTER(fd));
}

void recorder_stop(void)
{
	close(control[1]);
	g_thread_join(thread);
	close(control[0]);
}

void recorder_accepting(bool yes)
{
	g_atomic_int_set(&accepting, yes);
	g_assert_cmpint(write(control[1], "s", 1), ==, 1);
}

void recorder_fail(const char *session_id)
{
	g_async_queue_push(failing, g_strdup(session_id));
	g_assert_cmpint(write(control[1], "f", 1), ==, 1);
}

char *recorder_next(void)
{
	char *text = g_async_queue_timeout_pop(notes, PATIENCE_US);

	g_assert_nonnull(text);
	return text;
}

char *recorder_expect(const char *start)
{
	for (;;) {
		g_autofree char *text = recorder_next();
		if (g_str_has_prefix(text, start))
			return g_steal_pointer(&text);
	}
}
