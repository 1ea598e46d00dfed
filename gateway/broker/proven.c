/* The memory of right passwords. It must not know the database, nor keep a password. */
#include "gateway/broker/proven.h"

#include "base/secret.h"
#include "gateway/recent.h"

#include <glib.h>
#include <string.h>
#include <sys/random.h>

#define KEY_BYTES 32u

struct proven {
	GMutex lock;
	char *key;
	struct recent *entries; /* HMAC in hex -> uint64_t: noted at */
};

struct proven *proven_create(void)
{
	struct proven *proven = g_new0(struct proven, 1);
	uint8_t key[KEY_BYTES];

	if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
		g_error("the kernel gives no random bytes");
	proven->key = secret_new(key, sizeof key);
	secret_wipe(key, sizeof key);
	proven->entries = recent_create(PROVEN_ENTRIES_MAX, sizeof(uint64_t));
	g_mutex_init(&proven->lock);
	return proven;
}

void proven_destroy(struct proven *proven)
{
	if (proven == NULL)
		return;
	recent_destroy(proven->entries);
	secret_free(proven->key);
	g_mutex_clear(&proven->lock);
	g_free(proven);
}

/* Each part with the zero byte that ends it: no two triples run together to the same bytes. */
static char *fingerprint(const struct proven *proven, const char *login, const char *hash,
			 const char *password)
{
	const char *const parts[] = {login, hash, password};
	GHmac *mac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)proven->key, KEY_BYTES);

	for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++)
		g_hmac_update(mac, (const guchar *)parts[i], (gssize)strlen(parts[i]) + 1);
	char *text = g_strdup(g_hmac_get_string(mac));
	g_hmac_unref(mac);
	return text;
}

bool proven_check(struct proven *proven, const char *login, const char *hash, const char *password,
		  uint64_t now_us)
{
	g_autofree char *key = fingerprint(proven, login, hash, password);

	g_mutex_lock(&proven->lock);
	const uint64_t *noted_us = recent_find(proven->entries, key);
	bool fresh = noted_us != NULL && now_us - *noted_us < PROVEN_FOR_US;
	if (noted_us != NULL && !fresh)
		recent_remove(proven->entries, key);
	g_mutex_unlock(&proven->lock);
	return fresh;
}

void proven_note(struct proven *proven, const char *login, const char *hash, const char *password,
		 uint64_t now_us)
{
	g_autofree char *key = fingerprint(proven, login, hash, password);

	g_mutex_lock(&proven->lock);
	*(uint64_t *)recent_add(proven->entries, key) = now_us;
	g_mutex_unlock(&proven->lock);
}
