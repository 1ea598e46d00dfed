/* Judges signed heads, the log's own and those kept elsewhere, against the leaves. It must not
 * judge who signed: log_check.c asks for trust. */
#include "recorder/nodelog/log_check_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define FIND log_check_find

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

static void note_time(struct log_check *check, const struct head *head)
{
	const struct log_mark mark = {head->size, log_check_seconds(head->utc)};

	g_array_append_val(check->marks, mark);
}

static void judge_head(struct log_check *check, struct root_walk *walk, const struct head *head,
		       const char *origin)
{
	struct merkle_hash root;
	int signer = verify_trust_signer(check->certificates, &head->line);

	if (signer >= 0)
		log_check_note_signer(check, signer, head);
	if (signer < 0)
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
	else
		note_time(check, head);
}

static struct root_walk begin_roots(const struct log_check *check)
{
	return (struct root_walk){
		.leaves = (const struct merkle_hash *)(const void *)check->view->leaves->data,
		.n_leaves = check->view->leaves->len};
}

int log_check_heads(struct log_check *check)
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

int log_check_outside_heads(struct log_check *check, const char *path)
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

static int compare_marks(const void *a, const void *b)
{
	const struct log_mark *one = a, *other = b;

	return one->size < other->size ? -1 : one->size > other->size;
}

/* Whoever has the key can write any time into a leaf, but not put it under a head that was signed
 * before. Clocks are set back, too: told, not judged. */
void log_check_backdated(struct log_check *check)
{
	const struct log_mark *marks = (const struct log_mark *)(const void *)check->marks->data;
	int64_t newest_s = 0, first_s = 0;
	unsigned next = 0, first = 0, n = 0;

	g_array_sort(check->marks, compare_marks);
	for (unsigned i = 0; i < check->leaf_times_s->len; i++) {
		for (; next < check->marks->len && marks[next].size <= i; next++)
			newest_s = MAX(newest_s, marks[next].utc_s);
		if (g_array_index(check->leaf_times_s, int64_t, i) + LOG_LATE_S >= newest_s)
			continue;
		if (n++ > 0)
			continue;
		first = i;
		first_s = newest_s - g_array_index(check->leaf_times_s, int64_t, i);
	}
	if (n > 0)
		FIND(check, VERIFY_NOTE,
		     "%u leaves, the first is leaf %u, say a time before that of a head that does "
		     "not cover them (%" PRIi64 " s before it): they were entered later than they "
		     "say, or the clock was set back",
		     n, first, first_s);
}
