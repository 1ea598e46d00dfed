/* Stands in for vitrine-session: says to the gateway what its viewer tells it to say, line by line,
 * and writes every answer back as a line. So a test drives the broker protocol, legal or not,
 * through the viewer's socket. Under a name with "unconfined" in it it says so in READY. */
#include "base/end_reason.h"
#include "base/secret.h"
#include "ipc/broker_proto.h"
#include "ipc/link.h"

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINK_FD 3

static struct packet packet;
static int viewer_fd = -1, target_fd = -1;
static bool stubborn;

static void say(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *line = g_strdup_vprintf(format, args);
	va_end(args);
	size_t length = strlen(line);
	line[length] = '\n';
	/* A viewer that is gone is noticed at the next read. */
	if (send(viewer_fd, line, length + 1, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		exit(8);
}

static void send_message(enum broker_type type, const void *message)
{
	if (link_send(LINK_FD, broker_message_type(type), message, NULL, 0) < 0)
		exit(3);
}

static char *word(char **words, unsigned index)
{
	static char nothing[] = "";

	for (unsigned i = 0; i <= index; i++)
		if (words[i] == NULL)
			return nothing;
	return words[index];
}

static void unhex(const char *hex, uint8_t *ret, size_t length)
{
	for (size_t i = 0; i < length && hex[2 * i] != '\0'; i++)
		ret[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
				   g_ascii_xdigit_value(hex[2 * i + 1]));
}

static void say_login(enum broker_door door, char **words)
{
	static char nothing[] = "", viewer[] = "WORKSTATION";
	const struct broker_login login = {.door = door,
					   .user = word(words, 1),
					   .domain = nothing,
					   .password = word(words, 2),
					   .alternate_shell =
						   g_strdelimit(word(words, 3), "_", ' '),
					   .viewer_name = viewer};

	send_message(BROKER_LOGIN, &login);
}

/* proof USER DOMAIN INPUT KEY MESSAGES MIC, the last four in hex */
static void say_proof(char **words)
{
	struct broker_nla_proof proof = {.user = word(words, 1), .domain = word(words, 2)};

	proof.proof_input.length = (uint32_t)strlen(word(words, 3)) / 2;
	proof.proof_input.bytes = g_malloc0(proof.proof_input.length + 1);
	unhex(word(words, 3), proof.proof_input.bytes, proof.proof_input.length);
	unhex(word(words, 4), proof.encrypted_session_key, 16);
	proof.mic_input.length = (uint32_t)strlen(word(words, 5)) / 2;
	proof.mic_input.bytes = g_malloc0(proof.mic_input.length + 1);
	unhex(word(words, 5), proof.mic_input.bytes, proof.mic_input.length);
	unhex(word(words, 6), proof.mic, 16);
	send_message(BROKER_NLA_PROOF, &proof);
	g_free(proof.proof_input.bytes);
	g_free(proof.mic_input.bytes);
}

static void say_ended(uint32_t reason, char *detail)
{
	const struct broker_ended ended = {.reason = reason, .detail = detail};

	send_message(BROKER_ENDED, &ended);
}

static void say_raw(const char *hex)
{
	size_t length = strlen(hex) / 2;
	g_autofree uint8_t *bytes = g_malloc0(length + 1);

	unhex(hex, bytes, length);
	if (send(LINK_FD, bytes, length, MSG_NOSIGNAL) < 0)
		exit(3);
}

static void obey(char *line)
{
	g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 8);
	const char *verb = word(words, 0);
	const struct broker_dial dial = {1280, 720};
	const struct broker_running running = {1024, 768};

	if (strcmp(verb, "login") == 0)
		say_login(DOOR_PASSWORD, words);
	else if (strcmp(verb, "ticket-login") == 0)
		say_login(DOOR_NLA_TICKET, words);
	else if (strcmp(verb, "proof") == 0)
		say_proof(words);
	else if (strcmp(verb, "dial") == 0)
		send_message(BROKER_DIAL, &dial);
	else if (strcmp(verb, "running") == 0)
		send_message(BROKER_RUNNING, &running);
	else if (strcmp(verb, "ended") == 0) {
		say_ended((uint32_t)atoi(word(words, 1)), word(words, 2));
		exit(0);
	}
	if (strcmp(verb, "raw") == 0)
		say_raw(word(words, 1));
	else if (strcmp(verb, "stubborn") == 0)
		stubborn = true;
	else if (strcmp(verb, "crash") == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer would make an exit of it */
		raise(SIGSEGV);
	} else if (strcmp(verb, "exit") == 0)
		exit(0);
	else if (strcmp(verb, "send") == 0 &&
		 send(target_fd, word(words, 1), strlen(word(words, 1)), MSG_NOSIGNAL) < 0)
		say("ERROR target");
}

static void tell_dial_answer(const struct broker_dial_answer *answer)
{
	say("DIAL_ANSWER reason=%s host=%s port=%u account=%s domain=%s password=%s sha256=%s "
	    "security=%u",
	    end_reason_key(answer->reason), answer->host, answer->port, answer->account,
	    answer->domain, answer->password, answer->certificate_sha256, answer->security);
}

static void tell_terminate(const struct broker_terminate *terminate)
{
	char detail[] = "as told";

	say("TERMINATE %s %s", end_reason_key(terminate->reason), terminate->text);
	if (stubborn)
		return;
	say_ended(terminate->reason, detail);
	exit(0);
}

static void tell_nla_answer(const struct broker_nla_answer *answer)
{
	g_autofree char *hex = g_malloc0(33);

	for (unsigned i = 0; i < 16; i++)
		g_snprintf(hex + 2 * i, 3, "%02x", answer->ntowfv2[i]);
	say("NLA_ANSWER ok=%u ntowfv2=%s", answer->ok, hex);
}

union answer {
	struct broker_start start;
	struct broker_nla_answer nla;
	struct broker_login_answer login;
	struct broker_dial_answer dial;
	struct broker_terminate terminate;
	struct broker_empty empty;
	struct broker_text text;
};

static void tell(uint16_t type, const union answer *answer)
{
	switch (type) {
	case BROKER_NLA_ANSWER:
		tell_nla_answer(&answer->nla);
		break;
	case BROKER_LOGIN_ANSWER:
		say("LOGIN_ANSWER allowed=%u reason=%s user=%s target=%s back=%s",
		    answer->login.allowed, end_reason_key(answer->login.reason), answer->login.user,
		    answer->login.target, answer->login.back);
		break;
	case BROKER_DIAL_ANSWER:
		tell_dial_answer(&answer->dial);
		break;
	case BROKER_RECORDER_LINK:
		say("RECORDER_LINK");
		break;
	case BROKER_TARGET_SOCKET:
		target_fd = packet_take_fd(&packet, 0);
		say("TARGET_SOCKET");
		break;
	case BROKER_TERMINATE:
		tell_terminate(&answer->terminate);
		break;
	default:
		say("ERROR type %u", type);
	}
}

static void take_packet(union answer *ret, uint16_t *ret_type)
{
	int result = link_receive(LINK_FD, &packet, -1);

	if (result < 0)
		exit(result == -ECONNRESET ? 0 : 4);
	const struct message_type *type = broker_message_type(packet.type);
	if (type == NULL || packet.n_fds != type->n_fds ||
	    message_decode(type, packet.bytes, packet.length, ret) != 0)
		exit(5);
	*ret_type = packet.type;
}

static void hear_gateway(void)
{
	union answer answer;
	uint16_t type;

	take_packet(&answer, &type);
	tell(type, &answer);
	message_clear(broker_message_type(type), &answer);
	packet_clear(&packet);
}

/* What this process holds: the test wants to see nothing but standard descriptors, link and
 * viewer. */
static char *open_descriptors(void)
{
	GString *list = g_string_new(NULL);
	DIR *dir = opendir("/proc/self/fd");

	for (struct dirent *at = dir == NULL ? NULL : readdir(dir); at != NULL; at = readdir(dir))
		if (at->d_name[0] != '.' && atoi(at->d_name) != dirfd(dir))
			g_string_append_printf(list, "%s%s", list->len > 0 ? "," : "", at->d_name);
	if (dir != NULL)
		closedir(dir);
	return g_string_free(list, FALSE);
}

/* An RDP viewer's request is still in the stream: the gateway has only peeked at it. */
static unsigned skip_request(void)
{
	uint8_t head[4], rest[300];

	if (recv(viewer_fd, head, sizeof head, MSG_WAITALL) != sizeof head || head[0] != 3)
		return 0;
	size_t length = ((size_t)head[2] << 8 | head[3]) - sizeof head;
	if (length > sizeof rest || recv(viewer_fd, rest, length, MSG_WAITALL) != (ssize_t)length)
		return 0;
	return (unsigned)(length + sizeof head);
}

/* The viewer's ProtocolVersion, whole in the socket already; the answer it gets came from the
 * gateway. */
static unsigned skip_version(void)
{
	char version[12];

	return (unsigned)recv(viewer_fd, version, sizeof version, MSG_DONTWAIT);
}

static void meet_viewer(void)
{
	union answer answer;
	uint16_t type;
	struct rlimit core;
	g_autofree char *descriptors = NULL;

	take_packet(&answer, &type);
	if (type != BROKER_START)
		exit(6);
	viewer_fd = packet_take_fd(&packet, 0);
	descriptors = open_descriptors();
	unsigned peeked = strcmp(answer.start.front, "rdp") == 0 ? skip_request() : skip_version();
	getrlimit(RLIMIT_CORE, &core);
	say("START id=%s front=%s nla=%u address=%s key=%d uid=%u core=%u peeked=%u pid=%d "
	    "environment=%s fds=%s",
	    answer.start.session_id, answer.start.front, answer.start.offer_nla,
	    answer.start.viewer_address, strstr(answer.start.private_key_pem, "PRIVATE") != NULL,
	    (unsigned)getuid(), (unsigned)core.rlim_cur, peeked, (int)getpid(),
	    g_getenv("VITRINE_TEST_CONNINFO") == NULL ? "clean" : "leaked", descriptors);
	message_clear(broker_message_type(type), &answer);
	packet_clear(&packet);
}

static void serve(void)
{
	FILE *lines = fdopen(viewer_fd, "r");
	struct pollfd fds[] = {{viewer_fd, POLLIN, 0}, {LINK_FD, POLLIN, 0}};
	char line[4096];
	char gone[] = "gone";

	if (lines == NULL)
		exit(7);
	setvbuf(lines, NULL, _IONBF, 0);
	while (poll(fds, G_N_ELEMENTS(fds), -1) >= 0) {
		if (fds[1].revents != 0)
			hear_gateway();
		else if (fgets(line, sizeof line, lines) != NULL)
			obey(line);
		else
			break;
	}
	say_ended(END_VIEWER_LEFT, gone);
	exit(0);
}

int main(int argc, char **argv)
{
	const struct broker_ready ready = {strstr(argv[0], "unconfined") == NULL};

	if (secret_init() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	send_message(BROKER_READY, &ready);
	meet_viewer();
	serve();
}
