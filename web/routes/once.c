/* Remembers what was noted lately. */
#include "web/routes/once.h"

#include "base/clock.h"

#include <glib.h>

struct once {
	GMutex lock;
	GHashTable *seen; /* key to uint64_t: when */
	uint64_t span_us;
};

struct once *once_create(uint64_t span_us)
{
	struct once *once = g_new0(struct once, 1);

	g_mutex_init(&once->lock);
	once->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	once->span_us = span_us;
	return once;
}

void once_destroy(struct once *once)
{
	if (once == NULL)
		return;
	g_hash_table_unref(once->seen);
	g_mutex_clear(&once->lock);
	g_free(once);
}

bool once_is_new(struct once *once, const char *key)
{
	g_mutex_lock(&once->lock);
	const uint64_t *at_us = g_hash_table_lookup(once->seen, key);
	bool is_new = at_us == NULL || clock_now_us() - *at_us >= once->span_us;
	g_mutex_unlock(&once->lock);
	return is_new;
}

void once_note(struct once *once, const char *key)
{
	uint64_t *now_us = g_new(uint64_t, 1);

	*now_us = clock_now_us();
	g_mutex_lock(&once->lock);
	if (g_hash_table_size(once->seen) >= ONCE_MAX_KEYS)
		g_hash_table_remove_all(once->seen);
	g_hash_table_replace(once->seen, g_strdup(key), now_us);
	g_mutex_unlock(&once->lock);
}
