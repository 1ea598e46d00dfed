/** Inside sql/: the columns of a grant's policy, for the two files that read them. */
#pragma once

#include "sql/db_query.h"
#include "sql/target_store.h"

/** Of access_grant as g, in the order of grant_policy_read. */
#define GRANT_POLICY_COLUMNS "g.idle_limit_s, g.banner, g.record_keys, g.quality"

void grant_policy_read(struct db_row *row, struct grant_policy *ret);
void grant_policy_clear(struct grant_policy *policy);
