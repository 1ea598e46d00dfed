/* The RDP front against FreeRDP's own client: doors, pictures, input, endings. The host runs in
 * a process of its own. */
#include "base/secret.h"
#include "gateway/rdp/rdp_glue.h"
#include "tests/support/patience.h"
#include "tests/unit/rdp/front_client.h"
#include "tests/unit/rdp/front_host.h"
#include "tests/unit/rdp/host_process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <freerdp/error.h>
#include <freerdp/input.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Doors ---- */

static void test_tls_door(void)
{
	struct host *host = host_start("");
	const struct front_client_options options = host_viewer(host);
	uint32_t error = 0;
	struct front_client *client = front_client_connect(&options, &error);

	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	g_assert_true(host_says(host, "login 1 alice "));
	g_assert_true(host_says(host, "view 800 600 "));
	front_client_close(client);
	g_assert_true(host_says(host, "end viewer-left"));
	g_assert_true(host_said(host, "release"));
	host_close(host);
}

static void test_tls_refused(void)
{
	struct host *host = host_start("");
	struct front_client_options options = host_viewer(host);
	uint32_t error = 0;

	options.password = "wrong";
	struct front_client *client = front_client_connect(&options, &error);
	/* FreeRDP's client counts as connected before the capabilities are through. */
	if (client) {
		error = 0x10000 | front_client_wait_end(client, PATIENCE_MS);
		front_client_close(client);
	}
	g_assert_cmphex(error, ==, 0x10000 | ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES);
	g_assert_true(host_says(host, "end refused"));
	g_assert_false(host_said(host, "view"));
	host_close(host);
}

static void test_nla_door(void)
{
	struct host *host = host_start("--nla");
	struct front_client_options options = host_viewer(host);
	uint32_t error = 0;

	options.nla = true;
	struct front_client *client = front_client_connect(&options, &error);
	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	g_assert_true(host_says(host, "login 2 alice "));
	front_client_close(client);
	host_close(host);
}

static void check_nla_refused(const char *host_options, const char *password)
{
	struct host *host = host_start(host_options);
	struct front_client_options options = host_viewer(host);
	uint32_t error = 0;

	options.nla = true;
	options.password = password;
	g_assert_null(front_client_connect(&options, &error));
	/* FreeRDP's server role tells it as the one (3.10) or the other (3.33). */
	if (error != FREERDP_ERROR_CONNECT_LOGON_FAILURE)
		g_assert_cmphex(error, ==, FREERDP_ERROR_AUTHENTICATION_FAILED);
	g_assert_true(host_says(host, "end refused"));
	g_assert_true(host_said(host, "proof alice"));
	g_assert_false(host_said(host, "login"));
	g_assert_false(host_said(host, "view"));
	host_close(host);
}

/* FreeRDP before 3.24 reads the hash callback's result the other way round: all three must be
 * refusals. */
static void test_nla_wrong_password(void)
{
	check_nla_refused("--nla", "wrong");
}

static void test_nla_gateway_error(void)
{
	check_nla_refused("--nla --error", HOST_PASSWORD);
}

static void test_nla_empty_verifier(void)
{
	check_nla_refused("--nla --empty", HOST_PASSWORD);
	check_nla_refused("--nla --empty", "");
}

static void check_no_common_security(const char *host_options, bool client_nla)
{
	struct host *host = host_start(host_options);
	struct front_client_options options = host_viewer(host);
	uint32_t error = 0;

	options.nla = client_nla;
	g_assert_null(front_client_connect(&options, &error));
	/* The library's client gives up (3.10) or dials once more, which nobody answers (3.33). */
	if (error != FREERDP_ERROR_CONNECT_FAILED)
		g_assert_cmphex(error, ==, FREERDP_ERROR_SECURITY_NEGO_CONNECT_FAILED);
	g_assert_true(host_says(host, "end viewer-protocol"));
	g_assert_false(host_said(host, "login"));
	host_close(host);
}

static void test_other_door(void)
{
	check_no_common_security("--nla", false);
	check_no_common_security("", true);
}

static int dial(uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(connect(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
	return fd;
}

/* A viewer that answers nothing after `bytes` is gone at the deadline; the second one hangs inside
 * FreeRDP's blocking TLS accept. */
static void check_deadline(const void *bytes, size_t length)
{
	struct host *host = host_start("--deadline 400");
	int fd = dial(host->port);
	gint64 start_us = g_get_monotonic_time();

	g_assert_cmpint(send(fd, bytes, length, MSG_NOSIGNAL), ==, (ssize_t)length);
	g_assert_true(host_says(host, "end deadline"));
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, PROMPT_US);
	close(fd);
	host_close(host);
}

static void test_deadline(void)
{
	/* [MS-RDPBCGR] 2.2.1.1: X.224 Connection Request that asks for TLS. */
	static const uint8_t request[] = {3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0,
					  0, 1, 0, 8,  0,  1,	 0, 0, 0};

	check_deadline("", 0);
	check_deadline(request, sizeof request);
}

static void test_garbage(void)
{
	/* A TPKT header around nothing that X.224 knows. */
	static const uint8_t garbage[] = {3,	0,    0,    12,	  0xff, 0xee,
					  0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88};
	struct host *host = host_start("");
	int fd = dial(host->port);

	g_assert_cmpint(send(fd, garbage, sizeof garbage, MSG_NOSIGNAL), ==, sizeof garbage);
	g_assert_true(host_says(host, "end viewer-protocol"));
	close(fd);
	host_close(host);
}

/* ---- Pictures ---- */

static bool copy_is_there(struct front_client *client, const void *data)
{
	for (uint32_t i = 0; i < 77; i++)
		if (front_client_pixel(client, 300 + i, 256 + i) !=
		    front_client_pixel(client, 8 + i, 8 + i))
			return false;
	return true;
}

static void check_pictures(enum client_graphics graphics, uint32_t depth_bits, uint32_t tolerance)
{
	struct host *host = host_start("");
	struct front_client_options options = host_viewer(host);
	uint32_t error = 0;

	options.graphics = graphics;
	options.depth_bits = depth_bits;
	options.width = 798;
	struct front_client *client = front_client_connect(&options, &error);
	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 798, 600, 0, tolerance, PATIENCE_MS));
	host_obey(host, "paint 3");
	g_assert_true(front_client_shows(client, 798, 600, 3, tolerance, PATIENCE_MS));
	/* A small change, moved elsewhere, then everything as it was. */
	host_obey(host, "rect 8 8 101 77 9");
	host_obey(host, "copy 300 256 101 77 8 8");
	g_assert_true(front_client_until(client, copy_is_there, NULL));
	host_obey(host, "paint 4");
	g_assert_true(front_client_shows(client, 798, 600, 4, tolerance, PATIENCE_MS));
	front_client_close(client);
	host_close(host);
}

static void test_pictures_gfx(void)
{
	check_pictures(CLIENT_GFX, 32, 0);
}

static void test_pictures_avc420(void)
{
	check_pictures(CLIENT_AVC420, 32, 0);
}

static void test_pictures_bitmaps(void)
{
	check_pictures(CLIENT_BITMAPS, 32, 0);
}

static void test_pictures_24(void)
{
	check_pictures(CLIENT_BITMAPS, 24, 0);
}

static void test_pictures_16(void)
{
	check_pictures(CLIENT_BITMAPS, 16, 9);
}

static void check_resize(enum client_graphics graphics)
{
	struct host *host = host_start("--width 900 --height 500");
	struct front_client_options options = host_viewer(host);
	uint32_t error = 0;

	options.graphics = graphics;
	struct front_client *client = front_client_connect(&options, &error);
	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 900, 500, 0, 0, PATIENCE_MS));
	host_obey(host, "resize 640 480");
	host_obey(host, "paint 5");
	g_assert_true(front_client_shows(client, 640, 480, 5, 0, PATIENCE_MS));
	host_obey(host, "resize 1001 703");
	host_obey(host, "paint 6");
	g_assert_true(front_client_shows(client, 1001, 703, 6, 0, PATIENCE_MS));
	front_client_close(client);
	host_close(host);
}

static void test_resize(void)
{
	check_resize(CLIENT_GFX);
	check_resize(CLIENT_BITMAPS);
}

static void test_minimised(void)
{
	struct host *host = host_start("");
	const struct front_client_options options = host_viewer(host);
	uint32_t error = 0;
	struct front_client *client = front_client_connect(&options, &error);

	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	front_client_suppress(client, true);
	front_client_run(client, 100);
	g_assert_true(host_says(host, "release"));
	host_obey(host, "paint 7");
	g_assert_false(front_client_shows(client, 800, 600, 7, 0, 600));
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	front_client_suppress(client, false);
	g_assert_true(front_client_shows(client, 800, 600, 7, 0, PATIENCE_MS));
	front_client_close(client);
	host_close(host);
}

/* ---- Input, cursor, endings ---- */

static void test_input(void)
{
	struct host *host = host_start("");
	const struct front_client_options options = host_viewer(host);
	uint32_t error = 0;
	struct front_client *client = front_client_connect(&options, &error);

	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	front_client_key(client, 0x1e, true);
	front_client_key(client, 0x1e, false);
	front_client_mouse(client, PTR_FLAGS_MOVE, 123, 45);
	front_client_mouse(client, PTR_FLAGS_DOWN | PTR_FLAGS_BUTTON1, 124, 46);
	front_client_mouse(client, PTR_FLAGS_WHEEL | PTR_FLAGS_WHEEL_NEGATIVE | 0x88, 0, 0);
	front_client_mouse(client, PTR_FLAGS_BUTTON1, 125, 47);
	g_assert_true(host_says(host, "key 0 30 0 1\nkey 0 30 0 0\n"));
	g_assert_true(host_says(host, "pointer 123 45 0 0 0\npointer 124 46 1 0 0\n"
				      "pointer 124 46 1 -120 0\npointer 125 47 0 0 0\n"));
	front_client_close(client);
	host_close(host);
}

static bool has_cursors(struct front_client *client, const void *data)
{
	uint32_t width, hot_x;
	unsigned n_new, n_cached;

	front_client_cursor(client, &width, &hot_x, &n_new, &n_cached);
	return n_new + n_cached >= GPOINTER_TO_UINT(data);
}

static void test_cursor(void)
{
	struct host *host = host_start("");
	const struct front_client_options options = host_viewer(host);
	uint32_t error = 0, width, hot_x;
	unsigned n_new, n_cached;
	struct front_client *client = front_client_connect(&options, &error);

	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	static const char *const commands[] = {"cursor 1", "cursor 2", "cursor 1"};
	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
		host_obey(host, commands[i]);
		g_assert_true(front_client_until(client, has_cursors, GUINT_TO_POINTER(i + 1)));
	}
	front_client_cursor(client, &width, &hot_x, &n_new, &n_cached);
	g_assert_cmpuint(width, ==, 16);
	g_assert_cmpuint(hot_x, ==, 3);
	g_assert_cmpuint(n_new, ==, 2);
	g_assert_cmpuint(n_cached, ==, 1);
	front_client_close(client);
	host_close(host);
}

/* The words, what changed beneath them and beside them, and the copy. */
static bool shows_notice(struct front_client *client, const void *data)
{
	uint32_t colour = front_client_pixel(client, 2, 2);

	if (colour == front_host_pixel(2, 2, 0) || front_client_pixel(client, 650, 2) != colour ||
	    front_client_pixel(client, 797, 30) != colour)
		return false;
	return front_client_pixel(client, 650, 40) == front_host_pixel(650, 40, 9) &&
	       front_client_pixel(client, 2, 302) == front_host_pixel(2, 2, 0);
}

/* Words lie over the picture, also when it changes beneath or moves away from under them, and
 * leave nothing behind. */
static void test_notice(void)
{
	struct host *host = host_start("");
	const struct front_client_options options = host_viewer(host);
	uint32_t error = 0;
	struct front_client *client = front_client_connect(&options, &error);

	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	host_obey(host, "notice The recorder is away");
	host_obey(host, "rect 600 0 100 100 9");
	host_obey(host, "copy 0 300 100 64 0 0");
	g_assert_true(front_client_until(client, shows_notice, NULL));
	host_obey(host, "notice");
	host_obey(host, "paint 0");
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	front_client_close(client);
	host_close(host);
}

static void check_end(const char *command, uint32_t error_info)
{
	struct host *host = host_start("");
	const struct front_client_options options = host_viewer(host);
	uint32_t error = 0;
	struct front_client *client = front_client_connect(&options, &error);

	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	gint64 start_us = g_get_monotonic_time();
	host_obey(host, command);
	g_assert_cmphex(front_client_wait_end(client, PATIENCE_MS), ==, error_info);
	g_test_message("%s: the viewer knew after %d ms", command,
		       (int)((g_get_monotonic_time() - start_us) / 1000));
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, PROMPT_US);
	front_client_close(client);
	host_close(host);
}

static void test_endings(void)
{
	check_end("end terminated", ERRINFO_RPC_INITIATED_DISCONNECT);
	check_end("end idle", ERRINFO_IDLE_TIMEOUT);
	check_end("end target-unreachable", ERRINFO_CB_DESTINATION_NOT_FOUND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(rdp_glue_prepare(), ==, 0);
	g_assert_cmpint(argc, ==, 2);
	host_use(argv[1]);
	g_test_add_func("/rdp/front/door/tls", test_tls_door);
	g_test_add_func("/rdp/front/door/tls-refused", test_tls_refused);
	g_test_add_func("/rdp/front/door/nla", test_nla_door);
	g_test_add_func("/rdp/front/door/nla-wrong-password", test_nla_wrong_password);
	g_test_add_func("/rdp/front/door/nla-gateway-error", test_nla_gateway_error);
	g_test_add_func("/rdp/front/door/nla-empty-verifier", test_nla_empty_verifier);
	g_test_add_func("/rdp/front/door/other", test_other_door);
	g_test_add_func("/rdp/front/door/deadline", test_deadline);
	g_test_add_func("/rdp/front/door/garbage", test_garbage);
	g_test_add_func("/rdp/front/pictures/gfx", test_pictures_gfx);
	g_test_add_func("/rdp/front/pictures/avc420", test_pictures_avc420);
	g_test_add_func("/rdp/front/pictures/bitmaps", test_pictures_bitmaps);
	g_test_add_func("/rdp/front/pictures/24-bit", test_pictures_24);
	g_test_add_func("/rdp/front/pictures/16-bit", test_pictures_16);
	g_test_add_func("/rdp/front/pictures/resize", test_resize);
	g_test_add_func("/rdp/front/pictures/minimised", test_minimised);
	g_test_add_func("/rdp/front/use/input", test_input);
	g_test_add_func("/rdp/front/use/cursor", test_cursor);
	g_test_add_func("/rdp/front/use/notice", test_notice);
	g_test_add_func("/rdp/front/use/endings", test_endings);
	return g_test_run();
}
