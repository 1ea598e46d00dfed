/** Writes the log of a node: appends leaves, signs heads over them. One process, one thread at a
 *  time.
 *
 *  Safe against a kill at any byte: opening cuts both files to their last whole line. A head is
 *  signed only over leaves that are synced. */
#pragma once

#include "recorder/nodelog/head.h"
#include "recorder/nodelog/leaf.h"

/** Below the store's directory. */
#define NODELOG_DIR "log"
#define NODELOG_LEAVES "leaves"
#define NODELOG_HEADS "heads"
#define NODELOG_CERTIFICATE "certificate.pem"

enum nodelog_error {
	NODELOG_ERROR_FILE, /**< a file cannot be made, read or written */
	/** what lies there is not what was signed: nothing may be added to it */
	NODELOG_ERROR_BROKEN,
};
#define NODELOG_ERROR nodelog_error_quark()
GQuark nodelog_error_quark(void);

struct nodelog;

/** Told of every leaf that lies in the log, in order; borrowed. */
typedef void (*nodelog_leaf_fn)(const struct leaf *leaf, void *user);

/** Opens the log of `store_dir` or begins one, reading it once; `each` (may be NULL) sees all its
 *  leaves. `key` is shared and must outlive the log; its certificate is put in front of those
 *  of the log's earlier keys. NULL and an error: NODELOG_ERROR_BROKEN when the leaves
 *  contradict the newest head. */
struct nodelog *nodelog_open(const char *store_dir, const char *node, const struct chain_key *key,
			     nodelog_leaf_fn each, void *user, GError **error);
/** NULL is fine. Does not sync. */
void nodelog_close(struct nodelog *log);

uint64_t nodelog_size(const struct nodelog *log);	 /**< leaves, synced or not */
uint64_t nodelog_signed_size(const struct nodelog *log); /**< leaves of the newest head */

/** Appends a leaf; `index`, `utc` and `node` are filled in here. All or nothing: after a failure
 *  the log is as before. Returns 0 or -errno. */
int nodelog_append(struct nodelog *log, const struct leaf *leaf);

/** Waits until all leaves lie on the disk. Returns 0 or -errno. */
int nodelog_sync(struct nodelog *log);

/** Signs a head over the synced leaves, also when there is one for them already, and syncs it. Its
 *  line without a newline (g_free); NULL and an error. */
char *nodelog_sign_head(struct nodelog *log, GError **error);
