/* Dialling: what a target that answers, refuses, keeps silent or has no name leads to. */
#include "gateway/broker/dial.h"

#include <fcntl.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct outcome {
	GMainLoop *loop;
	int fd;
	char *detail;
};

static void done(int fd, const char *detail, void *user_data)
{
	struct outcome *outcome = user_data;

	outcome->fd = fd;
	outcome->detail = g_strdup(detail);
	g_main_loop_quit(outcome->loop);
}

static char *dial(const char *host, uint16_t port, uint32_t timeout_ms, int *ret_fd)
{
	struct outcome outcome = {.loop = g_main_loop_new(NULL, FALSE), .fd = -2};

	dial_start(host, port, timeout_ms, done, &outcome);
	g_main_loop_run(outcome.loop);
	g_main_loop_unref(outcome.loop);
	*ret_fd = outcome.fd;
	return outcome.detail;
}

static int listen_somewhere(int backlog, uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof at), ==, 0);
	g_assert_cmpint(listen(fd, backlog), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&at, &length), ==, 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void test_connected(void)
{
	uint16_t port;
	int listener = listen_somewhere(4, &port), fd, on = 0;
	socklen_t length = sizeof on;
	char byte = 0;
	g_autofree char *detail = dial("127.0.0.1", port, 5000, &fd);

	g_assert_cmpint(fd, >=, 0);
	g_assert_nonnull(strstr(detail, "127.0.0.1"));
	/* As a session process expects it. */
	g_assert_cmpint(fcntl(fd, F_GETFL) & O_NONBLOCK, ==, 0);
	g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, !=, 0);
	g_assert_cmpint(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &length), ==, 0);
	g_assert_cmpint(on, !=, 0);
	int target = accept(listener, NULL, NULL);
	g_assert_cmpint(send(fd, "x", 1, MSG_NOSIGNAL), ==, 1);
	g_assert_cmpint(recv(target, &byte, 1, 0), ==, 1);
	/* GLib's socket object is gone, the connection is not. */
	close(fd);
	g_assert_cmpint(recv(target, &byte, 1, 0), ==, 0);
	close(target);
	close(listener);
}

static void test_refused(void)
{
	uint16_t port;
	int listener = listen_somewhere(4, &port), fd;

	close(listener);
	g_autofree char *detail = dial("127.0.0.1", port, 5000, &fd);
	g_assert_cmpint(fd, ==, -1);
	g_assert_nonnull(strstr(detail, "refused"));
}

/* A listener whose queue is full lets further connections hang: nothing answers. */
static void test_silent(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	uint16_t port;
	int listener = listen_somewhere(0, &port), fillers[4], fd;

	to.sin_port = htons(port);
	for (unsigned i = 0; i < G_N_ELEMENTS(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(fillers[i], (struct sockaddr *)&to, sizeof to) == 0)
			g_test_message("filler %u is in", i);
	}
	gint64 begun = g_get_monotonic_time();
	g_autofree char *detail = dial("127.0.0.1", port, 300, &fd);
	g_assert_cmpint(fd, ==, -1);
	g_assert_nonnull(strstr(detail, "did not answer within 300 ms"));
	g_assert_cmpint(g_get_monotonic_time() - begun, >=, 300000);
	for (unsigned i = 0; i < G_N_ELEMENTS(fillers); i++)
		close(fillers[i]);
	close(listener);
}

/* RFC 6761 6.4: names under "invalid" never resolve. A machine without a resolver at all may only
 * notice at the deadline. */
static void test_no_name(void)
{
	int fd;
	g_autofree char *detail = dial("nowhere.invalid", 3389, 3000, &fd);

	g_assert_cmpint(fd, ==, -1);
	g_assert_true(strstr(detail, "cannot be resolved") != NULL ||
		      strstr(detail, "did not answer") != NULL);
}

/* A host name is a name: nothing in it is read as a port. */
static void test_port_in_name(void)
{
	uint16_t port;
	int listener = listen_somewhere(4, &port), fd;
	g_autofree char *host = g_strdup_printf("127.0.0.1:%u", port);
	g_autofree char *detail = dial(host, 1, 3000, &fd);

	g_assert_cmpint(fd, ==, -1);
	g_assert_true(strstr(detail, "cannot be resolved") != NULL ||
		      strstr(detail, "did not answer") != NULL);
	close(listener);
}

static gboolean quit(void *user_data)
{
	g_main_loop_quit(user_data);
	return G_SOURCE_REMOVE;
}

static void test_cancel(void)
{
	uint16_t port;
	int listener = listen_somewhere(4, &port);
	struct outcome outcome = {.loop = g_main_loop_new(NULL, FALSE), .fd = -2};

	dial_cancel(NULL);
	dial_cancel(dial_start("127.0.0.1", port, 5000, done, &outcome));
	g_timeout_add(100, quit, outcome.loop);
	g_main_loop_run(outcome.loop);
	g_assert_cmpint(outcome.fd, ==, -2);
	g_main_loop_unref(outcome.loop);
	close(listener);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dial/connected", test_connected);
	g_test_add_func("/dial/refused", test_refused);
	g_test_add_func("/dial/silent", test_silent);
	g_test_add_func("/dial/no-name", test_no_name);
	g_test_add_func("/dial/port-in-name", test_port_in_name);
	g_test_add_func("/dial/cancel", test_cancel);
	return g_test_run();
}
