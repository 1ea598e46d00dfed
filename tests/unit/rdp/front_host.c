/* The host as a program, for real viewers: listens on a free loopback port, prints it, serves one
 * viewer, commands on stdin. */
#include "tests/unit/rdp/front_host.h"

#include "base/log.h"
#include "base/secret.h"
#include "gateway/session/front.h"
#include "gateway/worker/sandbox.h"

#include <arpa/inet.h>
#include <glib.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int accept_one(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length))
		return -1;
	printf("port %u\n", ntohs(address.sin_port));
	fflush(stdout);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return fd;
}

int main(int argc, char **argv)
{
	gboolean nla = FALSE, debug = FALSE, empty = FALSE, error = FALSE;
	int landlock_abi, width = 0, height = 0, deadline_ms = 10000;
	const GOptionEntry entries[] = {
		{"nla", 0, 0, G_OPTION_ARG_NONE, &nla, "NLA door", NULL},
		{"debug", 0, 0, G_OPTION_ARG_NONE, &debug, "more lines", NULL},
		{"empty", 0, 0, G_OPTION_ARG_NONE, &empty, "answer with no verifier", NULL},
		{"error", 0, 0, G_OPTION_ARG_NONE, &error, "answer with an error", NULL},
		{"deadline", 0, 0, G_OPTION_ARG_INT, &deadline_ms, "for the handshake", "MS"},
		{"width", 0, 0, G_OPTION_ARG_INT, &width, "target's width", "PX"},
		{"height", 0, 0, G_OPTION_ARG_INT, &height, "target's height", "PX"},
		{NULL}};
	struct host_options options = {.control_in = STDIN_FILENO, .control_out = STDOUT_FILENO};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autofree char *certificate = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, NULL) || secret_init() ||
	    rdp_front.prepare())
		return 2;
	log_init("front_host", debug);
	front_host_certificate(&certificate, &options.private_key_pem);
	options.certificate_pem = certificate;
	options.nla = nla;
	options.handshake_deadline_ms = (uint32_t)deadline_ms;
	options.answer = empty ? HOST_EMPTY : error ? HOST_ERROR : HOST_CHECK;
	options.width_px = (uint32_t)width;
	options.height_px = (uint32_t)height;
	int fd = accept_one();
	if (fd < 0)
		return 2;
	/* As vitrine-session does: from the viewer's first byte on nothing can be opened. The leak
	 * check at exit needs more than that. */
	if (CONFINED && sandbox_enter(&landlock_abi) != 0)
		return 2;
	front_host_run(fd, &options);
	g_free(options.private_key_pem);
	return 0;
}
