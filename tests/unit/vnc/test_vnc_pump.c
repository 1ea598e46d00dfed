/* The pump's count of what the library got: never behind what the library has read. */
#include "gateway/vnc/vnc_pump.h"

#include <errno.h>
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES 20000u

static bool never(void *user)
{
	return false;
}

/* Says that it is idle at what was counted, as a back does when it has read everything. Returns how
 * often the count was behind. */
static unsigned read_all(struct vnc_pump *pump, int library_fd, int peer_fd)
{
	unsigned behind = 0;
	uint8_t byte = 0;

	for (uint64_t n = 1; n <= BYTES; n++) {
		g_assert_cmpint(send(peer_fd, &byte, 1, MSG_NOSIGNAL), ==, 1);
		while (read(library_fd, &byte, 1) != 1)
			g_assert_cmpint(errno, ==, EAGAIN);
		uint64_t delivered = vnc_pump_delivered(pump);
		behind += delivered < n;
		vnc_pump_set_idle(pump, delivered);
	}
	return behind;
}

static void test_count(void)
{
	const struct vnc_pump_options options = {
		.name = "pump", .queue_max_bytes = 65536, .silence_ms = 1000, .cancelled = never};
	struct vnc_stream stream;
	int peer[2], library_fd;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, peer), ==, 0);
	vnc_stream_init(&stream, peer[0], 1000);
	struct vnc_pump *pump = vnc_pump_start(&stream, &options, &library_fd);
	g_assert_nonnull(pump);
	g_assert_cmpuint(read_all(pump, library_fd, peer[1]), ==, 0);
	g_assert_cmpuint(vnc_pump_delivered(pump), ==, BYTES);
	g_assert_cmpint(vnc_pump_ended(pump), ==, VNC_PUMP_RUNNING);
	vnc_pump_stop(pump, 0);
	close(library_fd);
	close(peer[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vnc/pump/count", test_count);
	return g_test_run();
}
