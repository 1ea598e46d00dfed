/** What the tests of sql/ share: databases of the private cluster (tests/support/pg_cluster)
 *  and connections to them. */
#pragma once

#include "sql/db.h"

/** The cluster's conninfo for a database in it, with " user=..." when `role` is not NULL. g_free
 *  it. */
char *fixture_conninfo(const char *database, const char *role);

/** Makes a new database of this name, migrated when wanted. */
void fixture_create(const char *database, bool migrated);

/** Connects as a role to the migrated database `vitrine`; aborts the test when that fails. */
struct db *fixture_open(const char *role);

/** Says something as the cluster's superuser in a database; aborts the test when that fails. */
void fixture_say(const char *database, const char *statement);

/** "stop", "begin" or "restart" of the whole server. */
void fixture_server(const char *action);

void migrate_tests(void);
void people_tests(void);
void ticket_tests(void);
void session_tests(void);
void recording_tests(void);
void audit_tests(void);
void deletion_tests(void);
void export_tests(void);
void rights_tests(void);
