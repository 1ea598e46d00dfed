/** Reads the log of a node while its writer may go on: leaves, heads, certificates. Any
 *  thread, one at a time. */
#pragma once

#include "recorder/chain/verify_trust.h"
#include "recorder/nodelog/head.h"
#include "recorder/nodelog/leaf.h"

struct view {
	GArray *leaves;		  /**< struct merkle_hash, of all whole lines */
	GPtrArray *heads;	  /**< struct view_head, in the order of the file */
	char *certificate_pem;	  /**< NULL when there is none */
	uint64_t torn_leaf_bytes; /**< behind the last whole line */
	uint64_t torn_head_bytes;
};

struct view_head {
	char *line;	  /**< without its newline */
	int result;	  /**< of head_parse; `head` is filled when it is 0 */
	struct head head; /**< points into `line` */
};

/** Told of each line of the leaves, in order: `leaf` is NULL when it is not one. Borrowed. */
typedef void (*view_leaf_fn)(uint64_t number, const char *line, size_t length,
			     const struct leaf *leaf, void *user);

/** Reads the whole log of `store_dir`, heads before leaves. `each` may be NULL. Memory: 32 bytes a
 *  leaf. -ENOENT: this store has no log; another -errno. Free with view_close. */
int view_open(const char *store_dir, view_leaf_fn each, void *user, struct view **ret_view);
void view_close(struct view *view);

/** A head's line out of a file of one or more; heads as view_head. -ENOENT and so on. Text in front
 *  of a head in its line (what a syslog daemon writes) is skipped; lines without a head are,
 *  too. */
int view_read_heads(const char *path, GPtrArray **ret_heads);

/** The newest head that could be read, or NULL. */
const struct head *view_newest_head(const struct view *view, const char **ret_line);
