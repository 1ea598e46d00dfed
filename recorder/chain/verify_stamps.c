/* Judges the time stamps of a chain's entries. It must not know where they lie, nor what a stamp is
 * made of: recorder/stamp does. */
#include "recorder/chain/verify_stamps.h"

#include "base/clock.h"
#include "recorder/chain/verify_report.h"
#include "recorder/stamp/stamp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct verify_stamps {
	GHashTable *by_name; /**< GBytes; what was met is taken out */
	uint64_t utc_us;
	uint64_t last_us; /**< of the trusted stamp over the entry met last; 0: it has none */
};

struct verify_stamps *verify_stamps_create(void)
{
	struct verify_stamps *stamps = g_new0(struct verify_stamps, 1);

	stamps->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)g_bytes_unref);
	return stamps;
}

void verify_stamps_destroy(struct verify_stamps *stamps)
{
	g_hash_table_unref(stamps->by_name);
	g_free(stamps);
}

static char *name_of(uint64_t seq)
{
	return g_strdup_printf("ts-%" PRIu64 ".tsr", seq);
}

bool verify_stamps_is_name(const char *name)
{
	uint64_t seq;

	if (sscanf(name, "ts-%" SCNu64, &seq) != 1)
		return false;
	/* Written anew it must be the same: no leading zero, no sign, nothing behind. */
	g_autofree char *canonical = name_of(seq);
	return strcmp(name, canonical) == 0;
}

void verify_stamps_add(struct verify_stamps *stamps, const char *name, GBytes *answer)
{
	g_hash_table_insert(stamps->by_name, g_strdup(name), g_bytes_ref(answer));
}

static void note_time(struct verify_stamps *stamps, const struct chain_entry *entry,
		      const struct stamp *stamp, struct verify_report *report)
{
	g_autofree char *utc = clock_format_utc(stamp->utc_us);

	if (stamp->trusted) {
		verify_report_add(report, VERIFY_NOTE, 0, entry->t_us, entry->t_us,
				  "entry %" PRIu64 " (%s), and with it everything before it, "
				  "existed at %s, says %s",
				  entry->seq, chain_kind_name(entry->kind), utc, stamp->authority);
		stamps->last_us = stamp->utc_us;
		stamps->utc_us =
			stamps->utc_us == 0 ? stamp->utc_us : MIN(stamps->utc_us, stamp->utc_us);
		return;
	}
	verify_report_add(report, VERIFY_NOTE, 0, entry->t_us, entry->t_us,
			  "the time stamp of entry %" PRIu64
			  " says %s by %s, who is not trusted: %s",
			  entry->seq, utc, stamp->authority, stamp->why);
}

int verify_stamps_meet(struct verify_stamps *stamps, const struct chain_entry *entry,
		       const char *trusted_pem_path, struct verify_report *report)
{
	g_autofree char *name = name_of(entry->seq), *why = NULL;
	GBytes *answer = g_hash_table_lookup(stamps->by_name, name);
	struct stamp stamp;
	gsize length;

	stamps->last_us = 0;
	if (answer == NULL)
		return 0;
	const void *bytes = g_bytes_get_data(answer, &length);
	int result = stamp_judge(bytes, length, entry->hash, trusted_pem_path, &stamp, &why);
	if (result == 0) {
		note_time(stamps, entry, &stamp, report);
		stamp_clear(&stamp);
	} else if (result == -EBADMSG) {
		verify_report_add(report, VERIFY_BROKEN, 0, entry->t_us, entry->t_us,
				  "the time stamp %s does not hold: %s", name, why);
		result = 0;
	}
	g_hash_table_remove(stamps->by_name, name);
	return result;
}

void verify_stamps_finish(struct verify_stamps *stamps, struct verify_report *report)
{
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, stamps->by_name);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		verify_report_add(report, VERIFY_BROKEN, 0, 0, 0,
				  "%s stamps an entry that is not there", (const char *)name);
}

uint64_t verify_stamps_utc_us(const struct verify_stamps *stamps)
{
	return stamps->utc_us;
}

uint64_t verify_stamps_last_us(const struct verify_stamps *stamps)
{
	return stamps->last_us;
}
