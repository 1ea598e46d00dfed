/* The gateway's link to a recorder that is away, frozen or killed: nothing that a recording has
 * to know is lost, and where it must be, the recording says so. */
#include "gateway/recorder_link.h"
#include "gateway/recorder_outbox.h"
#include "ipc/link.h"
#include "tests/support/temp_dir.h"

#include <glib.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SESSION "6f9619ff-8b86-4011-b42d-00c04fc964ff"
#define OTHER "6f9619ff-8b86-4011-b42d-00c04fc96401"
/* More than any socket's buffer holds. */
#define MANY 2000u
#define SESSIONS 10u
/* Each holds a descriptor while it waits. */
#define OPENINGS 400u

struct scene {
	char *dir, *path;
	int listen_fd, fd; /* the recorder's */
	struct recorder_link *link;
	struct packet *packet;
	unsigned n_up, n_down, n_reopened;
	unsigned reopen; /* sessions that `up` opens anew */
	GString *lost;
};

static int open_recording(struct scene *s, const char *session_id, bool resume)
{
	const struct recorder_open open = {.session_id = (char *)(uintptr_t)session_id,
					   .resume = resume};
	int pair[2];

	g_assert_cmpint(link_pair(pair), ==, 0);
	int result = recorder_link_open(s->link, &open, pair[0]);
	close(pair[0]);
	close(pair[1]);
	return result;
}

static void up(void *user_data)
{
	struct scene *s = user_data;

	s->n_up++;
	for (unsigned i = 0; i < s->reopen; i++)
		g_assert_cmpint(open_recording(s, SESSION, true), ==, 0);
}

static void down(void *user_data)
{
	((struct scene *)user_data)->n_down++;
}

static void opened(const char *session_id, enum end_reason reason, const char *detail,
		   void *user_data)
{
	((struct scene *)user_data)->n_reopened++;
}

static void sealed(const struct recorder_sealed *message, void *user_data)
{
}

static void lost(const char *session_id, const char *json, void *user_data)
{
	g_string_append_printf(((struct scene *)user_data)->lost, "%s %s;", session_id, json);
}

static const struct recorder_listener listener = {up, down, opened, sealed, lost};

static void spin_until_up(struct scene *s, unsigned n)
{
	while (s->n_up < n)
		g_main_context_iteration(NULL, TRUE);
}

static void accept_gateway(struct scene *s)
{
	const struct recorder_storage storage = {1u << 30, 1};

	s->fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	g_assert_cmpint(s->fd, >=, 0);
	g_assert_cmpint(
		link_send(s->fd, recorder_message_type(RECORDER_STORAGE), &storage, NULL, 0), ==,
		0);
}

static void scene_open(struct scene *s)
{
	*s = (struct scene){.dir = temp_dir_create(), .packet = g_new0(struct packet, 1)};
	s->path = g_build_filename(s->dir, "recorder", NULL);
	s->lost = g_string_new(NULL);
	s->listen_fd = link_listen(s->path, SOCK_SEQPACKET, 0600);
	g_assert_cmpint(s->listen_fd, >=, 0);
	s->link = recorder_link_create(s->path, &listener, s);
	spin_until_up(s, 1);
	accept_gateway(s);
	while (recorder_link_refusal(s->link) != END_NONE)
		g_main_context_iteration(NULL, TRUE);
}

static void scene_close(struct scene *s)
{
	recorder_link_destroy(s->link);
	close(s->fd);
	close(s->listen_fd);
	g_string_free(s->lost, TRUE);
	temp_dir_remove(s->dir);
	g_free(s->path);
	g_free(s->dir);
	g_free(s->packet);
}

/* As a recorder that is killed: what it had not read is gone with it. */
static void kill_recorder(struct scene *s)
{
	unsigned n = s->n_down;

	close(s->fd);
	while (s->n_down == n)
		g_main_context_iteration(NULL, TRUE);
}

static void come_back(struct scene *s)
{
	spin_until_up(s, s->n_up + 1);
	accept_gateway(s);
}

/* The next packet; the gateway's loop runs meanwhile. */
static uint16_t hear(struct scene *s)
{
	int result;

	while ((result = link_receive(s->fd, s->packet, 0)) == -ETIMEDOUT)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpint(result, ==, 0);
	return s->packet->type;
}

static void hear_event(struct scene *s, struct recorder_event *ret)
{
	g_assert_cmpuint(hear(s), ==, RECORDER_EVENT);
	g_assert_cmpint(message_decode(recorder_message_type(RECORDER_EVENT), s->packet->bytes,
				       s->packet->length, ret),
			==, 0);
	packet_clear(s->packet);
}

static void event_clear(struct recorder_event *event)
{
	message_clear(recorder_message_type(RECORDER_EVENT), event);
}

static void answer_taken(struct scene *s, const char *session_id, uint64_t number, bool written)
{
	const struct recorder_taken taken = {(char *)(uintptr_t)session_id, number, written};

	g_assert_cmpint(link_send(s->fd, recorder_message_type(RECORDER_TAKEN), &taken, NULL, 0),
			==, 0);
}

static void say(struct scene *s, unsigned i)
{
	g_autofree char *json = g_strdup_printf("{\"type\":\"verdict\",\"n\":%u}", i);
	g_autofree char *id =
		g_strdup_printf("6f9619ff-8b86-4011-b42d-00c04fc9640%u", i % SESSIONS);

	recorder_link_event(s->link, id, json);
}

static json_int_t number_of(const char *json, const char *name)
{
	json_t *object = json_loads(json, 0, NULL);
	json_int_t n = json_integer_value(json_object_get(object, name));

	g_assert_nonnull(object);
	json_decref(object);
	return n;
}

/* Stopped: it reads nothing, and its socket fills. All of it comes, in order, when it goes on. */
static void test_frozen(void)
{
	struct scene s;
	struct recorder_event event;

	scene_open(&s);
	for (unsigned i = 0; i < MANY; i++)
		say(&s, i);
	for (unsigned i = 0; i < MANY; i++) {
		hear_event(&s, &event);
		g_assert_cmpint(number_of(event.json, "n"), ==, i);
		event_clear(&event);
	}
	g_assert_cmpuint(s.n_down, ==, 0);
	scene_close(&s);
}

/* No new recordings for one that takes nothing: what waits stays bounded by the sessions that
 * run. */
static void test_frozen_refuses(void)
{
	struct scene s;
	gint64 from_us = g_get_monotonic_time();
	struct recorder_event event;

	scene_open(&s);
	for (unsigned i = 0; i < MANY; i++)
		say(&s, i);
	while (recorder_link_refusal(s.link) == END_NONE)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpint(g_get_monotonic_time() - from_us, >=, G_USEC_PER_SEC);
	g_assert_cmpuint(recorder_link_refusal(s.link), ==, END_RECORDER_LOST);
	for (unsigned i = 0; i < MANY; i++) {
		hear_event(&s, &event);
		event_clear(&event);
	}
	while (recorder_link_refusal(s.link) != END_NONE)
		g_main_context_iteration(NULL, FALSE);
	scene_close(&s);
}

/* What a killed recorder had in its hands is said again, and says so; what it had answered is
 * not. */
static void test_killed(void)
{
	struct scene s;
	struct recorder_event first, second;

	scene_open(&s);
	recorder_link_event(s.link, SESSION, "{\"type\":\"login\"}");
	recorder_link_event(s.link, SESSION, "{\"type\":\"supervisor\"}");
	hear_event(&s, &first);
	g_assert_null(strstr(first.json, "repeated"));
	answer_taken(&s, SESSION, first.number, true);
	while (g_main_context_iteration(NULL, FALSE))
		;
	kill_recorder(&s);
	recorder_link_close(s.link, SESSION, END_TERMINATED, "by carol");
	come_back(&s);
	hear_event(&s, &second);
	g_assert_cmpuint(second.number, !=, first.number);
	g_assert_nonnull(strstr(second.json, "\"type\":\"supervisor\""));
	g_assert_nonnull(strstr(second.json, "\"repeated\":true"));
	g_assert_nonnull(strstr(second.json, "\"happened_utc\":\""));
	g_assert_cmpuint(hear(&s), ==, RECORDER_CLOSE);
	packet_clear(s.packet);
	event_clear(&first);
	event_clear(&second);
	scene_close(&s);
}

/* Hundreds of sessions that come back at once fill the socket: every one is opened, and before
 * anything is said about it. */
static void test_openings_wait(void)
{
	struct scene s;
	struct recorder_event event;

	scene_open(&s);
	kill_recorder(&s);
	recorder_link_event(s.link, SESSION, "{\"type\":\"supervisor\"}");
	s.reopen = OPENINGS;
	come_back(&s);
	for (unsigned i = 0; i < OPENINGS; i++) {
		g_assert_cmpuint(hear(&s), ==, RECORDER_OPEN);
		g_assert_cmpuint(s.packet->n_fds, ==, 1);
		packet_clear(s.packet);
	}
	hear_event(&s, &event);
	event_clear(&event);
	scene_close(&s);
}

/* What the recorder cannot put on record any more is told to whoever keeps the audit trail. */
static void test_not_written(void)
{
	struct scene s;
	struct recorder_event event;
	const struct recorder_sealed message = {.session_id = (char *)(uintptr_t)OTHER, .ok = 1};

	scene_open(&s);
	recorder_link_event(s.link, SESSION, "{\"type\":\"one\"}");
	recorder_link_event(s.link, OTHER, "{\"type\":\"two\"}");
	hear_event(&s, &event);
	answer_taken(&s, SESSION, event.number, false);
	g_assert_cmpint(link_send(s.fd, recorder_message_type(RECORDER_SEALED), &message, NULL, 0),
			==, 0);
	while (strstr(s.lost->str, "two") == NULL)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(s.lost->str, ==,
			SESSION " {\"type\":\"one\"};" OTHER " {\"type\":\"two\"};");
	event_clear(&event);
	scene_close(&s);
}

/* ---- The outbox alone ---- */

static char *next_json(struct recorder_outbox *outbox)
{
	const void *message;
	const struct message_type *type = recorder_outbox_next(outbox, &message);

	g_assert_nonnull(type);
	g_assert_cmpuint(type->number, ==, RECORDER_EVENT);
	const struct recorder_event *event = message;
	char *json = g_strdup(event->json);
	recorder_outbox_sent(outbox);
	return json;
}

/* One session that talks without end takes nothing from another, and its recording tells what is
 * missing, in its place. */
static void test_bound(void)
{
	struct recorder_outbox *outbox = recorder_outbox_create();
	const unsigned dropped = 5;

	for (unsigned i = 0; i < OUTBOX_EVENTS_MAX + dropped; i++)
		recorder_outbox_event(outbox, SESSION, "{\"type\":\"supervisor\"}");
	recorder_outbox_event(outbox, OTHER, "{\"type\":\"login\"}");
	recorder_outbox_close(outbox, SESSION, END_TERMINATED, "");
	g_assert_cmpuint(recorder_outbox_kept(outbox), ==, OUTBOX_EVENTS_MAX + 3);
	for (unsigned i = 0; i < OUTBOX_EVENTS_MAX; i++)
		g_free(next_json(outbox));
	g_autofree char *note = next_json(outbox);
	g_assert_nonnull(strstr(note, "\"type\":\"events-dropped\""));
	g_assert_nonnull(strstr(note, "\"from_utc\":\""));
	g_assert_nonnull(strstr(note, "\"until_utc\":\""));
	g_assert_cmpint(number_of(note, "count"), ==, dropped);
	g_autofree char *other = next_json(outbox);
	g_assert_nonnull(strstr(other, "login"));
	const void *message;
	g_assert_cmpuint(recorder_outbox_next(outbox, &message)->number, ==, RECORDER_CLOSE);
	recorder_outbox_sent(outbox);
	g_assert_cmpuint(recorder_outbox_unsaid(outbox), ==, 0);
	/* Its seal lets go of everything of it, and only of it. */
	g_autoptr(GPtrArray) left = recorder_outbox_sealed(outbox, SESSION);
	g_assert_cmpuint(left->len, ==, OUTBOX_EVENTS_MAX + 1);
	g_assert_cmpuint(recorder_outbox_kept(outbox), ==, 1);
	recorder_outbox_destroy(outbox);
}

/* An event that no message can carry is one that is missing. */
static void test_too_long(void)
{
	struct recorder_outbox *outbox = recorder_outbox_create();
	g_autofree char *long_text = g_strnfill(RECORDER_EVENT_MAX_BYTES + 1, 'x');

	recorder_outbox_event(outbox, SESSION, long_text);
	g_autofree char *note = next_json(outbox);
	g_assert_cmpint(number_of(note, "count"), ==, 1);
	recorder_outbox_destroy(outbox);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* Its warnings are what is tested. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR);
	g_test_add_func("/recorder-link/frozen", test_frozen);
	g_test_add_func("/recorder-link/frozen-refuses", test_frozen_refuses);
	g_test_add_func("/recorder-link/killed", test_killed);
	g_test_add_func("/recorder-link/openings-wait", test_openings_wait);
	g_test_add_func("/recorder-link/not-written", test_not_written);
	g_test_add_func("/recorder-link/bound", test_bound);
	g_test_add_func("/recorder-link/too-long", test_too_long);
	return g_test_run();
}
