/* Finds the seals among a log's leaves. It must not judge the log. */
#include "recorder/nodelog/sealed_sessions.h"

#include "recorder/nodelog/leaf.h"
#include "recorder/nodelog/lines.h"
#include "recorder/nodelog/nodelog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* As leaves are written, without white space. */
#define SEAL_WORD "\"kind\":\"seal\""

static int note_line(const char *line, size_t length, uint64_t number, void *user)
{
	struct leaf leaf;

	(void)number;
	if (memmem(line, length, SEAL_WORD, strlen(SEAL_WORD)) == NULL)
		return 0;
	if (leaf_parse(line, length, &leaf) < 0)
		return 0;
	if (leaf.kind == LEAF_SEAL)
		g_hash_table_add(user, g_ascii_strdown(leaf.session, -1));
	leaf_clear(&leaf);
	return 0;
}

GHashTable *sealed_sessions_read(const char *store_dir)
{
	GHashTable *sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *path = g_build_filename(store_dir, NODELOG_DIR, NODELOG_LEAVES, NULL);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint64_t torn_bytes;
	int result =
		fd >= 0 ? lines_read(fd, LEAF_MAX_BYTES, note_line, sessions, NULL, &torn_bytes)
			: -errno;

	if (result < 0 && result != -ENOENT)
		g_warning("%s cannot be read: %s", path, g_strerror(-result));
	if (fd >= 0)
		close(fd);
	return sessions;
}
