/* The way in. It must not know what happens in a session. */
#include "gateway/doors.h"

#include "base/clock.h"
#include "gateway/broker/ticket_door.h"
#include "gateway/entrance.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** A viewer sends its first message at once; who needs longer than this has none. */
#define FIRST_MESSAGE_MS 10000u
#define PCB_TICKET "ticket"

struct doors {
	struct broker *broker;
	const struct broker_tools *tools;
	struct entrance *entrance;
	GHashTable *visitors; /* struct visitor, set: in the entrance */
};

struct visitor {
	struct doors *doors;
	struct address from;
};

/* A ticket is asked for on a thread; the connection travels with the question. */
struct ask_job {
	struct doors *doors;
	struct address from;
	int fd;
	char *cookie;
	bool offer_nla;
};

struct doors *doors_create(struct broker *broker, const struct broker_tools *tools)
{
	struct doors *doors = g_new0(struct doors, 1);

	doors->broker = broker;
	doors->tools = tools;
	doors->entrance = entrance_create();
	doors->visitors = g_hash_table_new_full(NULL, NULL, g_free, NULL);
	return doors;
}

static gboolean count_out(void *key, void *value, void *user_data)
{
	const struct visitor *visitor = key;

	admission_leave(visitor->doors->tools->admission, visitor->from.source);
	return TRUE;
}

void doors_close(struct doors *doors)
{
	g_clear_pointer(&doors->entrance, entrance_destroy);
	g_hash_table_foreach_remove(doors->visitors, count_out, NULL);
}

void doors_destroy(struct doors *doors)
{
	if (doors == NULL)
		return;
	doors_close(doors);
	g_hash_table_unref(doors->visitors);
	g_free(doors);
}

enum door_choice door_choose(const struct peek_request *request)
{
	if ((request->protocols & PEEK_PROTOCOL_HYBRID) == 0)
		return DOOR_CHOICE_TLS;
	if ((request->protocols & PEEK_PROTOCOL_SSL) == 0)
		return DOOR_CHOICE_NLA;
	if (strcmp(request->pcb, PCB_TICKET) == 0)
		return DOOR_CHOICE_NLA;
	return request->cookie[0] != '\0' ? DOOR_CHOICE_ASK : DOOR_CHOICE_TLS;
}

static void ask(struct db *db, void *data)
{
	struct ask_job *job = data;

	job->offer_nla = ticket_door_expects(db, job->cookie);
}

static void asked(void *data, void *user_data)
{
	struct ask_job *job = data;

	broker_admit(job->doors->broker, "rdp", job->fd, &job->from, job->offer_nla);
	g_free(job->cookie);
	g_free(job);
}

static void ask_for_ticket(struct doors *doors, int fd, const struct address *from,
			   const char *cookie)
{
	struct ask_job *job = g_new0(struct ask_job, 1);

	job->doors = doors;
	job->from = *from;
	job->fd = fd;
	job->cookie = g_utf8_make_valid(cookie, -1);
	jobs_push(doors->tools->lookups, job, ask, asked);
}

/* What both doors do first: the visitor is no longer waiting. False when the
 * connection was no use. */
static bool came_in(struct visitor *visitor, const struct peek_request *request, const char *why,
		    struct doors **ret_doors, struct address *ret_from)
{
	struct doors *doors = visitor->doors;

	*ret_doors = doors;
	*ret_from = visitor->from;
	g_hash_table_remove(doors->visitors, visitor);
	if (request != NULL)
		return true;
	admission_leave(doors->tools->admission, ret_from->source);
	admission_complain(doors->tools->admission, ret_from->source, why, clock_now_us());
	return false;
}

static void heard_rdp(int fd, const struct peek_request *request, const char *why, void *user_data)
{
	struct doors *doors;
	struct address from;

	if (!came_in(user_data, request, why, &doors, &from))
		return;
	enum door_choice choice = door_choose(request);
	if (choice == DOOR_CHOICE_ASK)
		ask_for_ticket(doors, fd, &from, request->cookie);
	else
		broker_admit(doors->broker, "rdp", fd, &from, choice == DOOR_CHOICE_NLA);
}

static void heard_vnc(int fd, const struct peek_request *request, const char *why, void *user_data)
{
	struct doors *doors;
	struct address from;

	if (came_in(user_data, request, why, &doors, &from))
		broker_admit(doors->broker, "vnc", fd, &from, false);
}

static bool admit(struct doors *doors, int fd, const struct address *from)
{
	if (admission_enter(doors->tools->admission, from->source))
		return true;
	close(fd);
	admission_complain(doors->tools->admission, from->source, "too many at the same time",
			   clock_now_us());
	return false;
}

static void listen_to(struct doors *doors, int fd, const struct address *from, entrance_parse parse,
		      entrance_heard then)
{
	struct visitor *visitor = g_new0(struct visitor, 1);

	visitor->doors = doors;
	visitor->from = *from;
	g_hash_table_add(doors->visitors, visitor);
	entrance_listen(doors->entrance, fd, parse,
			MIN(doors->tools->config->gateway.handshake_deadline_ms, FIRST_MESSAGE_MS),
			then, visitor);
}

void doors_rdp(int fd, const struct address *from, void *user_data)
{
	struct doors *doors = user_data;

	if (admit(doors, fd, from))
		listen_to(doors, fd, from, peek_parse, heard_rdp);
}

/* RFB's server speaks first. Greeting is all it takes to tell a viewer from noise
 * before a process is spent. */
void doors_vnc(int fd, const struct address *from, void *user_data)
{
	struct doors *doors = user_data;

	if (!admit(doors, fd, from))
		return;
	/* An empty socket takes twelve bytes at once, or its peer is gone and the
	 * entrance will notice. */
	if (send(fd, PEEK_RFB_GREETING, PEEK_RFB_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)PEEK_RFB_BYTES)
		g_debug("a VNC viewer left before it was greeted");
	listen_to(doors, fd, from, peek_parse_rfb, heard_vnc);
}
