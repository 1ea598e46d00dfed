/* vitrine-session: one process for one viewer's connection. Prepares libraries, enters the cage,
 * says READY, waits for START with the viewer's socket, and runs the front that START names. The
 * one place that knows both protocols. */
#include "base/log.h"
#include "base/secret.h"
#include "gateway/session/back.h"
#include "gateway/session/front.h"
#include "gateway/session/keyboard.h"
#include "gateway/worker/sandbox.h"
#include "ipc/link.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The gateway starts this program with the broker link here and nothing else but standard error. */
#define BROKER_FD 3

static const struct front_ops *const fronts[] = {&rdp_front, &vnc_front, NULL};
static const struct back_ops *const backs[] = {&rdp_back, &vnc_back, NULL};

static int prepare_libraries(void)
{
	int result = keyboard_prepare();

	for (unsigned i = 0; result == 0 && fronts[i] != NULL; i++)
		result = fronts[i]->prepare();
	for (unsigned i = 0; result == 0 && backs[i] != NULL; i++)
		result = backs[i]->prepare();
	if (result < 0)
		g_critical("libraries could not be prepared: %s", g_strerror(-result));
	return result;
}

static int enter_cage(void)
{
	int landlock_abi;
	int result = sandbox_enter(&landlock_abi);

	if (result < 0)
		g_critical("not confined, so not started: %s", sandbox_error_text(result));
	else if (landlock_abi == 0)
		g_debug("this kernel has no Landlock; the system-call filter stands alone");
	return result;
}

/* Tells the gateway that this process is ready and waits for its viewer; a spare
 * process may wait for days. */
static int wait_for_start(struct broker_start *ret_start, int *ret_viewer_fd)
{
	struct broker_ready ready = {.confined = 1};
	int result = link_send(BROKER_FD, broker_message_type(BROKER_READY), &ready, NULL, 0);

	if (result < 0)
		return result;
	g_autofree struct packet *packet = g_new0(struct packet, 1);
	result = link_receive(BROKER_FD, packet, -1);
	if (result < 0)
		return result;
	if (packet->type != BROKER_START || packet->n_fds != 1)
		result = -EPROTO;
	else
		result = message_decode(broker_message_type(BROKER_START), packet->bytes,
					packet->length, ret_start);
	*ret_viewer_fd = result == 0 ? packet_take_fd(packet, 0) : -1;
	packet_clear(packet);
	return result;
}

static const struct front_ops *find_front(const char *name)
{
	for (unsigned i = 0; fronts[i] != NULL; i++)
		if (strcmp(fronts[i]->name, name) == 0)
			return fronts[i];
	return NULL;
}

static int serve(struct broker_start *start, int viewer_fd)
{
	const struct front_ops *front = find_front(start->front);
	const struct session_start borrowed = {
		.session_id = start->session_id,
		.viewer_address = start->viewer_address,
		.certificate_pem = start->certificate_pem,
		.private_key_pem = start->private_key_pem,
		.offer_nla = start->offer_nla != 0,
		.greeted = start->greeted != 0,
		.handshake_deadline_ms = start->handshake_deadline_ms,
		.max_width_px = start->max_width_px,
		.max_height_px = start->max_height_px,
	};

	if (front == NULL) {
		g_critical("the gateway asked for the front \"%s\", which is not built in",
			   start->front);
		close(viewer_fd);
		return EXIT_FAILURE;
	}
	log_set_session(start->session_id);
	struct session *session = session_create(BROKER_FD, &borrowed, backs);
	front->run(session, viewer_fd, &borrowed);
	session_destroy(session);
	return EXIT_SUCCESS;
}

/* Asked by people and by `vitrine doctor`; true when the question was answered. */
static bool answer_question(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		g_print("vitrine-session %s, FreeRDP %s, LibVNC %s\n", VITRINE_VERSION,
			FREERDP_FOUND, LIBVNC_FOUND);
	else if (argc == 2 && strcmp(argv[1], "--help") == 0)
		g_print("vitrine-session serves one viewer. vitrine-gateway starts it; there is "
			"nothing to "
			"start by hand.\n  --version   what it was built with\n");
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct broker_start start;
	int viewer_fd, type, result;
	socklen_t size = sizeof type;

	if (answer_question(argc, argv))
		return EXIT_SUCCESS;
	log_init("vitrine-session", false);
	signal(SIGPIPE, SIG_IGN);
	if (getsockopt(BROKER_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
	    type != SOCK_SEQPACKET) {
		g_printerr("vitrine-session %s: started by vitrine-gateway only\n",
			   VITRINE_VERSION);
		return EXIT_FAILURE;
	}
	fcntl(BROKER_FD, F_SETFD, FD_CLOEXEC);
	if (secret_init() < 0 || prepare_libraries() < 0 || enter_cage() < 0)
		return EXIT_FAILURE;
	result = wait_for_start(&start, &viewer_fd);
	if (result == -ECONNRESET)
		return EXIT_SUCCESS; /* the gateway stopped while this process was spare */
	if (result < 0) {
		g_critical("no usable START from the gateway: %s", g_strerror(-result));
		return EXIT_FAILURE;
	}
	result = serve(&start, viewer_fd);
	message_clear(broker_message_type(BROKER_START), &start);
	/* Library destructors ran into trouble at exit in the field; everything of
	 * ours is released already. */
	_exit(result);
}
