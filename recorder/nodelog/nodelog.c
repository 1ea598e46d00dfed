/* The log's writer: two files that only grow and the tree's right edge in memory. It must not know
 * who adds leaves or who is told of heads. */
#include "recorder/nodelog/nodelog.h"

#include "base/clock.h"
#include "recorder/nodelog/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(nodelog - error, nodelog_error)

struct nodelog {
	const struct chain_key *key;
	char *node, *dir;
	int dir_fd, leaves_fd, heads_fd;
	uint64_t leaves_bytes, heads_bytes;
	struct merkle_edge edge;
	uint64_t synced_size, signed_size;
	bool failed; /**< a sync failed: what the disk holds is not known any more */
};

/* What opening finds; the newest head is read first, so that the leaves can be held
 * against it in one pass. */
struct opening {
	struct nodelog *log;
	nodelog_leaf_fn each;
	void *user;
	uint64_t head_size;
	struct merkle_hash head_root;
	bool has_head, head_met;
	const char *trouble;
};

static int note_head(const char *line, size_t length, uint64_t number, void *user)
{
	struct opening *o = user;
	struct head head;

	(void)number;
	if (head_parse(line, length, &head) < 0) {
		o->trouble = "a line of heads is not a tree head of a version known here";
		return -EPROTO;
	}
	o->head_size = head.size;
	o->head_root = head.root;
	o->has_head = true;
	head_clear(&head);
	return 0;
}

static void meet_head(struct opening *o)
{
	struct merkle_hash root;

	if (!o->has_head || o->log->edge.size != o->head_size)
		return;
	merkle_edge_root(&o->log->edge, &root);
	o->head_met = memcmp(&root, &o->head_root, sizeof root) == 0;
}

static int note_leaf(const char *line, size_t length, uint64_t number, void *user)
{
	struct opening *o = user;
	struct merkle_hash hash;
	struct leaf leaf;

	if (leaf_parse(line, length, &leaf) < 0) {
		o->trouble = "a line of leaves is not a leaf";
		return -EPROTO;
	}
	bool in_place = leaf.index == number && strcmp(leaf.node, o->log->node) == 0;
	if (in_place && o->each != NULL)
		o->each(&leaf, o->user);
	leaf_clear(&leaf);
	if (!in_place) {
		o->trouble = "a leaf stands in the wrong place or is of another node";
		return -EPROTO;
	}
	merkle_leaf(line, length, &hash);
	merkle_edge_add(&o->log->edge, &hash);
	meet_head(o);
	return 0;
}

/* Reads a file and cuts what a kill left behind its last whole line. */
static int read_and_cut(int fd, size_t max_bytes, lines_each_fn each, struct opening *o,
			uint64_t *ret_bytes)
{
	uint64_t torn = 0;
	int result = lines_read(fd, max_bytes, each, o, ret_bytes, &torn);

	if (result == 0 && torn > 0 && ftruncate(fd, (off_t)*ret_bytes) != 0)
		result = -errno;
	return result;
}

static int open_files(struct nodelog *log)
{
	if (mkdir(log->dir, 0750) != 0 && errno != EEXIST)
		return -errno;
	log->dir_fd = open(log->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (log->dir_fd < 0)
		return -errno;
	log->leaves_fd = lines_open(log->dir_fd, NODELOG_LEAVES);
	if (log->leaves_fd < 0)
		return log->leaves_fd;
	log->heads_fd = lines_open(log->dir_fd, NODELOG_HEADS);
	if (log->heads_fd < 0)
		return log->heads_fd;
	/* The names themselves must survive a power cut, or a synced leaf could
	 * vanish with its file. */
	return fsync(log->dir_fd) == 0 ? 0 : -errno;
}

static int read_files(struct nodelog *log, struct opening *o)
{
	int result = read_and_cut(log->heads_fd, HEAD_MAX_BYTES, note_head, o, &log->heads_bytes);

	if (result == 0) {
		meet_head(o);
		result = read_and_cut(log->leaves_fd, LEAF_MAX_BYTES, note_leaf, o,
				      &log->leaves_bytes);
	}
	if (result == 0 && o->has_head && !o->head_met) {
		o->trouble = "the leaves are not those that the newest head covers";
		result = -EPROTO;
	}
	log->signed_size = o->head_size;
	/* A killed writer's leaves may not have reached the disk. */
	return result == 0 && fdatasync(log->leaves_fd) != 0 ? -errno : result;
}

/* Signed heads of earlier keys must stay checkable: their certificates stay behind the new one. */
static bool keep_certificates(struct nodelog *log, GError **error)
{
	const char *own = chain_key_certificate_pem(log->key);
	g_autofree char *path = g_build_filename(log->dir, NODELOG_CERTIFICATE, NULL);
	g_autofree char *before = NULL;
	g_autoptr(GError) trouble = NULL;

	if (!g_file_get_contents(path, &before, NULL, &trouble) &&
	    !g_error_matches(trouble, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	if (before != NULL && strstr(before, own) != NULL)
		return true;
	g_autofree char *all = g_strconcat(own, g_str_has_suffix(own, "\n") ? "" : "\n",
					   before != NULL ? before : "", NULL);
	return g_file_set_contents_full(
		path, all, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0640,
		error);
}

struct nodelog *nodelog_open(const char *store_dir, const char *node, const struct chain_key *key,
			     nodelog_leaf_fn each, void *user, GError **error)
{
	struct nodelog *log = g_new0(struct nodelog, 1);
	struct opening o = {.log = log, .each = each, .user = user};

	*log = (struct nodelog){.key = key, .dir_fd = -1, .leaves_fd = -1, .heads_fd = -1};
	log->node = g_strdup(node);
	log->dir = g_build_filename(store_dir, NODELOG_DIR, NULL);
	int result = open_files(log);
	if (result == 0)
		result = read_files(log, &o);
	log->synced_size = log->edge.size;
	if (result < 0)
		g_set_error(error, NODELOG_ERROR,
			    o.trouble != NULL ? NODELOG_ERROR_BROKEN : NODELOG_ERROR_FILE, "%s: %s",
			    log->dir, o.trouble != NULL ? o.trouble : g_strerror(-result));
	if (result == 0 && keep_certificates(log, error))
		return log;
	nodelog_close(log);
	return NULL;
}

void nodelog_close(struct nodelog *log)
{
	if (log == NULL)
		return;
	if (log->leaves_fd >= 0)
		close(log->leaves_fd);
	if (log->heads_fd >= 0)
		close(log->heads_fd);
	if (log->dir_fd >= 0)
		close(log->dir_fd);
	g_free(log->node);
	g_free(log->dir);
	g_free(log);
}

uint64_t nodelog_size(const struct nodelog *log)
{
	return log->edge.size;
}

uint64_t nodelog_signed_size(const struct nodelog *log)
{
	return log->signed_size;
}

/* A line that could neither be written nor be taken back ends the writing: the next one
 * would glue itself to it. */
static int append_line(struct nodelog *log, int fd, uint64_t *bytes, const char *line)
{
	int result = lines_append(fd, bytes, line);

	log->failed |= result == -EIO;
	return result;
}

int nodelog_append(struct nodelog *log, const struct leaf *leaf)
{
	struct leaf whole = *leaf;
	struct merkle_hash hash;
	g_autofree char *utc = clock_format_utc(clock_utc_us());

	if (log->failed)
		return -EIO;
	whole.index = log->edge.size;
	whole.node = log->node;
	whole.utc = utc;
	g_autofree char *line = leaf_format(&whole);
	int result = append_line(log, log->leaves_fd, &log->leaves_bytes, line);
	if (result < 0)
		return result;
	merkle_leaf(line, strlen(line), &hash);
	merkle_edge_add(&log->edge, &hash);
	return 0;
}

/* After a failed sync the kernel may drop the pages and call the next sync a success:
 * nothing is signed on that. */
static int sync_file(struct nodelog *log, int fd)
{
	if (log->failed)
		return -EIO;
	if (fdatasync(fd) == 0)
		return 0;
	log->failed = true;
	return -errno;
}

int nodelog_sync(struct nodelog *log)
{
	int result = log->synced_size < log->edge.size ? sync_file(log, log->leaves_fd) : 0;

	if (result == 0)
		log->synced_size = log->edge.size;
	return result;
}

char *nodelog_sign_head(struct nodelog *log, GError **error)
{
	g_autofree char *utc = clock_format_utc(clock_utc_us());
	struct head head = {.node = log->node, .utc = utc, .size = log->edge.size};
	int result = nodelog_sync(log);

	merkle_edge_root(&log->edge, &head.root);
	char *line = result == 0 ? head_sign(&head, log->key, error) : NULL;
	if (result == 0 && line == NULL)
		return NULL;
	if (result == 0)
		result = append_line(log, log->heads_fd, &log->heads_bytes, line);
	if (result == 0)
		result = sync_file(log, log->heads_fd);
	if (result == 0) {
		log->signed_size = head.size;
		return line;
	}
	g_set_error(error, NODELOG_ERROR, NODELOG_ERROR_FILE, "%s cannot be written: %s", log->dir,
		    g_strerror(-result));
	g_free(line);
	return NULL;
}
