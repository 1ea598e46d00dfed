/* When heads are told, and again when that failed. It must not know how a place is told. */
#include "recorder/notary/publisher.h"

#include "recorder/http_client/http_post.h"
#include "recorder/notary/head_places.h"

#define RETRY_FIRST_US (5 * G_USEC_PER_SEC)
#define RETRY_MAX_US (300 * G_USEC_PER_SEC)

struct place_state {
	bool waiting; /**< has not taken the newest head */
	gint64 try_at_us, retry_us;
};

struct publisher {
	const struct config_log *settings;
	GThread *thread;
	GMutex lock;
	GCond changed;
	char *line; /**< the newest head */
	struct place_state places[HEAD_PLACES_MAX];
	bool any_place, stop; /**< `stop` is atomic */
	uint64_t n_told, n_failed;
};

static bool configured(const struct publisher *p, unsigned i)
{
	const char *address = head_places[i].address(p->settings);

	return address != NULL && address[0] != '\0';
}

/* With the lock. The place that is due first, or -1; when. */
static int next_due(const struct publisher *p, gint64 *ret_at_us)
{
	int found = -1;

	for (unsigned i = 0; i < n_head_places; i++) {
		const struct place_state *place = &p->places[i];
		if (place->waiting && (found < 0 || place->try_at_us < *ret_at_us)) {
			found = (int)i;
			*ret_at_us = place->try_at_us;
		}
	}
	return found;
}

/* With the lock. */
static void note_success(struct publisher *p, unsigned i, bool newest)
{
	struct place_state *place = &p->places[i];

	if (place->retry_us != 0)
		g_message("heads of the node log reach %s again", head_places[i].name);
	place->retry_us = 0;
	place->waiting = !newest;
	place->try_at_us = 0;
	p->n_told++;
}

/* With the lock. */
static void note_failure(struct publisher *p, unsigned i, const GError *error)
{
	struct place_state *place = &p->places[i];

	if (place->retry_us == 0)
		g_warning("the head of the node log does not reach %s, it is tried again: %s",
			  head_places[i].name, error->message);
	place->retry_us =
		place->retry_us == 0 ? RETRY_FIRST_US : MIN(2 * place->retry_us, RETRY_MAX_US);
	place->try_at_us = g_get_monotonic_time() + place->retry_us;
	p->n_failed++;
}

/* With the lock, which is open while a place is told. */
static void tell(struct publisher *p, unsigned i)
{
	g_autofree char *line = g_strdup(p->line);
	g_autoptr(GError) error = NULL;

	g_mutex_unlock(&p->lock);
	bool ok = head_places[i].tell(p->settings, line, &p->stop, &error);
	g_mutex_lock(&p->lock);
	if (ok)
		note_success(p, i, g_strcmp0(line, p->line) == 0);
	else if (!g_error_matches(error, HTTP_POST_ERROR, HTTP_POST_ERROR_STOPPED))
		note_failure(p, i, error);
}

static gpointer run_thread(gpointer data)
{
	struct publisher *p = data;

	g_mutex_lock(&p->lock);
	while (!p->stop) {
		gint64 at_us = 0;
		int i = next_due(p, &at_us);
		if (i < 0)
			g_cond_wait(&p->changed, &p->lock);
		else if (at_us > g_get_monotonic_time())
			g_cond_wait_until(&p->changed, &p->lock, at_us);
		else
			tell(p, (unsigned)i);
	}
	/* The last head of a node that goes down: the places that do not need a network take it
	 * now. */
	for (unsigned i = 0; i < n_head_places; i++)
		if (p->places[i].waiting)
			tell(p, i);
	g_mutex_unlock(&p->lock);
	return NULL;
}

struct publisher *publisher_create(const struct config_log *settings)
{
	struct publisher *p = g_new0(struct publisher, 1);

	p->settings = settings;
	for (unsigned i = 0; i < n_head_places; i++)
		p->any_place |= configured(p, i);
	g_mutex_init(&p->lock);
	g_cond_init(&p->changed);
	p->thread = g_thread_new("publisher", run_thread, p);
	return p;
}

void publisher_destroy(struct publisher *publisher)
{
	if (publisher == NULL)
		return;
	g_mutex_lock(&publisher->lock);
	__atomic_store_n(&publisher->stop, true, __ATOMIC_RELEASE);
	g_cond_signal(&publisher->changed);
	g_mutex_unlock(&publisher->lock);
	g_thread_join(publisher->thread);
	g_mutex_clear(&publisher->lock);
	g_cond_clear(&publisher->changed);
	g_free(publisher->line);
	g_free(publisher);
}

bool publisher_has_places(const struct publisher *publisher)
{
	return publisher->any_place;
}

void publisher_offer(struct publisher *publisher, const char *line)
{
	g_mutex_lock(&publisher->lock);
	g_free(publisher->line);
	publisher->line = g_strdup(line);
	for (unsigned i = 0; i < n_head_places; i++)
		publisher->places[i].waiting = configured(publisher, i);
	g_cond_signal(&publisher->changed);
	g_mutex_unlock(&publisher->lock);
}

void publisher_counts(struct publisher *publisher, uint64_t *ret_told, uint64_t *ret_failed)
{
	g_mutex_lock(&publisher->lock);
	*ret_told = publisher->n_told;
	*ret_failed = publisher->n_failed;
	g_mutex_unlock(&publisher->lock);
}
