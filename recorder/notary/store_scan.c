/* Compares the store with the log. It must not write either. */
#include "recorder/notary/store_scan.h"

#include "recorder/chain/tombstone.h"
#include "recorder/nodelog/recording_ends.h"

#include <errno.h>
#include <string.h>

struct store_scan {
	char *store_dir;
	struct verify_trust *keys; /**< tombstones must be signed under one of them */
	GHashTable *known;	   /**< session -> bits of enum leaf_kind */
	uint64_t last_audit;
};

struct store_scan *store_scan_create(const char *store_dir, const char *key_pem)
{
	struct store_scan *scan = g_new0(struct store_scan, 1);

	scan->store_dir = g_strdup(store_dir);
	scan->keys = verify_trust_create(key_pem);
	scan->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return scan;
}

void store_scan_destroy(struct store_scan *scan)
{
	if (scan == NULL)
		return;
	g_hash_table_unref(scan->known);
	verify_trust_destroy(scan->keys);
	g_free(scan->store_dir);
	g_free(scan);
}

static unsigned known_bits(const struct store_scan *scan, const char *session)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(scan->known, session));
}

void store_scan_note(struct store_scan *scan, const struct leaf *leaf)
{
	if (leaf->kind == LEAF_AUDIT) {
		scan->last_audit = MAX(scan->last_audit, leaf->audit_id);
		return;
	}
	unsigned bits = known_bits(scan, leaf->session) | 1u << leaf->kind;
	g_hash_table_insert(scan->known, g_strdup(leaf->session), GUINT_TO_POINTER(bits));
}

bool store_scan_is_new(const struct store_scan *scan, const struct leaf *leaf)
{
	if (leaf->kind == LEAF_AUDIT)
		return leaf->audit_id > scan->last_audit;
	return leaf->kind == LEAF_EXPORT ||
	       (known_bits(scan, leaf->session) & 1u << leaf->kind) == 0;
}

uint64_t store_scan_last_audit(const struct store_scan *scan)
{
	return scan->last_audit;
}

static void tell(const struct store_scan *scan, const char *session, enum leaf_kind kind,
		 const char *sha256, uint64_t seq, store_scan_found_fn found, void *user)
{
	struct leaf leaf = {.kind = kind};

	g_strlcpy(leaf.session, session, sizeof leaf.session);
	g_strlcpy(leaf.sha256, sha256, sizeof leaf.sha256);
	if (sha256[0] != '\0' && store_scan_is_new(scan, &leaf))
		found(user, &leaf, seq);
}

static void look_at(const struct store_scan *scan, const char *session, store_scan_found_fn found,
		    void *user)
{
	struct recording_ends ends;
	int result = recording_ends_read(scan->store_dir, session, scan->keys, &ends);

	if (result < 0 && result != -ENOENT)
		g_warning("node log: recording %s cannot be read: %s", session,
			  g_strerror(-result));
	if (ends.foreign_tombstone)
		g_critical(
			"node log: the tombstone of recording %s is not signed by this node: its "
			"deletion is not entered",
			session);
	if (ends.foreign_chain)
		g_critical("node log: the chain of recording %s is not what it was signed as: what "
			   "is not signed there is not entered",
			   session);
	tell(scan, session, LEAF_GENESIS, ends.genesis, 0, found, user);
	tell(scan, session, LEAF_SEAL, ends.seal, ends.seal_seq, found, user);
	tell(scan, session, LEAF_DELETION, ends.tombstone, 0, found, user);
	recording_ends_clear(&ends);
}

/* Genesis and seal are in the log: only a deletion can be new, and asking for its tombstone is
 * cheaper than reading a chain. */
static bool has_news(const struct store_scan *scan, const char *session)
{
	const unsigned ended = 1u << LEAF_GENESIS | 1u << LEAF_SEAL;
	unsigned known = known_bits(scan, session);

	if ((known & ended) != ended)
		return true;
	if ((known & 1u << LEAF_DELETION) != 0)
		return false;
	g_autofree char *tombstone =
		g_build_filename(scan->store_dir, session, TOMBSTONE_FILE, NULL);
	return g_file_test(tombstone, G_FILE_TEST_EXISTS);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void store_scan_find(struct store_scan *scan, store_scan_found_fn found, void *user)
{
	g_autoptr(GDir) dir = g_dir_open(scan->store_dir, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
		if (g_uuid_string_is_valid(name) && has_news(scan, name))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	for (unsigned i = 0; i < names->len; i++)
		look_at(scan, names->pdata[i], found, user);
}
