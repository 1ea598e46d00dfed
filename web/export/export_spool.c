/* Files of the spool. It must not know what they hold or who wants them. */
#include "web/export/export_spool.h"

#include "base/config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".mp4"
#define CERTIFICATE_SUFFIX ".pdf"

bool export_spool_check(const char *dir, GError **error)
{
	if (access(dir, R_OK | W_OK | X_OK) == 0 && g_file_test(dir, G_FILE_TEST_IS_DIR))
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ,
		    "export.spool_dir: %s is no directory that this program may write to", dir);
	return false;
}

static char *path_of(const char *dir, const char *id, const char *suffix)
{
	g_autofree char *name = g_strconcat(id, suffix, NULL);

	return g_build_filename(dir, name, NULL);
}

char *export_spool_path(const char *dir, const char *id)
{
	return path_of(dir, id, SUFFIX);
}

char *export_spool_certificate_path(const char *dir, const char *id)
{
	return path_of(dir, id, CERTIFICATE_SUFFIX);
}

/* Only what this program makes is ever removed, whatever else somebody keeps in that directory. */
static bool is_ours(const char *file)
{
	g_autofree char *id = g_strndup(file, strcspn(file, "."));
	const char *rest = file + strlen(id);

	return g_uuid_string_is_valid(id) &&
	       (strcmp(rest, SUFFIX) == 0 || strcmp(rest, SUFFIX ".part") == 0 ||
		strcmp(rest, CERTIFICATE_SUFFIX) == 0);
}

static bool is_wanted(const GPtrArray *wanted, const char *file)
{
	for (unsigned i = 0; i < wanted->len; i++)
		if (g_str_has_prefix(file, wanted->pdata[i]))
			return true;
	return false;
}

void export_spool_clear(const char *dir, const GPtrArray *wanted)
{
	g_autoptr(GDir) spool = g_dir_open(dir, 0, NULL);
	const char *name;

	while (spool != NULL && (name = g_dir_read_name(spool)) != NULL) {
		g_autofree char *path = g_build_filename(dir, name, NULL);
		if (is_ours(name) && !is_wanted(wanted, name) && g_unlink(path) != 0)
			g_warning("web: %s cannot be removed: %s", path, g_strerror(errno));
	}
}
