/* When authorities are asked, and again when that failed. It must not judge answers: recorder/stamp
 * does. */
#include "recorder/notary/stamper.h"

#include "recorder/http_client/http_post.h"
#include "recorder/notary/stamp_queue.h"
#include "recorder/stamp/stamp_client.h"

#include <errno.h>

#define TIMEOUT_MS 20000u
#define RETRY_FIRST_US (5 * G_USEC_PER_SEC)
#define RETRY_MAX_US (900 * G_USEC_PER_SEC)

struct stamper {
	const struct config_time_stamp *settings;
	struct stamp_queue *queue; /**< of whoever holds queue_lock */
	GMutex queue_lock;
	GThread *thread; /**< NULL: no authority */
	GMutex lock;
	GCond changed;
	GHashTable *checkpoints; /**< session -> time of its last checkpoint's wish, gint64 * */
	gint64 retry_us;	 /**< 0: the last answer was good */
	bool woken, stop;	 /**< `stop` is atomic */
	uint64_t n_waiting, n_failed;
};

static bool is_on(const struct stamper *s)
{
	return s->thread != NULL;
}

static void note_failure(struct stamper *s, const GError *error)
{
	g_mutex_lock(&s->lock);
	if (s->retry_us == 0)
		g_warning("time stamps wait, the authority is asked again: %s", error->message);
	s->n_failed++;
	g_mutex_unlock(&s->lock);
}

static bool grant(struct stamper *s, const struct stamp_wish *wish, GBytes *answer)
{
	g_mutex_lock(&s->queue_lock);
	int result = stamp_queue_grant(s->queue, wish, answer);
	g_mutex_unlock(&s->queue_lock);
	if (result < 0 && result != -ENOENT)
		g_warning("the time stamp of recording %s cannot be kept: %s", wish->session,
			  g_strerror(-result));
	return result == 0 || result == -ENOENT;
}

/* False: later again. `*ret_away`: nobody answers, so the others need not be asked for either. */
static bool ask(struct stamper *s, const struct stamp_wish *wish, bool *ret_away)
{
	const struct stamp_authority authority = stamp_authority_of(s->settings);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) answer =
		stamp_fetch(&authority, wish->sha256, TIMEOUT_MS, &s->stop, &error);

	if (answer != NULL)
		return grant(s, wish, answer);
	if (!g_error_matches(error, HTTP_POST_ERROR, HTTP_POST_ERROR_STOPPED))
		note_failure(s, error);
	*ret_away = error->domain == HTTP_POST_ERROR;
	return false;
}

static bool stopping(const struct stamper *s)
{
	return __atomic_load_n(&s->stop, __ATOMIC_ACQUIRE);
}

/* True when all were answered. */
static bool ask_for_all(struct stamper *s)
{
	g_mutex_lock(&s->queue_lock);
	g_autoptr(GArray) wishes = stamp_queue_list(s->queue);
	g_mutex_unlock(&s->queue_lock);
	unsigned left = wishes->len;
	bool away = false;

	for (unsigned i = 0; i < wishes->len && !away && !stopping(s); i++)
		left -= ask(s, &g_array_index(wishes, struct stamp_wish, i), &away);
	g_mutex_lock(&s->lock);
	if (left == 0 && s->retry_us != 0)
		g_message("the time stamp authority answers again");
	s->n_waiting = left;
	s->retry_us = left == 0		 ? 0
		      : s->retry_us == 0 ? RETRY_FIRST_US
					 : MIN(2 * s->retry_us, RETRY_MAX_US);
	g_mutex_unlock(&s->lock);
	return left == 0;
}

/* A new wish does not shorten the wait for an authority that is away. */
static void wait_for_work(struct stamper *s, bool done)
{
	g_mutex_lock(&s->lock);
	gint64 until_us = g_get_monotonic_time() + s->retry_us;
	while (!s->stop && (done ? !s->woken : true)) {
		if (done)
			g_cond_wait(&s->changed, &s->lock);
		else if (!g_cond_wait_until(&s->changed, &s->lock, until_us))
			break;
	}
	s->woken = false;
	g_mutex_unlock(&s->lock);
}

static gpointer run_thread(gpointer data)
{
	struct stamper *s = data;

	while (!stopping(s))
		wait_for_work(s, ask_for_all(s));
	return NULL;
}

struct stamper *stamper_create(const char *store_dir, const struct config_time_stamp *settings)
{
	struct stamper *s = g_new0(struct stamper, 1);

	s->settings = settings;
	s->queue = stamp_queue_create(store_dir);
	s->checkpoints = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_mutex_init(&s->lock);
	g_mutex_init(&s->queue_lock);
	g_cond_init(&s->changed);
	if (settings->url != NULL && settings->url[0] != '\0')
		s->thread = g_thread_new("stamper", run_thread, s);
	return s;
}

void stamper_destroy(struct stamper *stamper)
{
	struct stamper *s = stamper;

	if (s == NULL)
		return;
	g_mutex_lock(&s->lock);
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	g_cond_signal(&s->changed);
	g_mutex_unlock(&s->lock);
	if (s->thread != NULL)
		g_thread_join(s->thread);
	stamp_queue_destroy(s->queue);
	g_hash_table_unref(s->checkpoints);
	g_mutex_clear(&s->lock);
	g_mutex_clear(&s->queue_lock);
	g_cond_clear(&s->changed);
	g_free(s);
}

void stamper_add(struct stamper *stamper, const char *session_id, uint64_t seq, const char *sha256)
{
	struct stamper *s = stamper;
	struct stamp_wish wish = {.seq = seq};

	if (!is_on(s))
		return;
	g_strlcpy(wish.session, session_id, sizeof wish.session);
	g_strlcpy(wish.sha256, sha256, sizeof wish.sha256);
	g_mutex_lock(&s->queue_lock);
	int result = stamp_queue_add(s->queue, &wish);
	g_mutex_unlock(&s->queue_lock);
	if (result < 0)
		g_warning("the wish for a time stamp of recording %s cannot be kept: %s",
			  session_id, g_strerror(-result));
	g_mutex_lock(&s->lock);
	s->woken = true;
	s->n_waiting += result == 0;
	g_cond_signal(&s->changed);
	g_mutex_unlock(&s->lock);
}

bool stamper_wants_checkpoint(struct stamper *stamper, const char *session_id)
{
	struct stamper *s = stamper;
	gint64 now_us = g_get_monotonic_time();

	if (!is_on(s) || s->settings->checkpoint_seconds == 0)
		return false;
	g_mutex_lock(&s->lock);
	const gint64 *last_us = g_hash_table_lookup(s->checkpoints, session_id);
	bool due = last_us == NULL ||
		   now_us - *last_us >= (gint64)s->settings->checkpoint_seconds * G_USEC_PER_SEC;
	if (due)
		g_hash_table_insert(s->checkpoints, g_strdup(session_id),
				    g_memdup2(&now_us, sizeof now_us));
	g_mutex_unlock(&s->lock);
	return due;
}

void stamper_forget(struct stamper *stamper, const char *session_id)
{
	g_mutex_lock(&stamper->lock);
	g_hash_table_remove(stamper->checkpoints, session_id);
	g_mutex_unlock(&stamper->lock);
}

void stamper_counts(struct stamper *stamper, uint64_t *ret_waiting, uint64_t *ret_failed)
{
	g_mutex_lock(&stamper->lock);
	*ret_waiting = stamper->n_waiting;
	*ret_failed = stamper->n_failed;
	g_mutex_unlock(&stamper->lock);
}
