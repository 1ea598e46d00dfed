/* Starts, keeps and reaps session processes. It must not know what a session does: it hears
 * READY and nothing else. */
#include "gateway/worker_pool.h"

#include "gateway/broker/session_state.h"
#include "gateway/worker_child.h"
#include "ipc/link.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/** The descriptor a session process finds its link on. */
#define CHILD_LINK_FD 3
#define READY_WITHIN_MS 20000
/* After a process that died before READY, the next one is not started at once: the cause is
 * probably still there. */
#define RESTART_AFTER_MS 1000

struct worker_pool {
	const struct config_gateway *config;
	char *program;
	GHashTable *workers; /* struct worker, set */
	GQueue spare;	     /* READY, nobody's */
	GQueue wishes;	     /* struct wish */
	unsigned starting;
	bool draining, may_switch;
	guint restart;
	uint8_t *slots; /* 1: in use */
	unsigned n_slots;
	struct packet *packet;
};

struct worker {
	struct worker_pool *pool;
	GPid pid;
	int link_fd;
	unsigned slot;
	enum broker_state state; /* STARTING, SPARE, HANDSHAKE: given out */
	guint link_source, ready_timer, child_watch;
	worker_exited exited;
	void *user_data;
};

struct wish {
	worker_given given;
	void *user_data;
};

static void refill(struct worker_pool *pool);

static void free_worker(struct worker *worker)
{
	g_clear_handle_id(&worker->link_source, g_source_remove);
	g_clear_handle_id(&worker->ready_timer, g_source_remove);
	g_clear_handle_id(&worker->child_watch, g_source_remove);
	if (worker->link_fd >= 0)
		close(worker->link_fd);
	if (worker->state == BROKER_STATE_STARTING)
		worker->pool->starting--;
	g_queue_remove(&worker->pool->spare, worker);
	worker->pool->slots[worker->slot] = 0;
	g_hash_table_remove(worker->pool->workers, worker);
	g_spawn_close_pid(worker->pid);
	g_free(worker);
}

static char *tell_status(gint status)
{
	if (WIFSIGNALED(status))
		return g_strdup_printf("killed by signal %d", WTERMSIG(status));
	return g_strdup_printf("exited with %d", WEXITSTATUS(status));
}

static gboolean restart(void *user_data)
{
	struct worker_pool *pool = user_data;

	pool->restart = 0;
	refill(pool);
	return G_SOURCE_REMOVE;
}

static void reaped(GPid pid, gint status, void *user_data)
{
	struct worker *worker = user_data;
	struct worker_pool *pool = worker->pool;
	g_autofree char *how = tell_status(status);
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	worker->child_watch = 0;
	if (worker->state != BROKER_STATE_HANDSHAKE && !pool->draining) {
		g_critical("session process %d ended before it had a viewer: %s", (int)pid, how);
		if (pool->restart == 0)
			pool->restart = g_timeout_add(RESTART_AFTER_MS, restart, pool);
	}
	if (worker->exited != NULL)
		worker->exited(clean, how, worker->user_data);
	free_worker(worker);
	refill(pool);
}

static void give(struct worker_pool *pool)
{
	while (pool->spare.head != NULL && pool->wishes.head != NULL) {
		struct worker *worker = g_queue_pop_head(&pool->spare);
		struct wish *wish = g_queue_pop_head(&pool->wishes);
		worker->state = BROKER_STATE_HANDSHAKE;
		g_clear_handle_id(&worker->link_source, g_source_remove);
		wish->given(worker, wish->user_data);
		g_free(wish);
	}
}

static void distrust(struct worker *worker, const char *why)
{
	g_critical("session process %d %s: it is not used", (int)worker->pid, why);
	g_clear_handle_id(&worker->link_source, g_source_remove);
	g_queue_remove(&worker->pool->spare, worker);
	worker_kill(worker);
}

/* READY is all that a process without a viewer may say. */
static bool accept_ready(struct worker *worker, const struct packet *packet)
{
	struct broker_ready ready;
	enum broker_state next;

	if (!session_state_step(worker->state, packet->type, &next) || packet->n_fds != 0 ||
	    message_decode(broker_message_type(BROKER_READY), packet->bytes, packet->length,
			   &ready) != 0) {
		distrust(worker, "spoke out of turn");
		return false;
	}
	if (ready.confined != 1) {
		distrust(worker, "is not confined");
		return false;
	}
	worker->state = next;
	return true;
}

static gboolean hear_ready(int fd, GIOCondition condition, void *user_data)
{
	struct worker *worker = user_data;
	struct worker_pool *pool = worker->pool;
	int result = link_receive(fd, pool->packet, 0);

	if (result == -ETIMEDOUT)
		return G_SOURCE_CONTINUE;
	worker->link_source = 0;
	if (result < 0) {
		distrust(worker, "closed its link");
		return G_SOURCE_REMOVE;
	}
	bool ready = accept_ready(worker, pool->packet);
	packet_clear(pool->packet);
	if (!ready)
		return G_SOURCE_REMOVE;
	g_clear_handle_id(&worker->ready_timer, g_source_remove);
	pool->starting--;
	worker->link_source = g_unix_fd_add(fd, G_IO_IN, hear_ready, worker);
	g_queue_push_tail(&pool->spare, worker);
	give(pool);
	return G_SOURCE_REMOVE;
}

static gboolean ready_late(void *user_data)
{
	struct worker *worker = user_data;

	worker->ready_timer = 0;
	distrust(worker, "did not get ready in time");
	return G_SOURCE_REMOVE;
}

static bool spawn(struct worker_pool *pool, unsigned slot, int child_fd, GPid *ret_pid,
		  GError **error)
{
	const char *const argv[] = {pool->program, NULL};
	g_auto(GStrv) environment = worker_child_environment();
	const int target_fd = CHILD_LINK_FD;
	struct worker_identity identity = {
		.switch_user = pool->may_switch && pool->config->session_uid_base != 0,
		.uid = pool->config->session_uid_base + slot,
	};

	/* Every other descriptor is closed in the child; standard input and output are
	 * /dev/null. */
	return g_spawn_async_with_pipes_and_fds(
		"/", argv, (const char *const *)environment,
		G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, worker_child_setup,
		&identity, -1, -1, -1, &child_fd, &target_fd, 1, ret_pid, NULL, NULL, NULL, error);
}

static int free_slot(const struct worker_pool *pool)
{
	const uint8_t *slot = memchr(pool->slots, 0, pool->n_slots);

	return slot == NULL ? -1 : (int)(slot - pool->slots);
}

static void adopt(struct worker_pool *pool, GPid pid, int link_fd, unsigned slot)
{
	struct worker *worker = g_new0(struct worker, 1);

	worker->pool = pool;
	worker->pid = pid;
	worker->link_fd = link_fd;
	worker->slot = slot;
	worker->state = BROKER_STATE_STARTING;
	worker->link_source = g_unix_fd_add(link_fd, G_IO_IN, hear_ready, worker);
	worker->ready_timer = g_timeout_add(READY_WITHIN_MS, ready_late, worker);
	worker->child_watch = g_child_watch_add(pid, reaped, worker);
	pool->slots[slot] = 1;
	pool->starting++;
	g_hash_table_add(pool->workers, worker);
}

static bool start_worker(struct worker_pool *pool, GError **error)
{
	int slot = free_slot(pool);
	int fds[2];
	GPid pid;

	if (slot < 0) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_BUSY,
				    "all session slots are in use");
		return false;
	}
	int result = link_pair(fds);
	if (result < 0) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-result),
			    "cannot make a link to a session process: %s", g_strerror(-result));
		return false;
	}
	/* A session that does not read must not hold up the others. */
	bool ok = g_unix_set_fd_nonblocking(fds[0], TRUE, error) &&
		  spawn(pool, (unsigned)slot, fds[1], &pid, error);
	close(fds[1]);
	if (ok)
		adopt(pool, pid, fds[0], (unsigned)slot);
	else
		close(fds[0]);
	return ok;
}

static void refill(struct worker_pool *pool)
{
	g_autoptr(GError) error = NULL;
	unsigned wanted = pool->wishes.length + (pool->draining ? 0 : pool->config->spare_sessions);

	if (pool->restart != 0)
		return;
	while (pool->starting + pool->spare.length < wanted && free_slot(pool) >= 0)
		if (!start_worker(pool, &error)) {
			g_critical("%s", error->message);
			pool->restart = g_timeout_add(RESTART_AFTER_MS, restart, pool);
			return;
		}
}

struct worker_pool *worker_pool_create(const struct config_gateway *config, const char *program,
				       GError **error)
{
	struct worker_pool *pool = g_new0(struct worker_pool, 1);

	pool->config = config;
	pool->program = g_strdup(program);
	pool->workers = g_hash_table_new(NULL, NULL);
	pool->n_slots = config->max_sessions + config->spare_sessions;
	pool->slots = g_malloc0(pool->n_slots);
	pool->packet = g_new0(struct packet, 1);
	pool->may_switch = worker_child_may_switch();
	if (config->session_uid_base != 0 && !pool->may_switch)
		g_warning("session processes run as the gateway's own user: it may not switch to "
			  "gateway.session_uid_base");
	/* The first one is started here, so that a program that cannot run is told at once. */
	if (!start_worker(pool, error)) {
		worker_pool_destroy(pool);
		return NULL;
	}
	refill(pool);
	return pool;
}

void worker_pool_destroy(struct worker_pool *pool)
{
	GHashTableIter iter;
	void *key;

	if (pool == NULL)
		return;
	pool->draining = true;
	g_hash_table_iter_init(&iter, pool->workers);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		worker_kill(key);
	while (g_hash_table_size(pool->workers) > 0)
		g_main_context_iteration(NULL, TRUE);
	g_clear_handle_id(&pool->restart, g_source_remove);
	g_queue_clear_full(&pool->wishes, g_free);
	g_hash_table_unref(pool->workers);
	g_free(pool->slots);
	g_free(pool->program);
	g_free(pool->packet);
	g_free(pool);
}

void worker_pool_drain(struct worker_pool *pool)
{
	GHashTableIter iter;
	void *key;

	pool->draining = true;
	g_queue_clear_full(&pool->wishes, g_free);
	g_hash_table_iter_init(&iter, pool->workers);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if (((struct worker *)key)->state != BROKER_STATE_HANDSHAKE)
			worker_kill(key);
}

void worker_pool_take(struct worker_pool *pool, worker_given given, void *user_data)
{
	struct wish *wish = g_new(struct wish, 1);

	*wish = (struct wish){given, user_data};
	g_queue_push_tail(&pool->wishes, wish);
	give(pool);
	refill(pool);
}

void worker_pool_cancel(struct worker_pool *pool, void *user_data)
{
	for (GList *at = pool->wishes.head; at != NULL; at = at->next)
		if (((struct wish *)at->data)->user_data == user_data) {
			g_free(at->data);
			g_queue_delete_link(&pool->wishes, at);
			return;
		}
}

int worker_link(const struct worker *worker)
{
	return worker->link_fd;
}

int worker_pid(const struct worker *worker)
{
	return (int)worker->pid;
}

void worker_watch(struct worker *worker, worker_exited exited, void *user_data)
{
	worker->exited = exited;
	worker->user_data = user_data;
}

void worker_kill(struct worker *worker)
{
	if (worker->child_watch != 0) /* not reaped: the number is still this process's */
		kill(worker->pid, SIGKILL);
}

unsigned worker_pool_count(const struct worker_pool *pool)
{
	return g_hash_table_size(pool->workers);
}
