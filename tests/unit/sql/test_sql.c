/* The stores against a real PostgreSQL: one private cluster for all of them. */
#include "tests/unit/sql/sql_fixture.h"

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_create("vitrine", true);
	migrate_tests();
	people_tests();
	ticket_tests();
	session_tests();
	recording_tests();
	audit_tests();
	deletion_tests();
	export_tests();
	rights_tests();
	return g_test_run();
}
