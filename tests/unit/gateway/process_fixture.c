/* The installation around the gateway under test, and its process. */
#include "tests/unit/gateway/process_fixture.h"

#include "base/clock.h"
#include "base/password.h"
#include "base/secret.h"
#include "gateway/broker/nt_hash.h"
#include "gateway/broker/vault.h"
#include "ipc/broker_proto.h"
#include "sql/audit_store.h"
#include "sql/session_store.h"
#include "sql/target_store.h"
#include "sql/ticket_store.h"
#include "sql/user_store.h"
#include "tests/support/patience.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sql/sql_fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MASTER_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

uint16_t installation_rdp_port, installation_vnc_port, installation_target_port;
static char *directory;
static int target_listener = -1;
static struct db *admin;
static GPid pid;

const char *installation_file(const char *name)
{
	static char path[256];

	g_snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

void installation_write(const char *name, const char *text, unsigned mode)
{
	const char *path = installation_file(name);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, (int)mode), ==, 0);
}

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof at), ==, 0);
	g_assert_cmpint(listen(fd, 64), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&at, &length), ==, 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
	uint16_t port;

	close(listen_somewhere(&port));
	return port;
}

struct db *fixture_admin(void)
{
	if (admin == NULL)
		admin = fixture_open("vitrine_admin");
	return admin;
}

static void no_error(bool ok, GError *error)
{
	g_assert_no_error(error);
	g_assert_true(ok);
}

static struct vault *open_vault(void)
{
	GError *error = NULL;
	struct vault *vault = vault_create_from_file(installation_file("master.key"), &error);

	g_assert_no_error(error);
	return vault;
}

static void add_user(const char *login, const char *hash)
{
	GError *error = NULL;

	no_error(user_store_add(fixture_admin(), login, hash, USER_ROLE_USER, &error), error);
}

static void add_target(const char *name, uint16_t port, const char *account, struct vault *vault)
{
	char protocol[] = "vnc", host[] = "127.0.0.1", nothing[] = "";
	GError *error = NULL;
	const struct target target = {.name = (char *)(uintptr_t)name,
				      .protocol = protocol,
				      .host = host,
				      .port = port,
				      .security = TARGET_PLAIN,
				      .certificate_sha256 = nothing,
				      .ca_pem = nothing};
	g_autofree char *row = vault_account_row(name, account);
	g_autoptr(GBytes) sealed =
		vault_seal(vault, row, TARGET_PASSWORD, strlen(TARGET_PASSWORD), &error);

	g_assert_no_error(error);
	no_error(target_store_add(fixture_admin(), &target, &error), error);
	no_error(account_store_add(fixture_admin(), name, account, "CORP", sealed, &error), error);
}

static void grant(const char *login, const char *target, const char *account)
{
	GError *error = NULL;

	no_error(grant_store_add(fixture_admin(), login, target, account, &error), error);
}

/* alice may go to web1 and to a target that is switched off; bob to nothing; carol is disabled.
 * "secret" is nobody's. */
static void fill_database(void)
{
	struct vault *vault = open_vault();
	g_autofree char *hash = password_hash(ALICE_PASSWORD);
	GError *error = NULL;

	add_user("Alice", hash);
	add_user("bob", hash);
	add_user("carol", hash);
	no_error(user_store_set_disabled(fixture_admin(), "carol", true, &error), error);
	add_target("web1", installation_target_port, "root", vault);
	add_target("off1", free_port(), "root", vault);
	add_target("secret", installation_target_port, "root", vault);
	grant("alice", "web1", "root");
	grant("alice", "off1", "root");
	grant("carol", "web1", "root");
	vault_destroy(vault);
}

static void add_ticket(uint64_t expires_utc_us)
{
	struct vault *vault = open_vault();
	GError *error = NULL;
	struct nt_hasher *hasher = nt_hasher_create(&error);
	g_autofree char *id = g_uuid_string_random();
	g_autofree char *row = vault_ticket_row(id);
	uint8_t hash[NT_HASH_BYTES];

	g_assert_no_error(error);
	g_assert_cmpint(nt_hash_password(hasher, TICKET_PASSWORD, hash), ==, 0);
	g_autoptr(GBytes) sealed = vault_seal(vault, row, hash, sizeof hash, &error);
	no_error(ticket_store_create(fixture_admin(), id, "alice", "web1", "root", sealed,
				     expires_utc_us, &error),
		 error);
	nt_hasher_destroy(hasher);
	vault_destroy(vault);
}

void installation_add_ticket(void)
{
	add_ticket(clock_utc_us() + 600u * G_USEC_PER_SEC);
}

void installation_add_old_ticket(void)
{
	add_ticket(clock_utc_us() - 25u * 3600u * (uint64_t)G_USEC_PER_SEC);
}

void installation_write_identity(void)
{
	struct signing_key identity;

	signing_key_init(&identity, "gateway", NULL);
	installation_write("tls.key", identity.key_pem, 0600);
	installation_write("tls.crt", identity.certificate_pem, 0644);
	signing_key_finish(&identity);
}

void installation_create(void)
{
	directory = temp_dir_create();
	/* Session processes may run as another user; they look for their program only. */
	g_assert_cmpint(g_chmod(directory, 0711), ==, 0);
	installation_write("master.key", MASTER_KEY "\n", 0600);
	installation_write_identity();
	target_listener = listen_somewhere(&installation_target_port);
	installation_rdp_port = free_port();
	installation_vnc_port = free_port();
	fixture_create("vitrine", true);
	fill_database();
}

void installation_destroy(void)
{
	close(target_listener);
	db_close(admin);
	temp_dir_remove(directory);
	g_free(directory);
}

void installation_configure(const char *session_program, const char *extra)
{
	g_autofree char *conninfo = fixture_conninfo("vitrine", NULL);
	g_autofree char *text =
		g_strdup_printf("node: testnode\n"
				"gateway:\n"
				"  rdp: {address: 127.0.0.1, port: %u}\n"
				"  vnc: {address: 127.0.0.1, port: %u}\n"
				"  certificate_file: %s/tls.crt\n"
				"  private_key_file: %s/tls.key\n"
				"  master_key_file: %s/master.key\n"
				"  session_program: %s\n"
				"%s"
				"recorder:\n"
				"  socket_path: %s/recorder\n"
				"database:\n"
				"  conninfo: \"%s\"\n",
				installation_rdp_port, installation_vnc_port, directory, directory,
				directory, session_program, extra, directory, conninfo);

	if (pid != 0)
		gateway_finish();
	installation_write("vitrine.yaml", text, 0644);
}

int installation_target_accept(void)
{
	struct pollfd p = {target_listener, POLLIN, 0};

	g_assert_cmpint(poll(&p, 1, PATIENCE_MS), ==, 1);
	return accept4(target_listener, NULL, NULL, SOCK_CLOEXEC);
}

/* ---- the gateway ---- */

static const char *program(void)
{
	const char *path = g_getenv("VITRINE_TEST_GATEWAY");

	g_assert_nonnull(path);
	return path;
}

/* Systemd's notification socket: the gateway says READY=1 on it. */
static int make_notify_socket(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_strlcpy(at.sun_path, installation_file("notify"), sizeof at.sun_path);
	g_unlink(at.sun_path);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof at), ==, 0);
	return fd;
}

static void wait_ready(int notify)
{
	struct pollfd p = {notify, POLLIN, 0};
	char text[64] = "";

	if (poll(&p, 1, PATIENCE_MS) != 1) {
		g_autofree char *log = gateway_log();
		g_error("the gateway does not get ready:\n%s", log);
	}
	g_assert_cmpint(recv(notify, text, sizeof text - 1, 0), >, 0);
	g_assert_cmpstr(text, ==, "READY=1");
	close(notify);
}

/* A test that aborts takes its gateway along. */
static void die_with_parent(void *user_data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void gateway_start(void)
{
	g_autofree char *config = g_strdup(installation_file("vitrine.yaml"));
	g_autofree char *log = g_strdup(installation_file("log"));
	const char *const argv[] = {program(), "--config", config, NULL};
	int notify = make_notify_socket();
	g_auto(GStrv) environment = g_get_environ();
	GError *error = NULL;
	FILE *out = g_fopen(log, "we");

	g_assert_nonnull(out);
	environment =
		g_environ_setenv(environment, "NOTIFY_SOCKET", installation_file("notify"), TRUE);
	g_spawn_async_with_fds("/", (char **)(uintptr_t)argv, environment,
			       G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent, NULL, &pid, -1,
			       fileno(out), fileno(out), &error);
	g_assert_no_error(error);
	fclose(out);
	wait_ready(notify);
	g_free(recorder_expect("CONNECTED"));
}

int gateway_finish(void)
{
	int status;

	kill(pid, SIGTERM);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int gateway_pid(void)
{
	return pid;
}

int gateway_try(char **ret_output)
{
	const char *argv[] = {program(), "--config", installation_file("vitrine.yaml"), NULL};
	GError *error = NULL;
	int status;

	g_spawn_sync("/", (char **)(uintptr_t)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
		     NULL, ret_output, &status, &error);
	g_assert_no_error(error);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

char *gateway_log(void)
{
	char *text = NULL;

	g_assert_true(g_file_get_contents(installation_file("log"), &text, NULL, NULL));
	return text;
}

unsigned gateway_memory_kib(void)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	const char *line = strstr(text, "VmRSS:");
	g_assert_nonnull(line);
	return (unsigned)g_ascii_strtoull(line + strlen("VmRSS:"), NULL, 10);
}

unsigned gateway_descriptors(void)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	unsigned n = 0;

	g_assert_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* ---- viewers ---- */

int viewer_connect(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr = {htonl(INADDR_LOOPBACK)},
				 .sin_port = htons(port)};
	const struct timeval patience = {PATIENCE_MS / 1000, 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(connect(fd, (struct sockaddr *)&to, sizeof to), ==, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

void viewer_request(int fd, const char *cookie, uint32_t protocols)
{
	g_autofree char *line =
		cookie == NULL ? g_strdup("") : g_strdup_printf("Cookie: mstshash=%s\r\n", cookie);
	size_t length = strlen(line), total = 11 + length + 8;
	uint8_t bytes[300] = {3, 0, 0, (uint8_t)total, (uint8_t)(total - 5), 0xe0};

	g_assert_cmpuint(total, <, 256);
	memcpy(bytes + 11, line, length);
	bytes[11 + length] = 1;
	bytes[11 + length + 2] = 8;
	bytes[11 + length + 4] = (uint8_t)protocols;
	g_assert_cmpint(send(fd, bytes, total, MSG_NOSIGNAL), ==, (gssize)total);
}

void viewer_say(int fd, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *line = g_strdup_vprintf(format, args);
	va_end(args);
	size_t length = strlen(line);
	line[length] = '\n';
	g_assert_cmpint(send(fd, line, length + 1, MSG_NOSIGNAL), ==, (gssize)length + 1);
}

char *viewer_hear(int fd)
{
	GString *line = g_string_new(NULL);
	char byte;

	for (;;) {
		ssize_t n = recv(fd, &byte, 1, 0);
		if (n < 0 && errno == EAGAIN)
			g_error("the session says nothing");
		if (n <= 0) {
			g_string_free(line, TRUE);
			return NULL;
		}
		if (byte == '\n')
			return g_string_free(line, FALSE);
		g_string_append_c(line, byte);
	}
}

char *viewer_expect(int fd, const char *start)
{
	char *line = viewer_hear(fd);

	if (line == NULL || !g_str_has_prefix(line, start)) {
		g_autofree char *log = gateway_log();
		g_error("expected \"%s\", heard \"%s\"; the gateway says:\n%s", start,
			line != NULL ? line : "(end)", log);
	}
	return line;
}

char *line_value(const char *line, const char *name)
{
	g_autofree char *key = g_strdup_printf(" %s=", name);
	const char *at = strstr(line, key);

	g_assert_nonnull(at);
	at += strlen(key);
	return g_strndup(at, strcspn(at, " "));
}

int viewer_open(char **ret_id)
{
	int fd = viewer_connect(installation_rdp_port);

	viewer_request(fd, NULL, 1);
	g_autofree char *line = viewer_expect(fd, "START ");
	if (ret_id != NULL)
		*ret_id = line_value(line, "id");
	return fd;
}

int viewer_run(char **ret_id)
{
	int fd = viewer_open(ret_id);

	viewer_say(fd, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(fd, "LOGIN_ANSWER allowed=1"));
	viewer_say(fd, "dial");
	g_free(viewer_expect(fd, "RECORDER_LINK"));
	g_free(viewer_expect(fd, "DIAL_ANSWER reason=none"));
	g_free(viewer_expect(fd, "TARGET_SOCKET"));
	viewer_say(fd, "running");
	return fd;
}

/* ---- what the database says ---- */

const char *session_wait_state(const char *id, const char *state)
{
	gint64 until = g_get_monotonic_time() + PATIENCE_US;

	for (;;) {
		autorow(session_row) row = NULL;
		GError *error = NULL;
		no_error(session_store_find(fixture_admin(), id, &row, &error), error);
		if (row != NULL && strcmp(session_state_key(row->state), state) == 0)
			return end_reason_key(row->end_reason);
		if (g_get_monotonic_time() > until)
			g_error("session %s is \"%s\", not \"%s\"", id,
				row != NULL ? session_state_key(row->state) : "(nowhere)", state);
		g_usleep(
			5000); /* rows are written by another process that announces nothing here */
	}
}

char *audit_detail(const char *action, const char *subject)
{
	const struct audit_filter filter = {.action = action, .subject = subject};
	g_autoptr(GPtrArray) rows = NULL;
	GError *error = NULL;

	no_error(audit_store_list(fixture_admin(), &filter, &rows, NULL, &error), error);
	return rows->len == 0 ? NULL : g_strdup(((struct audit_row *)rows->pdata[0])->detail);
}
