/** The schema and its migrations, which are part of the program: sql/migrations/NNNN_what.sql,
 *  forward only, each in a transaction of its own, with roles.sql before and
 *  grants.sql after them. */
#pragma once

#include "sql/db.h"

struct migration {
	uint32_t number;  /**< 1, 2, ... without holes */
	const char *name; /**< "0001_people_and_targets" */
	const char *statements;
};
/** Made from the files by sql/embed.py. */
extern const struct migration migrations[];
extern const unsigned n_migrations;
extern const char migration_roles[], migration_grants[];

/** Called for each migration after it was committed. */
typedef void (*migrate_report)(const char *name, void *user_data);

/** Brings the database up to date. The user in `conninfo` must be a superuser, or the database's
 *  owner with CREATEROLE, the first time; a member of vitrine_owner later. Several at once wait for
 *  each other. What was committed before a failure stays. DB_ERROR_FAULT when a migration was
 *  changed after it was applied, or the database is newer than this program. */
bool migrate_run(const char *conninfo, migrate_report report, void *user_data,
		 uint32_t *ret_applied, GError **error);

/** The number of the newest applied migration; 0: no tables of ours there. */
bool migrate_version(struct db *db, uint32_t *ret_version, GError **error);

/** DB_ERROR_FAULT with advice unless the schema is at least the one of this program. */
bool migrate_check_version(struct db *db, GError **error);
