/* Starts, hears and orders about a front host in a process of its own. */
#include "tests/unit/rdp/host_process.h"

#include "tests/support/patience.h"
#include "tests/unit/rdp/front_host.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *host_program;

void host_use(const char *program)
{
	host_program = program;
}

static bool read_more(struct host *host, int timeout_ms)
{
	struct pollfd pollfd = {.fd = host->out, .events = POLLIN};
	char bytes[4096];

	if (poll(&pollfd, 1, timeout_ms) <= 0)
		return false;
	ssize_t n = read(host->out, bytes, sizeof bytes);
	if (n <= 0)
		return false;
	g_string_append_len(host->said, bytes, n);
	return true;
}

bool host_said(struct host *host, const char *start)
{
	g_autofree char *needle = g_strconcat("\n", start, NULL);

	while (read_more(host, 0)) {
	}
	return strstr(host->said->str, needle) != NULL;
}

bool host_says(struct host *host, const char *start)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

	while (!host_said(host, start))
		if (g_get_monotonic_time() > until_us || !read_more(host, 1000))
			return host_said(host, start);
	return true;
}

/* A test that aborts takes it along: it would hold the test's output open, which whoever reads that
 * takes for a test that runs. */
static void die_with_parent(void *user_data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

struct host *host_start(const char *options)
{
	struct host *host = g_new0(struct host, 1);
	g_auto(GStrv) words = g_strsplit(options, " ", -1);
	g_autoptr(GPtrArray) arguments = g_ptr_array_new();
	unsigned port = 0;

	g_ptr_array_add(arguments, (gpointer)(uintptr_t)host_program);
	for (char **word = words; *word; word++)
		if (**word)
			g_ptr_array_add(arguments, *word);
	g_ptr_array_add(arguments, NULL);
	g_assert_true(g_spawn_async_with_pipes(NULL, (char **)arguments->pdata, NULL,
					       G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent, NULL,
					       &host->pid, &host->in, &host->out, NULL, NULL));
	host->said = g_string_new("\n");
	g_assert_true(host_says(host, "port "));
	g_assert_cmpint(sscanf(host->said->str, "\nport %u", &port), ==, 1);
	host->port = (uint16_t)port;
	return host;
}

void host_obey(struct host *host, const char *command)
{
	g_autofree char *line = g_strconcat(command, "\n", NULL);

	g_assert_cmpint(write(host->in, line, strlen(line)), ==, (ssize_t)strlen(line));
}

void host_close(struct host *host)
{
	int status = -1;

	close(host->in);
	g_assert_cmpint(waitpid(host->pid, &status, 0), ==, host->pid);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	close(host->out);
	g_string_free(host->said, TRUE);
	g_free(host);
}

struct front_client_options host_viewer(const struct host *host)
{
	return (struct front_client_options){.port = host->port,
					     .password = HOST_PASSWORD,
					     .graphics = CLIENT_GFX,
					     .width = 800,
					     .height = 600};
}
