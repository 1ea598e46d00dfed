/* A file of names, one a line. It must not know what makes a recording settled. */
#include "recorder/settled.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "settled"
/* More than a million names. */
#define LIST_MAX_BYTES (64u << 20)

struct settled {
	GMutex lock;
	GHashTable *names;
	int fd; /**< -1: not to be written */
};

/* Somebody else may have put it there: only a plain file, and never waiting for one. A
 * descriptor or -errno. */
static int open_list(const char *path, int flags)
{
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= LIST_MAX_BYTES)
		return fd;
	close(fd);
	return -EINVAL;
}

/* NULL: there is none that can be read. */
static char *read_list(const char *path)
{
	int fd = open_list(path, O_RDONLY);
	g_autoptr(GString) text = g_string_new(NULL);
	char bytes[4096];
	ssize_t n = 0;

	if (fd < 0)
		return NULL;
	while (text->len <= LIST_MAX_BYTES && (n = read(fd, bytes, sizeof bytes)) > 0)
		g_string_append_len(text, bytes, n);
	close(fd);
	return n == 0 ? g_strdup(text->str) : NULL;
}

static GHashTable *read_names(const char *path)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *text = read_list(path);

	if (text == NULL)
		return names;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	/* A line that a power cut tore is no name. */
	for (char **line = lines; *line != NULL; line++)
		if (g_uuid_string_is_valid(*line))
			g_hash_table_add(names, g_strdup(*line));
	return names;
}

/* Recordings go; their names would stay for ever. */
static void keep_present(const char *path, GHashTable *names, const GPtrArray *present)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	unsigned n_kept = 0;

	for (unsigned i = 0; i < present->len; i++)
		if (g_hash_table_contains(names, present->pdata[i])) {
			g_string_append_printf(text, "%s\n", (const char *)present->pdata[i]);
			n_kept++;
		}
	if (n_kept == g_hash_table_size(names))
		return;
	if (!g_file_set_contents_full(path, text->str, (gssize)text->len,
				      G_FILE_SET_CONTENTS_CONSISTENT, 0640, &error))
		g_warning("%s", error->message);
}

struct settled *settled_open(const char *store_dir, const GPtrArray *present)
{
	struct settled *settled = g_new0(struct settled, 1);
	g_autofree char *path = g_build_filename(store_dir, FILE_NAME, NULL);

	g_mutex_init(&settled->lock);
	settled->names = read_names(path);
	keep_present(path, settled->names, present);
	settled->fd = open_list(path, O_WRONLY | O_CREAT | O_APPEND);
	if (settled->fd < 0)
		g_warning("%s: %s", path, g_strerror(-settled->fd));
	return settled;
}

void settled_close(struct settled *settled)
{
	if (settled == NULL)
		return;
	if (settled->fd >= 0)
		close(settled->fd);
	g_hash_table_unref(settled->names);
	g_mutex_clear(&settled->lock);
	g_free(settled);
}

bool settled_has(struct settled *settled, const char *session_id)
{
	g_mutex_lock(&settled->lock);
	bool has = g_hash_table_contains(settled->names, session_id);
	g_mutex_unlock(&settled->lock);
	return has;
}

/* The newline in front ends what a power cut may have torn. */
void settled_add(struct settled *settled, const char *session_id)
{
	g_autofree char *line = g_strdup_printf("\n%s\n", session_id);
	size_t length = strlen(line);

	g_mutex_lock(&settled->lock);
	bool is_new = g_hash_table_add(settled->names, g_strdup(session_id));
	if (is_new && settled->fd >= 0 && write(settled->fd, line, length) != (ssize_t)length) {
		g_warning("the list of settled recordings cannot be written: the next start takes "
			  "longer");
		close(settled->fd);
		settled->fd = -1;
	}
	g_mutex_unlock(&settled->lock);
}
