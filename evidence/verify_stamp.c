/* Time stamps in an evidence file: those of the chain's entries, and that of the manifest's
 * signature. It must not know what a stamp is made of. */
#include "base/clock.h"
#include "evidence/layout.h"
#include "evidence/verify_internal.h"
#include "recorder/stamp/stamp.h"

#include <errno.h>

struct verify_stamps *judge_entry_stamps(const struct judge *j)
{
	struct verify_stamps *stamps = verify_stamps_create();
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, j->archive);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		const struct archived *archived = value;
		g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
		if (verify_stamps_is_name(name))
			verify_stamps_add(stamps, name,
					  archived->content != NULL ? archived->content : empty);
	}
	return stamps;
}

/* The manifest names the chain, so all of it is as old. */
static void note_time(struct verify_report *report, uint64_t utc_us)
{
	struct verify_times *times = &report->times;

	if (times->begun_before_utc_us == 0 || utc_us < times->begun_before_utc_us)
		times->begun_before_utc_us = utc_us;
	if (report->sealed &&
	    (times->ended_before_utc_us == 0 || utc_us < times->ended_before_utc_us))
		times->ended_before_utc_us = utc_us;
}

static void tell(struct judge *j, const struct stamp *stamp)
{
	g_autofree char *utc = clock_format_utc(stamp->utc_us);

	j->report->stamp = (struct evidence_stamp){
		.authority = g_strdup(stamp->authority),
		.utc_us = stamp->utc_us,
		.trusted = stamp->trusted,
	};
	if (stamp->trusted)
		note_time(&j->report->recording, stamp->utc_us);
	if (stamp->trusted)
		verify_report_add(&j->report->recording, VERIFY_NOTE, 0, 0, 0,
				  "this file existed at %s, says %s", utc, stamp->authority);
	else
		verify_report_add(
			&j->report->recording, VERIFY_NOTE, 0, 0, 0,
			"the time stamp of this file says %s by %s, who is not trusted: %s", utc,
			stamp->authority, stamp->why);
}

int judge_manifest_stamp(struct judge *j, uint64_t *ret_utc_us)
{
	const char *trusted_pem_path = j->whom->tsa_ca != NULL ? j->whom->tsa_ca : j->whom->ca;
	const struct archived *answer = judge_archived(j, EVIDENCE_STAMP);
	const struct archived *signature = judge_archived(j, EVIDENCE_SIGNATURE);
	g_autofree char *why = NULL;
	struct stamp stamp;
	gsize length = 0;

	*ret_utc_us = 0;
	if (answer == NULL || signature == NULL)
		return 0;
	const void *bytes =
		answer->content != NULL ? g_bytes_get_data(answer->content, &length) : NULL;
	int result =
		stamp_judge(bytes, length, signature->file.sha256, trusted_pem_path, &stamp, &why);
	if (result == -EBADMSG) {
		JUDGE_BROKEN(j, "the time stamp of this file (%s) does not hold: %s",
			     EVIDENCE_STAMP, why);
		return 0;
	}
	if (result < 0)
		return result;
	tell(j, &stamp);
	*ret_utc_us = stamp.trusted ? stamp.utc_us : 0;
	stamp_clear(&stamp);
	return 0;
}
