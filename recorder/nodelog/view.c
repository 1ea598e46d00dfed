/* Reads a log's files. It must not judge them: that is log_check.c. */
#include "recorder/nodelog/view.h"

#include "recorder/nodelog/lines.h"
#include "recorder/nodelog/nodelog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct leaf_walk {
	struct view *view;
	view_leaf_fn each;
	void *user;
};

static void view_head_free(void *pointer)
{
	struct view_head *head = pointer;

	head_clear(&head->head);
	g_free(head->line);
	g_free(head);
}

static struct view_head *view_head_new(const char *line, size_t length)
{
	struct view_head *head = g_new0(struct view_head, 1);

	head->line = g_strndup(line, length);
	/* A zero byte would end the copy before the line. */
	head->result = strlen(head->line) == length ? head_parse(head->line, length, &head->head)
						    : -EPROTO;
	return head;
}

static int note_head(const char *line, size_t length, uint64_t number, void *user)
{
	(void)number;
	g_ptr_array_add(user, view_head_new(line, length));
	return 0;
}

static int note_leaf(const char *line, size_t length, uint64_t number, void *user)
{
	struct leaf_walk *walk = user;
	struct merkle_hash hash;

	merkle_leaf(line, length, &hash);
	g_array_append_val(walk->view->leaves, hash);
	if (walk->each != NULL) {
		struct leaf leaf;
		bool ok = leaf_parse(line, length, &leaf) == 0;
		walk->each(number, line, length, ok ? &leaf : NULL, walk->user);
		leaf_clear(&leaf);
	}
	return 0;
}

static int read_lines(const char *dir, const char *name, size_t max_bytes, lines_each_fn each,
		      void *user, uint64_t *ret_torn)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int result = lines_read(fd, max_bytes, each, user, NULL, ret_torn);
	close(fd);
	return result;
}

int view_open(const char *store_dir, view_leaf_fn each, void *user, struct view **ret_view)
{
	g_autofree char *dir = g_build_filename(store_dir, NODELOG_DIR, NULL);
	g_autofree char *certificate = g_build_filename(dir, NODELOG_CERTIFICATE, NULL);
	struct view *view = g_new0(struct view, 1);
	struct leaf_walk walk = {view, each, user};

	view->leaves = g_array_new(FALSE, FALSE, sizeof(struct merkle_hash));
	view->heads = g_ptr_array_new_with_free_func(view_head_free);
	g_file_get_contents(certificate, &view->certificate_pem, NULL, NULL);
	int result = read_lines(dir, NODELOG_HEADS, HEAD_MAX_BYTES, note_head, view->heads,
				&view->torn_head_bytes);
	if (result == 0)
		result = read_lines(dir, NODELOG_LEAVES, LEAF_MAX_BYTES, note_leaf, &walk,
				    &view->torn_leaf_bytes);
	if (result < 0) {
		view_close(view);
		return result;
	}
	*ret_view = view;
	return 0;
}

void view_close(struct view *view)
{
	if (view == NULL)
		return;
	g_array_unref(view->leaves);
	g_ptr_array_unref(view->heads);
	g_free(view->certificate_pem);
	g_free(view);
}

const struct head *view_newest_head(const struct view *view, const char **ret_line)
{
	for (unsigned i = view->heads->len; i > 0; i--) {
		const struct view_head *head = view->heads->pdata[i - 1];
		if (head->result != 0)
			continue;
		*ret_line = head->line;
		return &head->head;
	}
	return NULL;
}

/* The signature and the JSON are the last two words: neither holds a space, but the JSON's texts
 * may. */
static void find_head(const char *line, GPtrArray *heads)
{
	const char *json = strstr(line, " {");
	const char *begin = json;

	if (json == NULL)
		return;
	while (begin > line && begin[-1] != ' ')
		begin--;
	g_ptr_array_add(heads, view_head_new(begin, strlen(begin)));
}

int view_read_heads(const char *path, GPtrArray **ret_heads)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_get_contents(path, &text, NULL, &error))
		return error->code == G_FILE_ERROR_NOENT ? -ENOENT : -EIO;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GPtrArray *heads = g_ptr_array_new_with_free_func(view_head_free);
	for (char **line = lines; *line != NULL; line++)
		find_head(g_strchomp(*line), heads);
	*ret_heads = heads;
	return 0;
}
