/** What the store holds and the log does not: what a recorder that was killed could not enter
 *  any more. One thread. */
#pragma once

#include "recorder/nodelog/leaf.h"

struct store_scan;

/** `key_pem`: certificates of the keys whose tombstones count. */
struct store_scan *store_scan_create(const char *store_dir, const char *key_pem);
/** NULL is fine. */
void store_scan_destroy(struct store_scan *scan);

/** A leaf that lies in the log. */
void store_scan_note(struct store_scan *scan, const struct leaf *leaf);
/** Whether the log lacks this leaf: a recording has one genesis, one seal, one deletion, an audit
 *  record one leaf. Exports are always new. */
bool store_scan_is_new(const struct store_scan *scan, const struct leaf *leaf);
/** Number of the last audit record in the log; 0: none. */
uint64_t store_scan_last_audit(const struct store_scan *scan);

/** `seq` is that of a seal. */
typedef void (*store_scan_found_fn)(void *user, const struct leaf *leaf, uint64_t seq);
/** Looks through the store and tells of each leaf that is missing. Reads only recordings whose
 *  beginning or end it does not know, or that have a tombstone. */
void store_scan_find(struct store_scan *scan, store_scan_found_fn found, void *user);
