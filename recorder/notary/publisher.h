/** Tells the newest head to every configured place outside the node, each by itself until it took
 *  it. A thread of its own. */
#pragma once

#include "base/config.h"

struct publisher;

/** Settings are borrowed for the publisher's life. */
struct publisher *publisher_create(const struct config_log *settings);
/** Tries what is waiting once more, briefly. NULL is fine. */
void publisher_destroy(struct publisher *publisher);

bool publisher_has_places(const struct publisher *publisher);
/** A newer head takes the place of one that is still waiting. Any thread, returns at once. */
void publisher_offer(struct publisher *publisher, const char *line);

/** Since the start: heads that a place took, tries that failed. Any thread. */
void publisher_counts(struct publisher *publisher, uint64_t *ret_told, uint64_t *ret_failed);
