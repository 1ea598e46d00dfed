/* Answers a session's questions as its settings say. It keeps no state table: what a session may
 * ask when is the real gateway's business. */
#include "tests/support/fake_gateway.h"

#include "base/monitor.h"
#include "base/secret.h"
#include "ipc/link.h"
#include "tests/support/patience.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_gateway {
	struct fake_gateway_settings settings;
	struct fake_recorder *recorder;
	GThread *thread;
	int link, session_end;
	struct monitor monitor;
	unsigned heard[BROKER_START];
	uint32_t ended_reason, door, width, height;
	char *ended_detail, *user;
};

struct fake_gateway_settings fake_gateway_defaults(void)
{
	return (struct fake_gateway_settings){
		.user = "alice",
		.password = "secret",
		.target = "web1",
		.back = "vnc",
		.banner = "",
		.unrecorded_limit_s = 30,
		.target_fd = -1,
		.host = "target.test",
		.port = 5900,
		.account = "root",
		.domain = "",
		.target_password = "hunter2",
		.certificate_sha256 = "",
		.ca_pem = "",
		.security = TARGET_PLAIN,
	};
}

/* A session that is gone already misses its answer; that is its affair. */
static void answer(struct fake_gateway *g, enum broker_type type, const void *message,
		   const int *fds, unsigned n_fds)
{
	int result = link_send(g->link, broker_message_type(type), message, fds, n_fds);

	g_assert_true(result == 0 || result == -EPIPE);
}

void fake_gateway_offer_recorder(struct fake_gateway *gateway)
{
	struct broker_empty empty = {0};
	int fd = fake_recorder_link(gateway->recorder);

	answer(gateway, BROKER_RECORDER_LINK, &empty, &fd, 1);
	close(fd);
}

static void answer_nla(struct fake_gateway *g)
{
	struct broker_nla_answer a = {.ok = g->settings.ntowfv2 != NULL};

	if (a.ok)
		memcpy(a.ntowfv2, g->settings.ntowfv2, sizeof a.ntowfv2);
	answer(g, BROKER_NLA_ANSWER, &a, NULL, 0);
}

static void answer_login(struct fake_gateway *g, const struct broker_login *login)
{
	const struct fake_gateway_settings *s = &g->settings;
	bool password_ok = login->door == DOOR_NLA_TICKET
				   ? s->ntowfv2 != NULL
				   : g_strcmp0(login->password, s->password) == 0;
	struct broker_login_answer a = {.allowed = 0, .reason = END_REFUSED};

	if (g_strcmp0(login->user, s->user) == 0 && password_ok)
		a = (struct broker_login_answer){.allowed = 1,
						 .user = (char *)(uintptr_t)s->user,
						 .target = (char *)(uintptr_t)s->target,
						 .back = (char *)(uintptr_t)s->back,
						 .banner = (char *)(uintptr_t)s->banner,
						 .idle_limit_s = s->idle_limit_s,
						 .keys_off = s->keys_off,
						 .unrecorded_limit_s = s->unrecorded_limit_s};
	g_free(g->user);
	g->user = g_strdup(login->user);
	g->door = login->door;
	answer(g, BROKER_LOGIN_ANSWER, &a, NULL, 0);
}

static void answer_dial(struct fake_gateway *g, const struct broker_dial *dial)
{
	const struct fake_gateway_settings *s = &g->settings;
	struct broker_empty empty = {0};
	struct broker_dial_answer a = {
		.reason = s->dial_reason,
		.host = (char *)(uintptr_t)s->host,
		.port = s->port,
		.account = (char *)(uintptr_t)s->account,
		.domain = (char *)(uintptr_t)s->domain,
		.password = (char *)(uintptr_t)s->target_password,
		.certificate_sha256 = (char *)(uintptr_t)s->certificate_sha256,
		.ca_pem = (char *)(uintptr_t)s->ca_pem,
		.security = s->security,
	};

	g->width = dial->width_px;
	g->height = dial->height_px;
	if (!s->no_recorder)
		fake_gateway_offer_recorder(g);
	answer(g, BROKER_DIAL_ANSWER, &a, NULL, 0);
	if (s->dial_reason == END_NONE && s->target_fd >= 0)
		answer(g, BROKER_TARGET_SOCKET, &empty, &s->target_fd, 1);
}

static void act(struct fake_gateway *g, uint16_t number, void *message)
{
	if (number == BROKER_ENDED) {
		struct broker_ended *ended = message;
		g->ended_reason = ended->reason;
		g->ended_detail = g_steal_pointer(&ended->detail);
	}
	if (g->settings.silent)
		return;
	if (number == BROKER_NLA_PROOF)
		answer_nla(g);
	else if (number == BROKER_LOGIN)
		answer_login(g, message);
	else if (number == BROKER_DIAL)
		answer_dial(g, message);
}

static void *gateway_main(void *data)
{
	struct fake_gateway *g = data;
	g_autofree struct packet *packet = g_new0(struct packet, 1);

	while (link_receive(g->link, packet, -1) == 0) {
		const struct message_type *type = broker_message_type(packet->type);
		g_assert_nonnull(type);
		g_assert_cmpuint(type->number, <, BROKER_START);
		g_autofree void *message = g_malloc0(type->struct_bytes);
		g_assert_cmpint(message_decode(type, packet->bytes, packet->length, message), ==,
				0);
		monitor_enter(&g->monitor);
		act(g, type->number, message);
		g->heard[type->number]++;
		monitor_notify(&g->monitor);
		monitor_leave(&g->monitor);
		message_clear(type, message);
		packet_clear(packet);
	}
	return NULL;
}

struct fake_gateway *fake_gateway_create(const struct fake_gateway_settings *settings)
{
	struct fake_gateway *g = g_new0(struct fake_gateway, 1);
	int pair[2];

	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(link_pair(pair), ==, 0);
	g->settings = *settings;
	g->link = pair[0];
	g->session_end = pair[1];
	monitor_init(&g->monitor);
	g->recorder = fake_recorder_create();
	g->thread = g_thread_new("fake-gateway", gateway_main, g);
	return g;
}

void fake_gateway_destroy(struct fake_gateway *gateway)
{
	shutdown(gateway->link, SHUT_RDWR);
	g_thread_join(gateway->thread);
	close(gateway->link);
	if (gateway->session_end >= 0)
		close(gateway->session_end);
	if (gateway->settings.target_fd >= 0)
		close(gateway->settings.target_fd);
	fake_recorder_destroy(gateway->recorder);
	g_free(gateway->user);
	g_free(gateway->ended_detail);
	monitor_finish(&gateway->monitor);
	g_free(gateway);
}

int fake_gateway_broker_fd(struct fake_gateway *gateway)
{
	int fd = gateway->session_end;

	gateway->session_end = -1;
	return fd;
}

struct fake_recorder *fake_gateway_recorder(struct fake_gateway *gateway)
{
	return gateway->recorder;
}

void fake_gateway_terminate(struct fake_gateway *gateway, enum end_reason reason, const char *text)
{
	struct broker_terminate t = {.reason = reason, .text = (char *)(uintptr_t)text};

	answer(gateway, BROKER_TERMINATE, &t, NULL, 0);
}

void fake_gateway_message(struct fake_gateway *gateway, const char *text)
{
	struct broker_text t = {.text = (char *)(uintptr_t)text};

	answer(gateway, BROKER_MESSAGE, &t, NULL, 0);
}

void fake_gateway_silence(struct fake_gateway *gateway)
{
	monitor_enter(&gateway->monitor);
	gateway->settings.silent = true;
	monitor_leave(&gateway->monitor);
}

void fake_gateway_hang_up(struct fake_gateway *gateway)
{
	shutdown(gateway->link, SHUT_RDWR);
}

bool fake_gateway_wait(struct fake_gateway *gateway, enum broker_type type)
{
	gint64 deadline_us = g_get_monotonic_time() + PATIENCE_US;
	bool in_time = true;

	monitor_enter(&gateway->monitor);
	while (gateway->heard[type] == 0 && in_time)
		in_time = monitor_wait_until(&gateway->monitor, deadline_us);
	bool heard = gateway->heard[type] > 0;
	monitor_leave(&gateway->monitor);
	return heard;
}

enum end_reason fake_gateway_wait_ended(struct fake_gateway *gateway, char **ret_detail)
{
	if (!fake_gateway_wait(gateway, BROKER_ENDED))
		return END_NONE;
	monitor_enter(&gateway->monitor);
	enum end_reason reason = (enum end_reason)gateway->ended_reason;
	if (ret_detail != NULL)
		*ret_detail = g_strdup(gateway->ended_detail);
	monitor_leave(&gateway->monitor);
	return reason;
}

void fake_gateway_asked(struct fake_gateway *gateway, char **ret_user, uint32_t *ret_door,
			uint32_t *ret_width, uint32_t *ret_height)
{
	monitor_enter(&gateway->monitor);
	*ret_user = g_strdup(gateway->user);
	*ret_door = gateway->door;
	*ret_width = gateway->width;
	*ret_height = gateway->height;
	monitor_leave(&gateway->monitor);
}
