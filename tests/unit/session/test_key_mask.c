/* Which keys are masked, and for how long. */
#include "gateway/session/key_mask.h"

#include <glib.h>

static void test_until_enter(void)
{
	struct key_mask mask = {0};

	g_assert_false(key_mask_covers(&mask, "a", 1));
	g_assert_false(key_mask_covers(&mask, "Ctrl+Alt+Delete", 2));
	g_assert_true(key_mask_covers(&mask, "h", 3));
	g_assert_true(key_mask_covers(&mask, NULL, 4));
	g_assert_false(key_mask_covers(&mask, "Enter", 5));
	g_assert_false(key_mask_covers(&mask, "h", 6));
	g_assert_false(key_mask_covers(&mask, "Win+l", 7));
	g_assert_true(key_mask_covers(&mask, "h", 8));
}

/* Whoever calls the logon screen to hide what follows hides two minutes, and each call is named. */
static void test_ends_by_itself(void)
{
	struct key_mask mask = {0};

	g_assert_false(key_mask_covers(&mask, "Win+L", 1000));
	g_assert_true(key_mask_covers(&mask, "x", 1000 + 119999999));
	g_assert_false(key_mask_covers(&mask, "x", 1000 + 120000000));
	g_assert_false(key_mask_covers(&mask, "x", 1001));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/key-mask/enter", test_until_enter);
	g_test_add_func("/key-mask/time", test_ends_by_itself);
	return g_test_run();
}
