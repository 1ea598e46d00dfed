/** Reads the audit trail in order of its numbers and hands on a leaf for each record. A thread of
 *  its own: while the database is away, leaves come later. */
#pragma once

#include "recorder/nodelog/leaf.h"

struct audit_feed;

/** On the feed's thread; borrowed. */
typedef void (*audit_leaf_fn)(void *user, const struct leaf *leaf);

/** Begins behind record `last`. NULL when `conninfo` is NULL: there is no database. */
struct audit_feed *audit_feed_create(const char *conninfo, const char *role, uint64_t last,
				     audit_leaf_fn leaf, void *user);
/** Waits for a statement under way. NULL is fine. */
void audit_feed_destroy(struct audit_feed *feed);
