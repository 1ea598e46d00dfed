/** Retention classes: how long recordings are kept. A target names its class; what a class says
 *  counts for all recordings of it. False and DB_ERROR on failure, ret_* untouched. */
#pragma once

#include "sql/db.h"

struct retention_class {
	char *name;
	uint64_t keep_days; /**< 0: for ever */
	uint64_t max_bytes; /**< of all recordings on one node; 0: any */
	uint64_t targets, recordings;
};
void retention_class_free(struct retention_class *class);

/** By name: GPtrArray of struct retention_class. Administrator. */
bool retention_store_list(struct db *db, GPtrArray **ret, GError **error);
/** Makes a class or changes its limits. Administrator. */
bool retention_store_set(struct db *db, const char *name, uint64_t keep_days, uint64_t max_bytes,
			 GError **error);
/** DB_ERROR_CONFLICT while a target names it; DB_ERROR_MISSING. Administrator. */
bool retention_store_remove(struct db *db, const char *name, GError **error);
/** Sessions of this target belong to the class from now on. DB_ERROR_MISSING: no such target;
 *  DB_ERROR_CONFLICT: no such class. Administrator. */
bool retention_store_assign(struct db *db, const char *target, const char *name, GError **error);
