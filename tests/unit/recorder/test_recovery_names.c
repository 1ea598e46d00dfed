/* What recovery reads out of names: a recording of many hours has numbers of more digits
 * than names are padded to. */
#include "recorder/recovery_chain.h"

static void test_numbers(void)
{
	unsigned number = 0;

	g_assert_true(recovered_name_number("init-001.mp4", "init-", ".mp4", &number));
	g_assert_cmpuint(number, ==, 1);
	g_assert_true(recovered_name_number("init-1234.mp4", "init-", ".mp4", &number));
	g_assert_cmpuint(number, ==, 1234);
	g_assert_false(recovered_name_number("init-.mp4", "init-", ".mp4", &number));
	g_assert_false(recovered_name_number("init-12", "init-", ".mp4", &number));
	g_assert_false(recovered_name_number("init-1x.mp4", "init-", ".mp4", &number));
	g_assert_false(recovered_name_number("init-99999999999.mp4", "init-", ".mp4", &number));
	g_assert_cmpuint(number, ==, 1234);
}

static void test_keys(void)
{
	const struct chain_segment segment = {.n_files = 3,
					      .files = {{.name = "seg-01234.mp4"},
							{.name = "key-1000.cms"},
							{.name = "keys-007.cms"}}};
	unsigned n_keys[SEGMENT_KEY_KIND_COUNT] = {2, 2};

	recovered_chain_note_keys(&segment, n_keys);
	g_assert_cmpuint(n_keys[SEGMENT_KEY_FILES], ==, 1000);
	g_assert_cmpuint(n_keys[SEGMENT_KEY_KEYSTROKES], ==, 7);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/recovery-names/numbers", test_numbers);
	g_test_add_func("/recovery-names/keys", test_keys);
	return g_test_run();
}
