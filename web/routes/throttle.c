/* Remembers failed logins. It judges no password. */
#include "web/routes/throttle.h"

#include "base/clock.h"

#include <glib.h>

struct pair {
	char *key; /* owned; also the hash table's key */
	unsigned failures;
	uint64_t until_us; /* no attempt before */
	GList link;	   /* in `order`, the longest ago first */
};

struct throttle {
	GMutex lock;
	GHashTable *pairs;
	GQueue order;
};

static void pair_free(void *item)
{
	struct pair *pair = item;

	g_free(pair->key);
	g_free(pair);
}

struct throttle *throttle_create(void)
{
	struct throttle *throttle = g_new0(struct throttle, 1);

	g_mutex_init(&throttle->lock);
	throttle->pairs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, pair_free);
	g_queue_init(&throttle->order);
	return throttle;
}

void throttle_destroy(struct throttle *throttle)
{
	if (throttle == NULL)
		return;
	g_hash_table_unref(throttle->pairs);
	g_mutex_clear(&throttle->lock);
	g_free(throttle);
}

static char *pair_key(const char *source, const char *user)
{
	g_autofree char *folded = g_utf8_casefold(user, -1);

	return g_strdup_printf("%s %s", source, folded);
}

static void forget(struct throttle *throttle, struct pair *pair)
{
	g_queue_unlink(&throttle->order, &pair->link);
	g_hash_table_remove(throttle->pairs, pair->key);
}

/* 1, 2, 4, ... seconds after the free failures. */
static uint32_t wait_after_s(unsigned failures)
{
	if (failures <= THROTTLE_FREE_FAILURES)
		return 0;
	unsigned doublings = MIN(failures - THROTTLE_FREE_FAILURES - 1, 10u);
	return MIN(1u << doublings, THROTTLE_MAX_WAIT_S);
}

static struct pair *remember(struct throttle *throttle, const char *key)
{
	struct pair *pair = g_hash_table_lookup(throttle->pairs, key);

	if (pair == NULL) {
		if (g_hash_table_size(throttle->pairs) >= THROTTLE_MAX_PAIRS)
			forget(throttle, throttle->order.head->data);
		pair = g_new0(struct pair, 1);
		pair->key = g_strdup(key);
		pair->link.data = pair;
		g_hash_table_insert(throttle->pairs, pair->key, pair);
	} else {
		g_queue_unlink(&throttle->order, &pair->link);
	}
	g_queue_push_tail_link(&throttle->order, &pair->link);
	return pair;
}

static void count(struct pair *pair, uint64_t now_us)
{
	pair->failures++;
	pair->until_us = now_us + (uint64_t)wait_after_s(pair->failures) * G_USEC_PER_SEC;
}

uint32_t throttle_begin(struct throttle *throttle, const char *source, const char *user)
{
	g_autofree char *key = pair_key(source, user);
	uint64_t now_us = clock_now_us(), wait_us = 0;

	g_mutex_lock(&throttle->lock);
	const struct pair *known = g_hash_table_lookup(throttle->pairs, key);
	if (known != NULL && known->until_us > now_us)
		wait_us = known->until_us - now_us;
	else
		count(remember(throttle, key), now_us);
	g_mutex_unlock(&throttle->lock);
	return (uint32_t)((wait_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

void throttle_withdraw(struct throttle *throttle, const char *source, const char *user)
{
	g_autofree char *key = pair_key(source, user);

	g_mutex_lock(&throttle->lock);
	struct pair *pair = g_hash_table_lookup(throttle->pairs, key);
	if (pair != NULL && pair->failures > 1) {
		pair->failures--;
		pair->until_us = 0;
	} else if (pair != NULL) {
		forget(throttle, pair);
	}
	g_mutex_unlock(&throttle->lock);
}

void throttle_passed(struct throttle *throttle, const char *source, const char *user)
{
	g_autofree char *key = pair_key(source, user);

	g_mutex_lock(&throttle->lock);
	struct pair *pair = g_hash_table_lookup(throttle->pairs, key);
	if (pair != NULL)
		forget(throttle, pair);
	g_mutex_unlock(&throttle->lock);
}
