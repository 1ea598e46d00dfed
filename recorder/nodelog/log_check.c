/* A check of the log from its beginning to its report: reads it, has leaves (log_check_leaves.c),
 * heads (log_check_heads.c), their signers (log_check_trust.c) and store (log_check_store.c)
 * judged. It must not write anything. */
#include "recorder/nodelog/log_check_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define FIND log_check_find

static void finding_free(void *pointer)
{
	struct log_finding *finding = pointer;

	g_free(finding->text);
	g_free(finding);
}

static void recording_free(void *pointer)
{
	struct logged_recording *recording = pointer;

	g_free(recording->utc);
	g_free(recording);
}

static void signer_clear(void *pointer)
{
	struct log_signer *signer = pointer;

	g_free(signer->earliest_utc);
	g_free(signer->latest_utc);
}

int64_t log_check_seconds(const char *utc)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(utc, NULL);

	return time != NULL ? g_date_time_to_unix(time) : 0;
}

void log_check_find(struct log_check *check, enum verify_class class, const char *format, ...)
{
	struct log_finding *finding = g_new0(struct log_finding, 1);
	va_list arguments;

	va_start(arguments, format);
	*finding = (struct log_finding){class, g_strdup_vprintf(format, arguments)};
	va_end(arguments);
	g_ptr_array_add(check->report.findings, finding);
}

static void judge_tail(struct log_check *check, const struct head *newest)
{
	uint64_t n_leaves = check->view->leaves->len;

	check->report.n_leaves = n_leaves;
	check->report.n_signed = newest != NULL ? MIN(newest->size, n_leaves) : 0;
	if (check->view->torn_leaf_bytes > 0 || check->view->torn_head_bytes > 0)
		FIND(check, VERIFY_INCOMPLETE, "the log ends in the middle of a line");
	if (newest == NULL)
		FIND(check, VERIFY_INCOMPLETE, "the log has no head: nothing in it is signed");
	else if (newest->size < n_leaves)
		FIND(check, VERIFY_INCOMPLETE,
		     "%" PRIu64 " leaves behind the newest head are not signed yet",
		     n_leaves - newest->size);
}

static int judge_log(struct log_check *check, const char *const *head_paths)
{
	const char *line;
	const struct head *newest = view_newest_head(check->view, &line);
	int result = 0;

	if (check->view->certificate_pem != NULL)
		check->certificates = verify_trust_create(check->view->certificate_pem);
	if (check->certificates == NULL) {
		FIND(check, VERIFY_BROKEN,
		     "the log's certificate is missing or not one: no "
		     "signature can be checked");
		return 0;
	}
	result = log_check_heads(check);
	if (result == 0 && newest != NULL) {
		check->report.node = g_strdup(newest->node);
		check->report.newest_utc = g_strdup(newest->utc);
	}
	for (; result == 0 && head_paths != NULL && *head_paths != NULL; head_paths++)
		result = log_check_outside_heads(check, *head_paths);
	if (result == 0)
		result = log_check_trust(check, newest);
	if (result == 0)
		log_check_backdated(check);
	return result;
}

/* Recordings are listed before the leaves are read, so that one that begins meanwhile does not
 * seem to lack its leaf. */
static GPtrArray *list_recordings(const char *store_dir)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(store_dir, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
		if (g_uuid_string_is_valid(name))
			g_ptr_array_add(names, g_strdup(name));
	return names;
}

int log_check_open(const struct log_check_settings *settings, struct log_check **ret)
{
	struct log_check *check = g_new0(struct log_check, 1);

	*ret = check;
	check->store_dir = g_strdup(settings->store_dir);
	check->trusted_pem_path = g_strdup(settings->trusted_pem_path);
	check->crl_path = g_strdup(settings->crl_path);
	check->report.findings = g_ptr_array_new_with_free_func(finding_free);
	check->recordings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, recording_free);
	check->audit = g_array_new(FALSE, FALSE, sizeof(struct logged_audit));
	check->leaf_times_s = g_array_new(FALSE, FALSE, sizeof(int64_t));
	check->marks = g_array_new(FALSE, FALSE, sizeof(struct log_mark));
	check->signers = g_array_new(FALSE, FALSE, sizeof(struct log_signer));
	g_array_set_clear_func(check->signers, signer_clear);
	check->audit_by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	check->store_names = list_recordings(settings->store_dir);
	int result = view_open(settings->store_dir, log_check_note_leaf, check, &check->view);
	if (result < 0)
		return result;
	result = judge_log(check, settings->head_paths);
	const char *line;
	judge_tail(check, view_newest_head(check->view, &line));
	return result;
}

void log_check_close(struct log_check *check)
{
	if (check == NULL)
		return;
	view_close(check->view);
	verify_trust_destroy(check->certificates);
	g_hash_table_unref(check->recordings);
	g_hash_table_unref(check->audit_by_id);
	g_array_unref(check->audit);
	g_array_unref(check->leaf_times_s);
	g_array_unref(check->marks);
	g_array_unref(check->signers);
	g_ptr_array_unref(check->store_names);
	g_ptr_array_unref(check->report.findings);
	g_free(check->report.node);
	g_free(check->report.signer);
	g_free(check->report.newest_utc);
	g_free(check->store_dir);
	g_free(check->trusted_pem_path);
	g_free(check->crl_path);
	g_free(check->node);
	g_free(check->last_utc);
	g_free(check);
}

const struct log_check_report *log_check_report(const struct log_check *check)
{
	return &check->report;
}

enum verify_class log_check_worst(const struct log_check *check)
{
	enum verify_class worst = VERIFY_NOTE;

	for (unsigned i = 0; i < check->report.findings->len; i++) {
		const struct log_finding *finding = check->report.findings->pdata[i];
		worst = MIN(worst, finding->class);
	}
	return worst;
}
