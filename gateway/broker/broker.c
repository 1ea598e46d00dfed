/* The table of sessions and what concerns all of them. It must not know the broker protocol. */
#include "gateway/broker/broker.h"

#include "gateway/broker/broker_session.h"
#include "gateway/broker/note.h"

#include <inttypes.h>
#include <unistd.h>

struct broker *broker_create(const struct broker_tools *tools)
{
	struct broker *broker = g_new0(struct broker, 1);

	broker->tools = tools;
	broker->sessions = g_hash_table_new(g_str_hash, g_str_equal);
	broker->packet = g_new0(struct packet, 1);
	return broker;
}

void broker_destroy(struct broker *broker)
{
	if (broker == NULL)
		return;
	g_assert(g_hash_table_size(broker->sessions) == 0);
	g_hash_table_unref(broker->sessions);
	g_free(broker->packet);
	g_free(broker);
}

void broker_admit(struct broker *broker, const char *front, int fd, const struct address *from,
		  bool offer_nla)
{
	if (broker->stopping) {
		close(fd);
		admission_leave(broker->tools->admission, from->source);
		return;
	}
	struct broker_session *session = g_new0(struct broker_session, 1);
	session->broker = broker;
	session->id = g_uuid_string_random();
	session->front = front;
	session->from = *from;
	session->offer_nla = offer_nla;
	session->viewer_fd = fd;
	session->target_fd = -1;
	session->record_fd = -1;
	g_hash_table_insert(broker->sessions, session->id, session);
	session_begin(session);
}

struct broker_session *broker_find(struct broker *broker, const char *session_id)
{
	return g_hash_table_lookup(broker->sessions, session_id);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void broker_forget(struct broker_session *session)
{
	struct broker *broker = session->broker;
	guint *timers[] = {&session->link_source, &session->deadline,	  &session->grace,
			   &session->cut,	  &session->answer_timer, &session->recorder_timer};

	for (unsigned i = 0; i < G_N_ELEMENTS(timers); i++)
		g_clear_handle_id(timers[i], g_source_remove);
	dial_cancel(session->dial);
	close_fd(session->viewer_fd);
	close_fd(session->target_fd);
	close_fd(session->record_fd);
	ticket_free(session->ticket);
	login_verdict_clear(&session->verdict);
	admission_leave(broker->tools->admission, session->from.source);
	g_hash_table_remove(broker->sessions, session->id);
	g_free(session->backoff_user);
	g_free(session->end_detail);
	g_free(session->id);
	g_free(session);
	if (g_hash_table_size(broker->sessions) == 0 && broker->empty != NULL)
		broker->empty(broker->empty_data);
}

bool broker_terminate(struct broker *broker, const char *session_id, enum end_reason reason,
		      const char *words, const char *by)
{
	struct broker_session *session = broker_find(broker, session_id);

	if (session == NULL)
		return false;
	g_autofree char *detail = by == NULL ? NULL : g_strdup_printf("by %s: %s", by, words);
	if (session->recorder_told) {
		g_autofree char *json =
			note_texts("type", "supervisor", "action", "terminate", "by", by, "reason",
				   words != NULL ? words : end_reason_key(reason), NULL);
		recorder_link_event(broker->tools->recorder, session->id, json);
	}
	session_terminate(session, reason, words, detail);
	return true;
}

/* Over a copy: a session that has no process yet is forgotten at once. */
static void for_all(struct broker *broker, void (*act)(struct broker_session *, enum end_reason),
		    enum end_reason reason)
{
	g_autoptr(GList) sessions = g_hash_table_get_values(broker->sessions);

	for (GList *at = sessions; at != NULL; at = at->next)
		act(at->data, reason);
}

static void terminate_one(struct broker_session *session, enum end_reason reason)
{
	session_terminate(session, reason, NULL, NULL);
}

static void kill_one(struct broker_session *session, enum end_reason reason)
{
	if (session->worker != NULL)
		worker_kill(session->worker);
}

void broker_stop(struct broker *broker)
{
	broker->stopping = true;
	for_all(broker, terminate_one, END_GATEWAY_STOPPED);
}

void broker_kill_all(struct broker *broker)
{
	for_all(broker, kill_one, END_NONE);
}

unsigned broker_count(const struct broker *broker)
{
	return g_hash_table_size(broker->sessions);
}

void broker_when_empty(struct broker *broker, void (*empty)(void *user_data), void *user_data)
{
	broker->empty = empty;
	broker->empty_data = user_data;
	if (g_hash_table_size(broker->sessions) == 0)
		empty(user_data);
}

static void recorder_up(void *user_data)
{
	struct broker *broker = user_data;
	g_autoptr(GList) sessions = g_hash_table_get_values(broker->sessions);

	for (GList *at = sessions; at != NULL; at = at->next)
		session_recorder_up(at->data);
}

static void recorder_down(void *user_data)
{
	struct broker *broker = user_data;
	g_autoptr(GList) sessions = g_hash_table_get_values(broker->sessions);

	for (GList *at = sessions; at != NULL; at = at->next)
		session_recorder_down(at->data);
}

static void recording_opened(const char *session_id, enum end_reason reason, const char *detail,
			     void *user_data)
{
	struct broker_session *session = broker_find(user_data, session_id);

	if (session != NULL)
		session_recording_answer(session, reason, detail);
}

static void recording_sealed(const struct recorder_sealed *sealed, void *user_data)
{
	struct broker *broker = user_data;

	if (sealed->ok) {
		g_message("recording of session %s is sealed: %" PRIu64 " frames, %" PRIu64
			  " bytes",
			  sealed->session_id, sealed->frames, sealed->bytes);
		return;
	}
	g_critical("recording of session %s is not sealed: %s", sealed->session_id, sealed->detail);
	g_autofree char *detail = note_texts("detail", sealed->detail, NULL);
	journal_audit(broker->tools->journal, "", "recording-failed", sealed->session_id, "",
		      detail);
}

static void event_lost(const char *session_id, const char *json, void *user_data)
{
	struct broker *broker = user_data;

	journal_audit(broker->tools->journal, "", "timeline-event-lost", session_id, "", json);
}

const struct recorder_listener broker_recorder_listener = {
	.up = recorder_up,
	.down = recorder_down,
	.opened = recording_opened,
	.sealed = recording_sealed,
	.lost = event_lost,
};
