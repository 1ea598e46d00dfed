/* One VNC front on a thread and, if wanted, our own VNC back as its viewer on another: it shows
 * every pixel it was sent. */
#include "tests/unit/vnc/viewer_desk.h"
#include "tests/support/patience.h"

#include <sys/socket.h>

static gpointer front_thread(gpointer data)
{
	struct desk *desk = data;

	vnc_front.run(desk->session, desk->front_fd, &desk->start);
	return NULL;
}

static gpointer viewer_thread(gpointer data)
{
	struct desk *desk = data;

	desk->viewer_reason = vnc_back.run(desk->seen, &desk->granted, &desk->viewer_detail);
	return NULL;
}

int desk_init(struct desk *desk)
{
	int pair[2];

	*desk = (struct desk){.session = double_create(), .seen = double_create()};
	test_certificate_init(&desk->certificate);
	desk->start = (struct session_start){.certificate_pem = desk->certificate.certificate_pem,
					     .private_key_pem = desk->certificate.key_pem,
					     .handshake_deadline_ms = PATIENCE_MS,
					     .max_width_px = 4096,
					     .max_height_px = 2160};
	double_allow(desk->session, "alice%web1", "geheim", "web1");
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	desk->front_fd = pair[0];
	return pair[1];
}

void desk_start_front(struct desk *desk)
{
	desk->front = g_thread_new("front", front_thread, desk);
}

void desk_start_viewer(struct desk *desk, int fd, const char *password)
{
	g_strlcpy(desk->password, password, sizeof(desk->password));
	desk->granted = (struct back_target){.fd = fd,
					     .host = "127.0.0.1",
					     .security = TARGET_TLS_PINNED,
					     .certificate_sha256 = desk->certificate.sha256,
					     .account = "alice%web1",
					     .password = desk->password};
	desk_start_front(desk);
	desk->viewer = g_thread_new("viewer", viewer_thread, desk);
}

void desk_open(struct desk *desk)
{
	int fd = desk_init(desk);

	desk_start_viewer(desk, fd, "geheim");
	g_assert_true(double_saw(desk->session, "open 1280x800"));
	double_run(desk->session, 200, 150);
	g_assert_true(double_saw(desk->seen, "resize 200x150"));
}

void desk_finish(struct desk *desk)
{
	if (desk->front != NULL)
		g_thread_join(desk->front);
	if (desk->viewer != NULL)
		g_thread_join(desk->viewer);
	g_free(desk->viewer_detail);
	test_certificate_finish(&desk->certificate);
	double_destroy(desk->session);
	double_destroy(desk->seen);
}

void desk_close(struct desk *desk)
{
	struct back_command stop = {.kind = BACK_STOP};

	double_command(desk->seen, &stop);
	desk_finish(desk);
}
