/* The RDP back as a program, for real targets: connects, enters the cage, obeys lines on standard
 * input and answers on standard output.
 *
 *      rdp_back_host PORT PIN ACCOUNT WIDTH HEIGHT the password is the first line of standard input
 *      key CODE PREFIX DOWN | pointer X Y BUTTONS WHEEL | size W H | clipboard TEXT | stop
 *      picture     answers "picture W H", then W * H * 4 bytes BGRX
 *      state       answers "state W H PAINTS COPIES FRAMES TORN CURSORS CPU_MS RSS_KIB CLIPBOARD"
 *  It ends with "end REASON DETAIL". */
#include "base/secret.h"
#include "gateway/session/back.h"
#include "gateway/worker/sandbox.h"
#include "tests/support/session_double.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct host {
	struct session *session;
	struct back_target target;
	enum end_reason reason;
	char *detail;
};

static int dial(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		perror("connect");
		exit(2);
	}
	return fd;
}

static gpointer run_back(gpointer data)
{
	struct host *host = data;

	host->reason = rdp_back.run(host->session, &host->target, &host->detail);
	printf("end %s %s\n", end_reason_key(host->reason), host->detail ? host->detail : "");
	fflush(stdout);
	_exit(0); /* whatever waits on standard input */
}

static bool snapshot(struct session *session, void *data)
{
	uint32_t width = double_width(session), height = double_height(session);

	printf("picture %u %u\n", width, height);
	for (uint32_t y = 0; y < height; y++)
		fwrite(double_row(session, y), 4, width, stdout);
	return true;
}

static bool tell_state(struct session *session, void *data)
{
	const struct double_counts *counts = double_counted(session);
	const char *clipboard = double_clipboard(session);
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("state %u %u %u %u %u %u %u %ld %ld %s\n", double_width(session),
	       double_height(session), counts->paints, counts->copies, counts->frames, counts->torn,
	       counts->cursors,
	       (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
		       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000,
	       usage.ru_maxrss, clipboard ? clipboard : "");
	return true;
}

static bool parse_command(const char *line, struct back_command *ret)
{
	unsigned code, prefix, down, buttons, width, height;
	int x, y, wheel;

	*ret = (struct back_command){0};
	if (sscanf(line, "key %u %u %u", &code, &prefix, &down) == 3) {
		ret->kind = BACK_KEY;
		ret->key = (struct key_event){KEY_SCANCODE, code, prefix, down != 0};
	} else if (sscanf(line, "pointer %d %d %u %d", &x, &y, &buttons, &wheel) == 4) {
		ret->kind = BACK_POINTER;
		ret->pointer = (struct pointer_event){x, y, buttons, wheel, 0};
	} else if (sscanf(line, "size %u %u", &width, &height) == 2) {
		ret->kind = BACK_SIZE;
		ret->size.width_px = width;
		ret->size.height_px = height;
	} else if (g_str_has_prefix(line, "clipboard ")) {
		ret->kind = BACK_CLIPBOARD;
		ret->clipboard = g_strdup(line + strlen("clipboard "));
	} else if (strcmp(line, "stop") == 0) {
		ret->kind = BACK_STOP;
	}
	return ret->kind != 0;
}

static void obey(struct host *host, const char *line)
{
	struct back_command command;

	if (strcmp(line, "picture") == 0)
		double_wait(host->session, snapshot, NULL, 0);
	else if (strcmp(line, "state") == 0)
		double_wait(host->session, tell_state, NULL, 0);
	else if (parse_command(line, &command))
		double_command(host->session, &command);
	else
		fprintf(stderr, "not understood: %s\n", line);
	fflush(stdout);
}

static bool read_line(char *line, int size)
{
	if (!fgets(line, size, stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

int main(int argc, char **argv)
{
	struct host host = {.session = double_create()};
	char password[256], line[4096];
	int landlock;

	if (argc != 6 || !read_line(password, sizeof password) || rdp_back.prepare() != 0)
		return 2;
	host.target = (struct back_target){.fd = dial((uint16_t)atoi(argv[1])),
					   .host = "127.0.0.1",
					   .port = (uint16_t)atoi(argv[1]),
					   .account = argv[3],
					   .domain = "",
					   .password = password,
					   .certificate_sha256 = argv[2],
					   .ca_pem = "",
					   .security = TARGET_TLS_PINNED,
					   .width_px = (uint32_t)atoi(argv[4]),
					   .height_px = (uint32_t)atoi(argv[5])};
	if (sandbox_enter(&landlock) != 0)
		return 3;
	g_thread_unref(g_thread_new("back", run_back, &host));
	while (read_line(line, sizeof line))
		obey(&host, line);
	obey(&host, "stop");
	pause(); /* run_back ends the process */
	return 4;
}
