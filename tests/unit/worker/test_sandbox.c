/* From inside a confined process: what an attacker would try fails, what a session needs works.
 * Each case runs in a child of its own, because nobody leaves the cage. */
#include "gateway/worker/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct probe {
	const char *name;
	bool (*run)(void); /* true: the attempt failed as it must, or the need was met */
};

static int inherited_socket[2];

static bool refused(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

static bool try_open(void)
{
	return refused(open("/etc/passwd", O_RDONLY)) && refused(open("/proc/self/mem", O_RDWR)) &&
	       refused(open("/tmp/vitrine-sandbox-test", O_CREAT | O_WRONLY, 0600));
}

static bool try_stat(void)
{
	struct stat st;

	return refused(stat("/etc/shadow", &st)) && refused(access("/etc/passwd", R_OK));
}

static bool try_socket(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0)) &&
	       refused(socket(AF_UNIX, SOCK_STREAM, 0)) &&
	       refused(socket(AF_NETLINK, SOCK_RAW, 0)) && refused(socket(AF_INET6, SOCK_DGRAM, 0));
}

static bool try_connect(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return refused(connect(inherited_socket[0], (struct sockaddr *)&address, sizeof address)) &&
	       refused(bind(inherited_socket[0], (struct sockaddr *)&address, sizeof address)) &&
	       refused(listen(inherited_socket[0], 1));
}

static bool try_execve(void)
{
	char *const arguments[] = {(char *)(uintptr_t) "true", NULL};

	return refused(execve("/bin/true", arguments, arguments + 1));
}

static bool try_ptrace(void)
{
	return refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)) &&
	       refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static bool try_kill(void)
{
	return refused(kill(1, 0)) && refused(kill(-1, 0)) && refused(kill(getpid(), 0));
}

/* The kernel would send the signal for us. */
static bool try_signal_by_owner(void)
{
	return refused(fcntl(inherited_socket[0], F_SETOWN, getpid())) &&
	       refused(fcntl(inherited_socket[0], F_SETSIG, SIGKILL)) &&
	       fcntl(inherited_socket[0], F_SETFL, O_NONBLOCK) == 0;
}

/* Of a pair's datagram socket each message may name a receiver in the file system; a stream's may
 * not. */
static bool try_datagrams(void)
{
	int pair[2];

	return refused(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) &&
	       refused(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair)) &&
	       socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0;
}

static bool try_executable_memory(void)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map != MAP_FAILED && refused(mprotect(map, 4096, PROT_READ | PROT_EXEC)) &&
	       mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		       MAP_FAILED;
}

static bool try_fork(void)
{
	return refused(fork());
}

static bool try_privileges(void)
{
	return refused(setuid(0)) && refused(chdir("/")) && refused(unlink("/tmp/x")) &&
	       refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static bool is_not_dumpable(void)
{
	/* PR_GET_DUMPABLE is refused inside; the state was set before the filter. */
	return refused(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
}

static void *count_up(void *counter)
{
	__atomic_add_fetch((int *)counter, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool needs_threads_and_canvas(void)
{
	pthread_t thread;
	int counter = 0;

	if (pthread_create(&thread, NULL, count_up, &counter) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return false;
	int canvas = memfd_create("canvas", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (canvas < 0 || ftruncate(canvas, 64 << 20) != 0 ||
	    fcntl(canvas, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
		return false;
	uint8_t *pixels = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, canvas, 0);
	if (pixels == MAP_FAILED)
		return false;
	pixels[12345] = 7;
	return counter == 1 && eventfd(0, EFD_CLOEXEC) >= 0;
}

static bool needs_inherited_socket(void)
{
	char byte = 'x';

	return send(inherited_socket[0], &byte, 1, 0) == 1 &&
	       recv(inherited_socket[1], &byte, 1, 0) == 1;
}

static const struct probe probes[] = {
	{"open", try_open},
	{"stat", try_stat},
	{"socket", try_socket},
	{"connect", try_connect},
	{"execve", try_execve},
	{"ptrace", try_ptrace},
	{"kill", try_kill},
	{"signal-by-owner", try_signal_by_owner},
	{"datagrams", try_datagrams},
	{"executable-memory", try_executable_memory},
	{"fork", try_fork},
	{"setuid-chdir-unlink", try_privileges},
	{"dumpable", is_not_dumpable},
	{"threads-and-canvas", needs_threads_and_canvas},
	{"inherited-socket", needs_inherited_socket},
};

/* From outside the filter: the sets as the kernel shows them, read through a
 * descriptor opened before. */
static bool capabilities_are_gone(int status_fd)
{
	static const char *const sets[] = {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"};
	char text[8192] = "";

	if (read(status_fd, text, sizeof text - 1) <= 0)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
		const char *line = strstr(text, sets[i]);
		if (line == NULL || strtoull(line + strlen(sets[i]), NULL, 16) != 0)
			return false;
	}
	return true;
}

static int run_confined(const struct probe *probe)
{
	int status_fd = open("/proc/self/status", O_RDONLY);
	int abi;

	/* Without the cage the same probes must come out differently, or they prove nothing. */
	if (sandbox_enter(&abi) != 0)
		return 3;
	if (!capabilities_are_gone(status_fd))
		return 4;
	return probe->run() ? 0 : 1;
}

static void test_probe(gconstpointer data)
{
	const struct probe *probe = data;
	int status;
	pid_t child = fork();

	g_assert_cmpint(child, >=, 0);
	if (child == 0)
		_exit(run_confined(probe));
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_free_process_may(void)
{
	g_assert_false(try_open());
	g_assert_false(try_socket());
	g_assert_false(try_kill());
	g_assert_false(try_executable_memory());
	g_unlink("/tmp/vitrine-sandbox-test");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, inherited_socket), ==, 0);
	g_test_add_func("/worker/sandbox/free-process-may", test_free_process_may);
	for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
		g_autofree char *path = g_strdup_printf("/worker/sandbox/%s", probes[i].name);
		g_test_add_data_func(path, &probes[i], test_probe);
	}
	return g_test_run();
}
