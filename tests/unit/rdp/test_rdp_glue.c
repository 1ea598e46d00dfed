/* FreeRDP's start-up, the error numbers viewers see, and what may reach the log. */
#include "base/secret.h"
#include "gateway/rdp/rdp_glue.h"

#include <freerdp/error.h>
#include <freerdp/freerdp.h>
#include <glib.h>
#include <string.h>

static void test_prepare(void)
{
	g_assert_cmpint(rdp_glue_prepare(), ==, 0);
	g_assert_cmpint(rdp_glue_prepare(), ==, 0);
}

static void test_error_infos(void)
{
	g_assert_cmpuint(rdp_error_info(END_REFUSED), ==, ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES);
	g_assert_cmpuint(rdp_error_info(END_TERMINATED), ==, ERRINFO_RPC_INITIATED_DISCONNECT);
	g_assert_cmpuint(rdp_error_info(END_VIEWER_LEFT), ==, 0);
	g_assert_cmpuint(rdp_error_info((enum end_reason)9999), ==, 0);
	/* Whatever ends a session from our side must be explained to the viewer. */
	for (int r = END_TARGET_CLOSED; r < END_REASON_COUNT; r++)
		g_assert_cmpuint(rdp_error_info((enum end_reason)r), !=, 0);
}

static void test_scrub(void)
{
	g_autofree char *secret = rdp_log_scrub("logon Password=geheim\nmore");
	g_assert_cmpstr(secret, ==, "logon Password");
	g_autofree char *control = rdp_log_scrub("a\x1b[31mb\r\n");
	g_assert_cmpstr(control, ==, "a [31mb");
	g_autofree char *longest = g_strnfill(5000, 'x');
	g_autofree char *cut = rdp_log_scrub(longest);
	g_assert_cmpuint(strlen(cut), ==, 300);
}

static void test_wipe(void)
{
	rdpSettings *settings = freerdp_settings_new(FREERDP_SETTINGS_SERVER_MODE);

	g_assert_true(freerdp_settings_set_string(settings, FreeRDP_Password, "geheim"));
	rdp_settings_wipe_passwords(settings);
	g_assert_null(freerdp_settings_get_string(settings, FreeRDP_Password));
	freerdp_settings_free(settings);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/rdp/glue/prepare", test_prepare);
	g_test_add_func("/rdp/glue/error-infos", test_error_infos);
	g_test_add_func("/rdp/glue/scrub", test_scrub);
	g_test_add_func("/rdp/glue/wipe", test_wipe);
	return g_test_run();
}
