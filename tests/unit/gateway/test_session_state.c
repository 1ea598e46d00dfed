/* The whole state table: each message in each state, against a second writing of
 * ipc/broker_proto.h. */
#include "gateway/broker/session_state.h"

#include <glib.h>
#include <string.h>

#define N BROKER_STATE_COUNT
#define NO BROKER_STATE_COUNT

static const uint16_t requests[] = {BROKER_READY, BROKER_NLA_PROOF, BROKER_LOGIN,
				    BROKER_DIAL,  BROKER_RUNNING,   BROKER_ENDED};

/* Rows: states in their order. Columns: READY, NLA_PROOF, LOGIN, DIAL, RUNNING, ENDED. */
static const int expected[N][6] = {
	[BROKER_STATE_STARTING] = {BROKER_STATE_SPARE, NO, NO, NO, NO, NO},
	[BROKER_STATE_SPARE] = {NO, NO, NO, NO, NO, NO},
	[BROKER_STATE_HANDSHAKE] = {NO, BROKER_STATE_PROVING, BROKER_STATE_LOGGING_IN, NO, NO,
				    BROKER_STATE_ENDED},
	[BROKER_STATE_PROVING] = {NO, NO, NO, NO, NO, BROKER_STATE_ENDED},
	[BROKER_STATE_PROVED] = {NO, NO, BROKER_STATE_LOGGING_IN, NO, NO, BROKER_STATE_ENDED},
	[BROKER_STATE_LOGGING_IN] = {NO, NO, NO, NO, NO, BROKER_STATE_ENDED},
	[BROKER_STATE_ADMITTED] = {NO, NO, NO, BROKER_STATE_DIALLING, NO, BROKER_STATE_ENDED},
	[BROKER_STATE_DIALLING] = {NO, NO, NO, NO, NO, BROKER_STATE_ENDED},
	[BROKER_STATE_OPEN] = {NO, NO, NO, NO, BROKER_STATE_RUNNING, BROKER_STATE_ENDED},
	[BROKER_STATE_RUNNING] = {NO, NO, NO, NO, NO, BROKER_STATE_ENDED},
	[BROKER_STATE_REFUSED] = {NO, NO, NO, NO, NO, BROKER_STATE_ENDED},
	[BROKER_STATE_STOPPING] = {NO, BROKER_STATE_STOPPING, BROKER_STATE_STOPPING,
				   BROKER_STATE_STOPPING, BROKER_STATE_STOPPING,
				   BROKER_STATE_ENDED},
	[BROKER_STATE_ENDED] = {NO, NO, NO, NO, NO, NO},
};

static void test_table(void)
{
	for (int state = 0; state < N; state++)
		for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
			enum broker_state next = NO;
			bool legal =
				session_state_step((enum broker_state)state, requests[i], &next);
			g_assert_cmpint(legal, ==, expected[state][i] != NO);
			g_assert_cmpint((int)next, ==, expected[state][i]);
		}
}

/* What only the gateway says, and numbers nobody knows, are legal nowhere. */
static void test_other_numbers(void)
{
	for (int state = 0; state < N; state++)
		for (unsigned type = 0; type <= 0xffff; type++) {
			enum broker_state next;
			if (type < BROKER_READY || type > BROKER_ENDED)
				g_assert_false(session_state_step((enum broker_state)state,
								  (uint16_t)type, &next));
		}
}

static void test_names(void)
{
	for (int state = 0; state < N; state++)
		g_assert_cmpstr(broker_state_name((enum broker_state)state), !=, "unknown");
	g_assert_cmpstr(broker_state_name(BROKER_STATE_COUNT), ==, "unknown");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/session-state/table", test_table);
	g_test_add_func("/session-state/other-numbers", test_other_numbers);
	g_test_add_func("/session-state/names", test_names);
	return g_test_run();
}
