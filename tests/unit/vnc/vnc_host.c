/* Joins one real VNC viewer to one real VNC target through front, back and the session's double,
 * inside the sandbox of vitrine-session, for trying both against other people's programs. Prints
 * "listening PORT", then what the core was asked, until either side ends.
 *
 *     vnc_host TARGET_PORT none|vnc|x509 PASSWORD CERTIFICATE_SHA256 CERTIFICATE_FILE
 *
 * The viewer logs in as alice%demo with the password "geheim"; its certificate goes to
 * CERTIFICATE_FILE. */
#include "base/log.h"
#include "base/secret.h"
#include "gateway/worker/sandbox.h"
#include "tests/support/session_double.h"
#include "tests/unit/vnc/test_certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct host {
	struct session *front, *back;
	struct back_target target;
};

static int loopback(unsigned port, bool listening)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listening) {
		g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
		g_assert_cmpint(listen(fd, 1), ==, 0);
	} else if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		g_error("connect to port %u: %s", port, g_strerror(errno));
	}
	return fd;
}

static unsigned port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
	return ntohs(address.sin_port);
}

static gpointer back_thread(gpointer data)
{
	struct host *host = data;
	char *detail = NULL;
	enum end_reason reason;

	if (!double_saw(host->front, "open "))
		return NULL;
	reason = vnc_back.run(host->back, &host->target, &detail);
	printf("back: %s (%s)\n", end_reason_key(reason), detail ? detail : "");
	if (reason != END_NONE)
		session_end(host->front, reason, detail);
	g_free(detail);
	return NULL;
}

static void print_cost(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf("cpu %ld ms, peak %ld kB\n",
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
		       (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000,
	       used.ru_maxrss);
}

int main(int argc, char **argv)
{
	struct test_certificate certificate;
	struct session_start start = {
		.handshake_deadline_ms = 10000, .max_width_px = 4096, .max_height_px = 2160};
	struct host host = {double_create(), double_create(), {.host = "127.0.0.1"}};
	GThread *thread;
	int listener, viewer, landlock_abi;

	if (argc != 6 || secret_init() != 0 || vnc_front.prepare() != 0 || vnc_back.prepare() != 0)
		return 2;
	log_init("vnc_host", g_getenv("VNC_HOST_DEBUG") != NULL);
	test_certificate_init(&certificate);
	g_assert_true(g_file_set_contents(argv[5], certificate.certificate_pem, -1, NULL));
	start.certificate_pem = certificate.certificate_pem;
	start.private_key_pem = certificate.key_pem;
	double_allow(host.front, "alice%demo", "geheim", "demo");
	double_join(host.front, host.back);
	host.target.security = strcmp(argv[2], "x509") == 0 ? TARGET_TLS_PINNED : TARGET_PLAIN;
	host.target.password = argv[3];
	host.target.certificate_sha256 = argv[4];
	listener = loopback(0, true);
	printf("listening %u\n", port_of(listener));
	fflush(stdout);
	host.target.fd = loopback((unsigned)atoi(argv[1]), false);
	viewer = accept(listener, NULL, NULL);
	if (sandbox_enter(&landlock_abi) != 0)
		return 3;
	thread = g_thread_new("back", back_thread, &host);
	vnc_front.run(host.front, viewer, &start);
	g_thread_join(thread);
	printf("%s\n", double_story(host.front));
	print_cost();
	return 0;
}
