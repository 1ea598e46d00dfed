/* The list of watching pages. It knows neither sessions nor requests. */
#include "web/live/live_hub.h"

struct live_hub {
	char *socket_path;
	GMutex lock;	  /* guards the rest; taken before a page's own lock */
	GPtrArray *pages; /* borrowed: a page removes itself before it goes */
	bool closing;
};

struct live_hub *live_hub_create(const char *socket_path)
{
	struct live_hub *hub = g_new0(struct live_hub, 1);

	hub->socket_path = g_strdup(socket_path);
	g_mutex_init(&hub->lock);
	hub->pages = g_ptr_array_new();
	return hub;
}

void live_hub_destroy(struct live_hub *hub)
{
	if (hub == NULL)
		return;
	g_ptr_array_unref(hub->pages);
	g_mutex_clear(&hub->lock);
	g_free(hub->socket_path);
	g_free(hub);
}

const char *live_hub_socket_path(const struct live_hub *hub)
{
	return hub->socket_path;
}

bool live_hub_add(struct live_hub *hub, struct live_page *page)
{
	g_mutex_lock(&hub->lock);
	bool taken = !hub->closing && hub->pages->len < LIVE_HUB_MAX_PAGES;
	if (taken)
		g_ptr_array_add(hub->pages, page);
	g_mutex_unlock(&hub->lock);
	return taken;
}

void live_hub_remove(struct live_hub *hub, struct live_page *page)
{
	g_mutex_lock(&hub->lock);
	g_ptr_array_remove_fast(hub->pages, page);
	g_mutex_unlock(&hub->lock);
}

unsigned live_hub_count(struct live_hub *hub)
{
	g_mutex_lock(&hub->lock);
	unsigned count = hub->pages->len;
	g_mutex_unlock(&hub->lock);
	return count;
}

GPtrArray *live_hub_tags(struct live_hub *hub)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_bytes_hash, g_bytes_equal);
	GPtrArray *tags = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	g_mutex_lock(&hub->lock);
	for (unsigned i = 0; i < hub->pages->len; i++) {
		GBytes *tag = live_page_tag(hub->pages->pdata[i]);
		if (g_hash_table_add(seen, tag))
			g_ptr_array_add(tags, g_bytes_ref(tag));
	}
	g_mutex_unlock(&hub->lock);
	return tags;
}

/* The lock is held throughout, so that no page goes away meanwhile. */
static void leave_matching(struct live_hub *hub, GBytes *tag, const char *why)
{
	g_mutex_lock(&hub->lock);
	for (unsigned i = 0; i < hub->pages->len; i++) {
		struct live_page *page = hub->pages->pdata[i];
		if (tag == NULL || g_bytes_equal(tag, live_page_tag(page)))
			live_page_leave(page, why);
	}
	g_mutex_unlock(&hub->lock);
}

void live_hub_leave(struct live_hub *hub, GBytes *tag, const char *why)
{
	leave_matching(hub, tag, why);
}

void live_hub_close(struct live_hub *hub)
{
	g_mutex_lock(&hub->lock);
	hub->closing = true;
	g_mutex_unlock(&hub->lock);
	leave_matching(hub, NULL, "stopping");
}
