/* GHashTable for finding, GQueue for the order of use. It knows nothing of what is remembered. */
#include "gateway/recent.h"

#include <glib.h>

struct recent {
	GHashTable *by_key; /* key -> GList link of `order` */
	GQueue order;	    /* head: most recent; data: struct entry */
	unsigned max_entries;
	size_t record_bytes;
};

struct entry {
	char *key;
	void *record;
};

struct recent *recent_create(unsigned max_entries, size_t record_bytes)
{
	struct recent *recent = g_new0(struct recent, 1);

	recent->by_key = g_hash_table_new(g_str_hash, g_str_equal);
	g_queue_init(&recent->order);
	recent->max_entries = max_entries;
	recent->record_bytes = record_bytes;
	return recent;
}

static void drop(struct recent *recent, GList *link)
{
	struct entry *entry = link->data;

	g_hash_table_remove(recent->by_key, entry->key);
	g_queue_delete_link(&recent->order, link);
	g_free(entry->key);
	g_free(entry->record);
	g_free(entry);
}

void recent_destroy(struct recent *recent)
{
	if (recent == NULL)
		return;
	while (recent->order.head != NULL)
		drop(recent, recent->order.head);
	g_hash_table_unref(recent->by_key);
	g_free(recent);
}

void *recent_find(struct recent *recent, const char *key)
{
	GList *link = g_hash_table_lookup(recent->by_key, key);

	if (link == NULL)
		return NULL;
	g_queue_unlink(&recent->order, link);
	g_queue_push_head_link(&recent->order, link);
	return ((struct entry *)link->data)->record;
}

void *recent_add(struct recent *recent, const char *key)
{
	void *record = recent_find(recent, key);

	if (record != NULL)
		return record;
	if (recent->order.length >= recent->max_entries)
		drop(recent, recent->order.tail);
	struct entry *entry = g_new0(struct entry, 1);
	entry->key = g_strdup(key);
	entry->record = g_malloc0(recent->record_bytes);
	g_queue_push_head(&recent->order, entry);
	g_hash_table_insert(recent->by_key, entry->key, recent->order.head);
	return entry->record;
}

void recent_remove(struct recent *recent, const char *key)
{
	GList *link = g_hash_table_lookup(recent->by_key, key);

	if (link != NULL)
		drop(recent, link);
}

unsigned recent_count(const struct recent *recent)
{
	return recent->order.length;
}
