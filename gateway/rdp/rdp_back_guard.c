/* A thread beside freerdp_connect: deadline and BACK_STOP. Must not know what is being connected;
 * touches FreeRDP by its one function for other threads and the socket by its own duplicate. */
#include "gateway/rdp/rdp_back_guard.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct rdp_guard {
	GThread *thread;
	struct session *session;
	rdpContext *context;
	int finished_fd, socket_fd;
	uint64_t deadline_us;
	enum rdp_guard_outcome outcome; /* the thread's until it is joined, like the next two */
	struct back_command size, clipboard;
};

static int remaining_ms(const struct rdp_guard *guard)
{
	uint64_t now_us = clock_now_us();

	if (now_us >= guard->deadline_us)
		return 0;
	return (int)((guard->deadline_us - now_us) / 1000) + 1;
}

/* Returns false on BACK_STOP. */
static bool take_commands(struct rdp_guard *guard)
{
	struct back_command command;

	while (session_back_next(guard->session, &command)) {
		if (command.kind == BACK_STOP)
			return false;
		if (command.kind == BACK_SIZE)
			guard->size = command;
		if (command.kind == BACK_CLIPBOARD) {
			g_free(guard->clipboard.clipboard);
			guard->clipboard = command;
		}
	}
	return true;
}

/* The abort event ends FreeRDP's own waits; shutting the socket down ends those inside OpenSSL. */
static void interrupt_connect(struct rdp_guard *guard, enum rdp_guard_outcome outcome)
{
	guard->outcome = outcome;
	freerdp_abort_connect_context(guard->context);
	shutdown(guard->socket_fd, SHUT_RDWR);
}

static gpointer watch(gpointer data)
{
	struct rdp_guard *guard = data;
	struct pollfd fds[] = {{.fd = guard->finished_fd, .events = POLLIN},
			       {.fd = session_back_fd(guard->session), .events = POLLIN}};

	for (;;) {
		int ready = poll(fds, G_N_ELEMENTS(fds), remaining_ms(guard));

		if (ready < 0 && errno == EINTR)
			continue;
		if (fds[0].revents != 0)
			return NULL;
		if (ready <= 0) {
			interrupt_connect(guard, RDP_GUARD_LATE);
			return NULL;
		}
		if (!take_commands(guard)) {
			interrupt_connect(guard, RDP_GUARD_STOPPED);
			return NULL;
		}
	}
}

static void guard_free(struct rdp_guard *guard)
{
	if (guard->finished_fd >= 0)
		close(guard->finished_fd);
	if (guard->socket_fd >= 0)
		close(guard->socket_fd);
	g_free(guard);
}

struct rdp_guard *rdp_guard_start(struct session *session, rdpContext *context, int socket_fd,
				  uint32_t deadline_ms)
{
	struct rdp_guard *guard = g_new0(struct rdp_guard, 1);

	guard->session = session;
	guard->context = context;
	guard->deadline_us = clock_now_us() + deadline_ms * UINT64_C(1000);
	guard->finished_fd = eventfd(0, EFD_CLOEXEC);
	guard->socket_fd = fcntl(socket_fd, F_DUPFD_CLOEXEC, 0);
	if (guard->finished_fd >= 0 && guard->socket_fd >= 0)
		guard->thread = g_thread_try_new("rdp-guard", watch, guard, NULL);
	if (guard->thread)
		return guard;
	guard_free(guard);
	return NULL;
}

enum rdp_guard_outcome rdp_guard_finish(struct rdp_guard *guard, struct back_command *ret_size,
					struct back_command *ret_clipboard)
{
	/* One write of 1 into an empty eventfd cannot block or fall short. */
	if (eventfd_write(guard->finished_fd, 1) != 0)
		g_error("the connect guard cannot be told to stop: %s", g_strerror(errno));
	g_thread_join(guard->thread);
	enum rdp_guard_outcome outcome = guard->outcome;
	*ret_size = guard->size;
	*ret_clipboard = guard->clipboard;
	guard_free(guard);
	return outcome;
}
