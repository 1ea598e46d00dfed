/* Directories for tests. */
#include "tests/support/temp_dir.h"

#include <ftw.h>
#include <glib.h>
#include <stdio.h>

char *temp_dir_create(void)
{
	g_autoptr(GError) error = NULL;
	char *path = g_dir_make_tmp("vitrine-test-XXXXXX", &error);

	g_assert_no_error(error);
	return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void temp_dir_remove(const char *path)
{
	g_assert_cmpint(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

char *temp_dir_put(const char *dir, const char *name, const void *bytes, gssize length, int mode)
{
	char *path = g_build_filename(dir, name, NULL);

	g_assert_true(g_file_set_contents_full(path, bytes, length, G_FILE_SET_CONTENTS_CONSISTENT,
					       mode, NULL));
	return path;
}
