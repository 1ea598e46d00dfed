/* Wishes for stamps and stamps in files. It must not know whence stamps come. */
#include "recorder/notary/stamp_queue.h"

#include "recorder/nodelog/nodelog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct stamp_queue {
	char *store_dir, *dir;
};

struct stamp_queue *stamp_queue_create(const char *store_dir)
{
	struct stamp_queue *queue = g_new0(struct stamp_queue, 1);

	queue->store_dir = g_strdup(store_dir);
	queue->dir = g_build_filename(store_dir, NODELOG_DIR, "stamps", NULL);
	return queue;
}

void stamp_queue_destroy(struct stamp_queue *queue)
{
	if (queue == NULL)
		return;
	g_free(queue->store_dir);
	g_free(queue->dir);
	g_free(queue);
}

static char *wish_path(const struct stamp_queue *queue, const struct stamp_wish *wish)
{
	g_autofree char *name = g_strdup_printf("%s.%" PRIu64, wish->session, wish->seq);

	return g_build_filename(queue->dir, name, NULL);
}

/* Whole under its name or not there at all. It is written in the queue's own directory: in a
 * recording's, what a kill left half done would be a foreign file. */
static int put_file(int queue_fd, int dir_fd, const char *name, const void *bytes, size_t length)
{
	g_autofree char *part = g_strconcat(name, ".part", NULL);
	int fd =
		openat(queue_fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, bytes, length);
	int result = n < 0 ? -errno : (size_t)n != length ? -ENOSPC : 0;
	if (result == 0 && fsync(fd) != 0)
		result = -errno;
	close(fd);
	if (result == 0 && renameat(queue_fd, part, dir_fd, name) != 0)
		result = -errno;
	if (result < 0)
		unlinkat(queue_fd, part, 0);
	return result == 0 && fsync(dir_fd) != 0 ? -errno : result;
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

int stamp_queue_add(struct stamp_queue *queue, const struct stamp_wish *wish)
{
	g_autofree char *path = wish_path(queue, wish);
	g_autofree char *name = g_path_get_basename(path);

	if (g_file_test(path, G_FILE_TEST_EXISTS))
		return 0;
	if (g_mkdir_with_parents(queue->dir, 0750) != 0)
		return -errno;
	int fd = open_dir(queue->dir);
	if (fd < 0)
		return fd;
	int result = put_file(fd, fd, name, wish->sha256, strlen(wish->sha256));
	close(fd);
	return result;
}

static bool parse_name(const char *name, struct stamp_wish *ret)
{
	char again[64];

	if (sscanf(name, "%36[0-9a-f-].%" SCNu64, ret->session, &ret->seq) != 2 ||
	    !g_uuid_string_is_valid(ret->session))
		return false;
	g_snprintf(again, sizeof again, "%s.%" PRIu64, ret->session, ret->seq);
	return strcmp(again, name) == 0;
}

GArray *stamp_queue_list(struct stamp_queue *queue)
{
	GArray *wishes = g_array_new(FALSE, FALSE, sizeof(struct stamp_wish));
	g_autoptr(GDir) dir = g_dir_open(queue->dir, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		struct stamp_wish wish = {0};
		g_autofree char *path = g_build_filename(queue->dir, name, NULL), *text = NULL;
		gsize length;
		if (!parse_name(name, &wish) || !g_file_get_contents(path, &text, &length, NULL) ||
		    length != DIGEST_HEX_BYTES - 1)
			continue;
		memcpy(wish.sha256, text, length);
		g_array_append_val(wishes, wish);
	}
	return wishes;
}

int stamp_queue_grant(struct stamp_queue *queue, const struct stamp_wish *wish, GBytes *answer)
{
	g_autofree char *path = wish_path(queue, wish);
	g_autofree char *recording = g_build_filename(queue->store_dir, wish->session, NULL);
	g_autofree char *name = g_strdup_printf("ts-%" PRIu64 ".tsr", wish->seq);
	int queue_fd = open_dir(queue->dir);
	int fd = queue_fd >= 0 ? open_dir(recording) : queue_fd;
	int result = MIN(fd, 0);
	gsize length;
	const void *bytes = g_bytes_get_data(answer, &length);

	if (result == 0)
		result = put_file(queue_fd, fd, name, bytes, length);
	if (fd >= 0)
		close(fd);
	if (queue_fd >= 0)
		close(queue_fd);
	if ((result == 0 || result == -ENOENT) && unlink(path) != 0 && errno != ENOENT)
		result = -errno;
	return result;
}
