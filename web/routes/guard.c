/* Ends live pages whose login is gone. A database that is away ends nothing: what runs goes on. */
#include "web/routes/guard.h"

#include "sql/web_login_store.h"
#include "web/routes/rights.h"

#define GUARD_SECONDS 10u

struct guard {
	struct web *web;
	GThreadPool *thread;
	guint timer;
};

static bool still_may(struct db *db, GBytes *tag)
{
	autorow(web_login) login = NULL;
	g_autoptr(GError) error = NULL;

	if (!web_login_store_find(db, g_bytes_get_data(tag, NULL), &login, &error))
		return true;
	return login != NULL && (rights_of(login->role) & RIGHT_WATCH);
}

static void look(void *item, void *user_data)
{
	struct web *web = user_data;
	g_autoptr(GPtrArray) tags = item;
	struct db *db = web_db_take(web);

	for (unsigned i = 0; i < tags->len; i++)
		if (!still_may(db, tags->pdata[i]))
			live_hub_leave(web->hub, tags->pdata[i], "logged-out");
	web_db_put(web, db);
}

static gboolean tick(void *user_data)
{
	struct guard *guard = user_data;
	g_autoptr(GPtrArray) tags = live_hub_tags(guard->web->hub);

	if (tags->len > 0 && g_thread_pool_unprocessed(guard->thread) == 0)
		g_thread_pool_push(guard->thread, g_steal_pointer(&tags), NULL);
	return G_SOURCE_CONTINUE;
}

struct guard *guard_create(struct web *web)
{
	struct guard *guard = g_new0(struct guard, 1);

	guard->web = web;
	guard->thread = g_thread_pool_new(look, web, 1, FALSE, NULL);
	guard->timer = g_timeout_add_seconds(GUARD_SECONDS, tick, guard);
	return guard;
}

void guard_destroy(struct guard *guard)
{
	if (guard == NULL)
		return;
	g_source_remove(guard->timer);
	g_thread_pool_free(guard->thread, FALSE, TRUE);
	g_free(guard);
}
