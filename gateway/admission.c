/* Limits on connections. It must not know protocols: a source is a text that is counted. */
#include "gateway/admission.h"

#include "gateway/recent.h"

#include <glib.h>

#define COMPLAINTS_MAX 4096u
#define COMPLAINT_EVERY_US (60u * G_USEC_PER_SEC)

struct admission {
	GHashTable *counts; /* source -> connections, never 0 */
	unsigned total, max_total, max_per_source;
	struct recent *complaints;
};

struct complaint {
	uint64_t last_us;
	unsigned kept_back;
};

struct admission *admission_create(unsigned max_total, unsigned max_per_source)
{
	struct admission *admission = g_new0(struct admission, 1);

	admission->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	admission->max_total = max_total;
	admission->max_per_source = max_per_source;
	admission->complaints = recent_create(COMPLAINTS_MAX, sizeof(struct complaint));
	return admission;
}

void admission_destroy(struct admission *admission)
{
	if (admission == NULL)
		return;
	g_hash_table_unref(admission->counts);
	recent_destroy(admission->complaints);
	g_free(admission);
}

bool admission_enter(struct admission *admission, const char *source)
{
	unsigned count = GPOINTER_TO_UINT(g_hash_table_lookup(admission->counts, source));

	if (admission->total >= admission->max_total || count >= admission->max_per_source)
		return false;
	g_hash_table_insert(admission->counts, g_strdup(source), GUINT_TO_POINTER(count + 1));
	admission->total++;
	return true;
}

void admission_leave(struct admission *admission, const char *source)
{
	unsigned count = GPOINTER_TO_UINT(g_hash_table_lookup(admission->counts, source));

	g_return_if_fail(count > 0);
	admission->total--;
	if (count == 1)
		g_hash_table_remove(admission->counts, source);
	else
		g_hash_table_insert(admission->counts, g_strdup(source),
				    GUINT_TO_POINTER(count - 1));
}

unsigned admission_count(const struct admission *admission)
{
	return admission->total;
}

void admission_complain(struct admission *admission, const char *source, const char *why,
			uint64_t now_us)
{
	struct complaint *complaint = recent_find(admission->complaints, source);

	if (complaint == NULL) {
		complaint = recent_add(admission->complaints, source);
		g_message("a connection from %s came to nothing: %s", source, why);
	} else if (now_us - complaint->last_us < COMPLAINT_EVERY_US) {
		complaint->kept_back++;
		return;
	} else {
		g_message("a connection from %s came to nothing: %s (and %u more since the last "
			  "such line)",
			  source, why, complaint->kept_back);
	}
	complaint->last_us = now_us;
	complaint->kept_back = 0;
}
