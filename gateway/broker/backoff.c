/* The table of failed logins. It must not know passwords or the database. */
#include "gateway/broker/backoff.h"

#include "gateway/recent.h"

#include <glib.h>

#define FIRST_DELAY_US 500000u
#define KEY_USER_CHARACTERS 64

struct backoff {
	struct recent *failures;
};

struct failure {
	unsigned count;
	uint64_t last_us; /* newest try or failure */
	uint64_t free_us; /* when the next try may be looked at */
};

struct backoff *backoff_create(unsigned max_entries)
{
	struct backoff *backoff = g_new0(struct backoff, 1);

	backoff->failures = recent_create(max_entries, sizeof(struct failure));
	return backoff;
}

void backoff_destroy(struct backoff *backoff)
{
	if (backoff == NULL)
		return;
	recent_destroy(backoff->failures);
	g_free(backoff);
}

/* Case does not make another user; more than a name's length does not make another key. */
static char *make_key(const char *source, const char *user)
{
	g_autofree char *cut =
		g_utf8_substring(user, 0, MIN(g_utf8_strlen(user, -1), KEY_USER_CHARACTERS));
	g_autofree char *folded = g_utf8_casefold(cut, -1);

	return g_strdup_printf("%s %s", source, folded);
}

static uint64_t delay_us(unsigned failures)
{
	uint64_t delay = FIRST_DELAY_US;

	for (unsigned i = 1; i < failures && delay < BACKOFF_LONGEST_US; i++)
		delay *= 2;
	return MIN(delay, BACKOFF_LONGEST_US);
}

uint64_t backoff_begin(struct backoff *backoff, const char *source, const char *user,
		       uint64_t now_us)
{
	g_autofree char *key = make_key(source, user);
	struct failure *failure = recent_find(backoff->failures, key);

	if (failure == NULL)
		return 0;
	if (now_us > failure->last_us && now_us - failure->last_us > BACKOFF_FORGET_US) {
		recent_remove(backoff->failures, key);
		return 0;
	}
	uint64_t start_us = MAX(now_us, failure->free_us);
	if (start_us - now_us > BACKOFF_LINE_US)
		return BACKOFF_REFUSE;
	failure->last_us = now_us;
	failure->free_us = start_us + delay_us(failure->count);
	return start_us - now_us;
}

void backoff_failed(struct backoff *backoff, const char *source, const char *user, uint64_t now_us)
{
	g_autofree char *key = make_key(source, user);
	struct failure *failure = recent_add(backoff->failures, key);

	failure->count++;
	failure->last_us = now_us;
	failure->free_us = MAX(failure->free_us, now_us + delay_us(failure->count));
}

void backoff_succeeded(struct backoff *backoff, const char *source, const char *user)
{
	g_autofree char *key = make_key(source, user);

	recent_remove(backoff->failures, key);
}
