/* The list of recordings that a start need not look at: it survives a start, a torn line and a file
 * that is gone, and forgets what the store does not hold. */
#include "recorder/settled.h"
#include "tests/support/temp_dir.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a01"
#define SECOND "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a02"
#define THIRD "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a03"

static GPtrArray *names(const char *first, ...)
{
	GPtrArray *array = g_ptr_array_new_with_free_func(g_free);
	va_list rest;

	va_start(rest, first);
	for (const char *name = first; name != NULL; name = va_arg(rest, const char *))
		g_ptr_array_add(array, g_strdup(name));
	va_end(rest);
	return array;
}

/* A line that a power cut tore hides neither what stands before it nor what comes behind. */
static void test_torn(void)
{
	g_autofree char *dir = temp_dir_create(), *path = g_build_filename(dir, "settled", NULL);
	g_autoptr(GPtrArray) present = names(FIRST, SECOND, THIRD, NULL);

	g_assert_true(g_file_set_contents(path, FIRST "\n0b0e5c1e-6f0a", -1, NULL));
	struct settled *settled = settled_open(dir, present);
	g_assert_true(settled_has(settled, FIRST));
	g_assert_false(settled_has(settled, SECOND));
	settled_add(settled, SECOND);
	settled_add(settled, SECOND);
	g_assert_true(settled_has(settled, SECOND));
	settled_close(settled);
	settled = settled_open(dir, present);
	g_assert_true(settled_has(settled, FIRST));
	g_assert_true(settled_has(settled, SECOND));
	g_assert_false(settled_has(settled, THIRD));
	settled_close(settled);
	temp_dir_remove(dir);
}

static void test_forgets(void)
{
	g_autofree char *dir = temp_dir_create(), *path = g_build_filename(dir, "settled", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) present = names(FIRST, SECOND, NULL);

	g_assert_true(g_file_set_contents(path, FIRST "\n" THIRD "\n", -1, NULL));
	settled_close(settled_open(dir, present));
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, FIRST "\n");
	temp_dir_remove(dir);
}

/* A store that takes nothing costs time and no recording. */
static void test_read_only(void)
{
	g_autofree char *dir = temp_dir_create(), *path = g_build_filename(dir, "settled", NULL);
	g_autoptr(GPtrArray) none = names(NULL, NULL);

	g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
	struct settled *settled = settled_open(dir, none);
	settled_add(settled, FIRST);
	g_assert_true(settled_has(settled, FIRST));
	settled_close(settled);
	temp_dir_remove(dir);
}

/* What is no list, or larger than any, is none: nothing of it is waited for or read. */
static void test_strange(gconstpointer kind)
{
	g_autofree char *dir = temp_dir_create(), *path = g_build_filename(dir, "settled", NULL);
	g_autoptr(GPtrArray) present = names(FIRST, NULL);

	if (g_str_equal(kind, "fifo")) {
		g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	} else {
		g_assert_true(g_file_set_contents(path, FIRST "\n", -1, NULL));
		g_assert_cmpint(truncate(path, (off_t)1 << 40), ==, 0);
	}
	struct settled *settled = settled_open(dir, present);
	g_assert_false(settled_has(settled, FIRST));
	settled_add(settled, FIRST);
	g_assert_true(settled_has(settled, FIRST));
	settled_close(settled);
	temp_dir_remove(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* Warnings are what the last one is about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	g_test_add_func("/settled/torn", test_torn);
	g_test_add_func("/settled/forgets", test_forgets);
	g_test_add_func("/settled/read-only", test_read_only);
	g_test_add_data_func("/settled/fifo", "fifo", test_strange);
	g_test_add_data_func("/settled/sparse", "sparse", test_strange);
	return g_test_run();
}
