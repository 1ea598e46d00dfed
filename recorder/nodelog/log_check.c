/* Judges leaves and heads. Recordings and audit rows are log_check_store.c's matter. It must not write anything. */
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

void log_check_find(struct log_check *check, enum verify_class class, const char *format, ...)
{
	struct log_finding *finding = g_new0(struct log_finding, 1);
	va_list arguments;

	va_start(arguments, format);
	*finding = (struct log_finding){class, g_strdup_vprintf(format, arguments)};
	va_end(arguments);
	g_ptr_array_add(check->report.findings, finding);
}

/* ---- Leaves ---- */

static void note_audit(struct log_check *check, const struct leaf *leaf)
{
	struct logged_audit audit = {.id = leaf->audit_id, .index = leaf->index};

	if (g_hash_table_contains(check->audit_by_id, &audit.id)) {
		FIND(check, VERIFY_BROKEN,
		     "leaf %" PRIu64 " enters audit record %" PRIu64 " a second time", leaf->index,
		     audit.id);
		return;
	}
	memcpy(audit.sha256, leaf->sha256, sizeof audit.sha256);
	g_array_append_val(check->audit, audit);
	g_hash_table_insert(check->audit_by_id, g_memdup2(&audit.id, sizeof audit.id),
			    GUINT_TO_POINTER(check->audit->len));
}

static struct logged_recording *know(struct log_check *check, const char *session)
{
	struct logged_recording *recording = g_hash_table_lookup(check->recordings, session);

	if (recording == NULL) {
		char *key = g_strdup(session);
		recording = g_new0(struct logged_recording, 1);
		recording->session = key;
		g_hash_table_insert(check->recordings, key, recording);
	}
	return recording;
}

/* A recording has one genesis and one seal: another one later is a recording that was put in another's place. */
static void note_once(struct log_check *check, const struct leaf *leaf, char hash[DIGEST_HEX_BYTES])
{
	if (hash[0] != '\0')
		FIND(check, VERIFY_BROKEN, "leaf %" PRIu64 " is a second %s of recording %s",
		     leaf->index, leaf_kind_name(leaf->kind), leaf->session);
	else
		memcpy(hash, leaf->sha256, DIGEST_HEX_BYTES);
}

static void note_recording(struct log_check *check, const struct leaf *leaf)
{
	struct logged_recording *recording = know(check, leaf->session);

	switch (leaf->kind) {
	case LEAF_GENESIS:
		note_once(check, leaf, recording->genesis);
		recording->genesis_index = leaf->index;
		g_free(recording->utc);
		recording->utc = g_strdup(leaf->utc);
		break;
	case LEAF_SEAL:
		note_once(check, leaf, recording->seal);
		break;
	case LEAF_DELETION:
		memcpy(recording->deletion, leaf->sha256, sizeof recording->deletion);
		break;
	case LEAF_EXPORT:
	case LEAF_AUDIT:
	case LEAF_KIND_COUNT:
		break;
	}
}

static void note_leaf(uint64_t number, const char *line, size_t length, const struct leaf *leaf,
		      void *user)
{
	struct log_check *check = user;

	(void)line;
	(void)length;
	if (leaf == NULL) {
		FIND(check, VERIFY_BROKEN, "line %" PRIu64 " of the leaves is not a leaf",
		     number + 1);
		return;
	}
	if (check->node == NULL)
		check->node = g_strdup(leaf->node);
	if (leaf->index != number || strcmp(leaf->node, check->node) != 0)
		FIND(check, VERIFY_BROKEN,
		     "line %" PRIu64 " of the leaves holds leaf %" PRIu64 " of node %s", number + 1,
		     leaf->index, leaf->node);
	g_free(check->last_utc);
	check->last_utc = g_strdup(leaf->utc);
	if (leaf->kind == LEAF_AUDIT)
		note_audit(check, leaf);
	else
		note_recording(check, leaf);
}

/* ---- Heads ---- */

/* Roots of all sizes that heads speak of, in one pass over the leaves. */
struct root_walk {
	const struct merkle_hash *leaves;
	struct merkle_edge edge;
	uint64_t n_leaves;
};

/* Sizes must not fall from call to call. False: there are not so many leaves. */
static bool root_at(struct root_walk *walk, uint64_t size, struct merkle_hash *ret)
{
	if (size > walk->n_leaves)
		return false;
	while (walk->edge.size < size)
		merkle_edge_add(&walk->edge, &walk->leaves[walk->edge.size]);
	merkle_edge_root(&walk->edge, ret);
	return true;
}

static void judge_head(struct log_check *check, struct root_walk *walk, const struct head *head,
		       const char *origin)
{
	struct merkle_hash root;

	if (verify_trust_signer(check->certificates, &head->line) < 0)
		FIND(check, VERIFY_BROKEN,
		     "%s of %s over %" PRIu64 " leaves: its signature does not hold", origin,
		     head->utc, head->size);
	else if (!root_at(walk, head->size, &root))
		FIND(check, VERIFY_BROKEN,
		     "%s of %s covers %" PRIu64 " leaves, but the log has only %u: it was cut",
		     origin, head->utc, head->size, check->view->leaves->len);
	else if (memcmp(&root, &head->root, sizeof root) != 0)
		FIND(check, VERIFY_BROKEN,
		     "%s of %s over %" PRIu64
		     " leaves is not one of these leaves: they were changed or written anew",
		     origin, head->utc, head->size);
	else if (check->node != NULL && strcmp(head->node, check->node) != 0)
		FIND(check, VERIFY_BROKEN, "%s of %s is of another node, %s", origin, head->utc,
		     head->node);
}

static struct root_walk begin_roots(const struct log_check *check)
{
	return (struct root_walk){
		.leaves = (const struct merkle_hash *)(const void *)check->view->leaves->data,
		.n_leaves = check->view->leaves->len};
}

static int judge_heads(struct log_check *check)
{
	struct root_walk walk = begin_roots(check);
	uint64_t size = 0;

	for (unsigned i = 0; i < check->view->heads->len; i++) {
		const struct view_head *head = check->view->heads->pdata[i];
		if (head->result == -EPROTONOSUPPORT) {
			check->report.version = head->head.version;
			return head->result;
		}
		if (head->result != 0) {
			FIND(check, VERIFY_BROKEN, "line %u of the heads is not a tree head",
			     i + 1);
			continue;
		}
		if (head->head.size < size) {
			FIND(check, VERIFY_BROKEN,
			     "the head of %s covers fewer leaves than the one before it",
			     head->head.utc);
			continue;
		}
		size = head->head.size;
		judge_head(check, &walk, &head->head, "the head");
		check->report.n_heads++;
	}
	return 0;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct view_head *const *first = a, *const *second = b;
	uint64_t one = (*first)->head.size, other = (*second)->head.size;

	return one < other ? -1 : one > other;
}

static int judge_outside_file(struct log_check *check, const char *path)
{
	g_autoptr(GPtrArray) heads = NULL;
	struct root_walk walk = begin_roots(check);
	g_autofree char *origin = g_strdup_printf("the head kept in %s", path);
	int result = view_read_heads(path, &heads);

	if (result < 0)
		return result;
	g_ptr_array_sort(heads, compare_sizes);
	for (unsigned i = 0; i < heads->len; i++) {
		const struct view_head *head = heads->pdata[i];
		if (head->result != 0)
			FIND(check, VERIFY_BROKEN, "a line of %s is not a tree head known here",
			     path);
		else
			judge_head(check, &walk, &head->head, origin);
	}
	check->report.n_outside_heads += heads->len;
	return heads->len > 0 ? 0 : -EINVAL;
}

static int judge_trust(struct log_check *check, const struct head *newest)
{
	g_autofree char *why = NULL;
	int signer = verify_trust_signer(check->certificates, &newest->line);

	if (signer < 0)
		return 0;
	check->report.signer = verify_trust_subject(check->certificates, signer);
	if (check->trusted_pem_path == NULL)
		return 0;
	int result = verify_trust_check(check->certificates, signer, check->trusted_pem_path,
					newest->utc, &why);
	if (result != -EPERM)
		return result;
	FIND(check, VERIFY_UNTRUSTED, "the certificate of the newest head (%s) is not trusted: %s",
	     check->report.signer, why);
	return 0;
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
	result = judge_heads(check);
	if (result == 0 && newest != NULL) {
		check->report.node = g_strdup(newest->node);
		check->report.newest_utc = g_strdup(newest->utc);
		result = judge_trust(check, newest);
	}
	for (; result == 0 && head_paths != NULL && *head_paths != NULL; head_paths++)
		result = judge_outside_file(check, *head_paths);
	return result;
}

/* Recordings are listed before the leaves are read, so that one that begins meanwhile does not seem to lack its leaf. */
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
	check->report.findings = g_ptr_array_new_with_free_func(finding_free);
	check->recordings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, recording_free);
	check->audit = g_array_new(FALSE, FALSE, sizeof(struct logged_audit));
	check->audit_by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	check->store_names = list_recordings(settings->store_dir);
	int result = view_open(settings->store_dir, note_leaf, check, &check->view);
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
	g_ptr_array_unref(check->store_names);
	g_ptr_array_unref(check->report.findings);
	g_free(check->report.node);
	g_free(check->report.signer);
	g_free(check->report.newest_utc);
	g_free(check->store_dir);
	g_free(check->trusted_pem_path);
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
