/* Changes key and certificate files in an order in which a crash leaves something that the same
 * steps finish. It must not know who ordered it or what is recorded about it. */
#include "cli/key_files.h"

#include "base/secret.h"
#include "cli/cli.h"
#include "recorder/chain/key_request.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT ".next"

static bool in_file(const struct key_place *place)
{
	return place->file != NULL && place->file[0] != '\0';
}

/* New files belong to whom the files they replace belong to: root works here, the recorder
 * reads. */
static void own_like(int fd, const char *model)
{
	struct stat st;

	if (geteuid() == 0 && stat(model, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
		cli_say("%s: the new file keeps root as its owner: %s", model, g_strerror(errno));
}

static int sync_folder(const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd >= 0 && fsync(fd) == 0 ? 0 : -errno;

	if (fd >= 0)
		close(fd);
	return result;
}

static int move(const char *from, const char *to)
{
	return rename(from, to) == 0 ? sync_folder(to) : -errno;
}

/* Synced under its name or not there. */
static int put_file(const char *path, const char *text, mode_t mode, const char *model)
{
	g_autofree char *part = g_strconcat(path, ".part", NULL);
	size_t length = strlen(text);

	g_unlink(part);
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	own_like(fd, model);
	int result = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0 ? 0 : -EIO;
	close(fd);
	if (result == 0)
		result = move(part, path);
	if (result < 0)
		g_unlink(part);
	return result;
}

static int keep_key(const char *path)
{
	g_autofree char *previous = g_strconcat(path, KEY_PREVIOUS_SUFFIX, NULL);
	/* It was read and signed with a moment ago. */
	autosecret key = config_read_secret_file(path, NULL);

	return key != NULL ? put_file(previous, key, 0600, path) : -EIO;
}

char *key_files_next_key(const struct key_place *place, GError **error)
{
	g_autofree char *path = g_strconcat(place->file, NEXT, NULL);

	if (g_file_test(path, G_FILE_TEST_EXISTS))
		return config_read_secret_file(path, error);
	autosecret pem = key_generate();
	int result = put_file(path, pem, 0600, place->file);
	if (result == 0)
		return config_read_secret_file(path, error);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ, "%s cannot be written: %s", path,
		    g_strerror(-result));
	return NULL;
}

static bool signs_for(const struct key_place *place, const char *certificate_pem, GError **error)
{
	struct chain_key *key = key_source_load_for(place, certificate_pem, error);

	chain_key_destroy(key);
	return key != NULL;
}

static bool next_signs_for(const struct key_place *place, const char *certificate_pem)
{
	g_autofree char *path = g_strconcat(place->file, NEXT, NULL);
	struct key_place next = *place;

	next.file = path;
	return signs_for(&next, certificate_pem, NULL);
}

bool key_files_fit(const struct key_place *place, const char *certificate_pem, GError **error)
{
	return (in_file(place) && next_signs_for(place, certificate_pem)) ||
	       signs_for(place, certificate_pem, error);
}

bool key_files_unfinished(const struct key_place *place)
{
	g_autofree char *waiting = g_strconcat(place->certificate_file, NEXT, NULL);

	return g_file_test(waiting, G_FILE_TEST_EXISTS);
}

bool key_files_installed(const struct key_place *place, const char *certificate_pem)
{
	g_autofree char *present = NULL;

	return g_file_get_contents(place->certificate_file, &present, NULL, NULL) &&
	       strcmp(present, certificate_pem) == 0 && signs_for(place, certificate_pem, NULL) &&
	       !key_files_unfinished(place);
}

bool key_files_replaces(const struct key_place *place, const char *certificate_pem)
{
	g_autofree char *present = NULL;

	/* Half of the new pair beside half of the old signs nothing. */
	return g_file_get_contents(place->certificate_file, &present, NULL, NULL) &&
	       strcmp(present, certificate_pem) != 0 && signs_for(place, present, NULL);
}

static int keep_pair(const struct key_place *place)
{
	const char *path = place->certificate_file;
	g_autofree char *previous = g_strconcat(path, KEY_PREVIOUS_SUFFIX, NULL);
	g_autofree char *present = NULL;
	int result = in_file(place) ? keep_key(place->file) : 0;

	if (result == 0 && !g_file_get_contents(path, &present, NULL, NULL))
		result = -EIO;
	return result == 0 ? put_file(previous, present, 0644, path) : result;
}

int key_files_stage(const struct key_place *place, const char *certificate_pem)
{
	const char *path = place->certificate_file;
	g_autofree char *next = g_strconcat(path, NEXT, NULL);
	int result = key_files_replaces(place, certificate_pem) ? keep_pair(place) : 0;

	return result == 0 ? put_file(next, certificate_pem, 0644, path) : result;
}

int key_files_switch(const struct key_place *place, const char *certificate_pem)
{
	const char *path = place->certificate_file;
	int result = 0;

	if (in_file(place) && next_signs_for(place, certificate_pem)) {
		g_autofree char *next = g_strconcat(place->file, NEXT, NULL);
		result = move(next, place->file);
	}
	return result == 0 ? put_file(path, certificate_pem, 0644, path) : result;
}

void key_files_finish(const struct key_place *place)
{
	g_autofree char *next = g_strconcat(place->certificate_file, NEXT, NULL);

	g_unlink(next);
}
