/* Store: names tell what is finished, a failed append leaves no trace, sealing happens in order, a
 * crash's leftovers can be repaired. */
#include "recorder/store/store.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID "6f9619ff-8b86-4011-b42d-00c04fc964ff"

struct fixture {
	char *dir;
	struct store *store;
	struct store_recording *recording;
};

static void fixture_init(struct fixture *f)
{
	f->dir = temp_dir_create();
	g_assert_cmpint(store_open(f->dir, &f->store), ==, 0);
	g_assert_cmpint(store_recording_create(f->store, ID, &f->recording), ==, 0);
}

static void fixture_finish(struct fixture *f)
{
	store_recording_close(f->recording);
	store_close(f->store);
	temp_dir_remove(f->dir);
	g_free(f->dir);
}

static bool exists(const struct fixture *f, const char *name)
{
	g_autofree char *path = g_build_filename(f->dir, ID, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void expect_content(const struct fixture *f, const char *name, const char *content)
{
	g_autofree char *path = g_build_filename(f->dir, ID, name, NULL);
	g_autofree char *bytes = NULL;

	g_assert_true(g_file_get_contents(path, &bytes, NULL, NULL));
	g_assert_cmpstr(bytes, ==, content);
}

struct sealed {
	GMutex lock;
	GCond cond;
	int result;
	unsigned n;
};

static void note_sealed(void *user, int result)
{
	struct sealed *s = user;

	g_mutex_lock(&s->lock);
	s->result = result;
	s->n++;
	g_cond_signal(&s->cond);
	g_mutex_unlock(&s->lock);
}

static void wait_sealed(struct sealed *s, unsigned n)
{
	g_mutex_lock(&s->lock);
	while (s->n < n)
		g_cond_wait(&s->cond, &s->lock);
	g_mutex_unlock(&s->lock);
}

static void test_append_and_seal(void)
{
	struct fixture f;
	struct store_file *video, *timeline, *again;
	struct sealed sealed = {.n = 0};

	fixture_init(&f);
	g_assert_cmpint(store_file_create(f.recording, "seg-00001.mp4", STORE_PART, &video), ==, 0);
	g_assert_cmpint(store_file_create(f.recording, "seg-00001.jsonl.gz", STORE_PART, &timeline),
			==, 0);
	g_assert_cmpint(store_file_create(f.recording, "seg-00001.mp4", STORE_PART, &again), ==,
			-EEXIST);
	g_assert_cmpint(store_file_append(video, "abc", 3), ==, 0);
	g_assert_cmpint(store_file_append(video, "def", 3), ==, 0);
	g_assert_cmpint(store_file_append(timeline, "{}\n", 3), ==, 0);
	g_assert_cmpuint(store_file_bytes(video), ==, 6);
	expect_content(&f, "seg-00001.mp4.part", "abcdef");
	g_assert_false(exists(&f, "seg-00001.mp4"));
	struct store_file *files[] = {video, timeline, NULL};
	store_seal_files(f.recording, files, 3, note_sealed, &sealed);
	wait_sealed(&sealed, 1);
	g_assert_cmpint(sealed.result, ==, 0);
	expect_content(&f, "seg-00001.mp4", "abcdef");
	expect_content(&f, "seg-00001.jsonl.gz", "{}\n");
	g_assert_false(exists(&f, "seg-00001.mp4.part"));
	fixture_finish(&f);
}

/* Sealing takes a descriptor of its own: without one it fails, aloud. */
static void test_no_descriptor_left(void)
{
	struct fixture f;
	struct store_file *video;
	struct sealed sealed = {.n = 0};
	struct rlimit before, none;

	fixture_init(&f);
	g_assert_cmpint(store_file_create(f.recording, "seg-00001.mp4", STORE_PART, &video), ==, 0);
	g_assert_cmpint(store_file_append(video, "abc", 3), ==, 0);
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){.rlim_cur = 4, .rlim_max = before.rlim_max};
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	store_seal_files(f.recording, &video, 1, note_sealed, &sealed);
	setrlimit(RLIMIT_NOFILE, &before);
	wait_sealed(&sealed, 1);
	g_assert_cmpint(sealed.result, <, 0);
	g_assert_true(exists(&f, "seg-00001.mp4.part"));
	fixture_finish(&f);
}

static void test_list_and_names(void)
{
	struct fixture f;
	struct store_recording *other;

	fixture_init(&f);
	g_autofree char *foreign = g_build_filename(f.dir, "lost+found", NULL);
	g_assert_cmpint(g_mkdir(foreign, 0700), ==, 0);
	g_autoptr(GPtrArray) names = NULL;
	g_assert_cmpint(store_list(f.store, &names), ==, 0);
	g_assert_cmpuint(names->len, ==, 1);
	g_assert_cmpstr(g_ptr_array_index(names, 0), ==, ID);
	g_assert_cmpint(store_recording_create(f.store, ID, &other), ==, -EEXIST);
	g_assert_cmpint(store_recording_create(f.store, "../escape", &other), ==, -EINVAL);
	g_assert_cmpint(
		store_recording_open(f.store, "6f9619ff-8b86-4011-b42d-00c04fc964f0", &other), ==,
		-ENOENT);
	fixture_finish(&f);
}

/* Without a descriptor nothing can be listed, which is not the same as nothing being there. */
static void test_list_fails_aloud(void)
{
	struct fixture f;
	struct rlimit before, none;
	GPtrArray *names = NULL;

	fixture_init(&f);
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){.rlim_cur = 4, .rlim_max = before.rlim_max};
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	int all = store_list(f.store, &names), one = store_recording_names(f.recording, &names);
	setrlimit(RLIMIT_NOFILE, &before);
	g_assert_cmpint(all, ==, -EMFILE);
	g_assert_cmpint(one, ==, -EMFILE);
	g_assert_null(names);
	fixture_finish(&f);
}

/* What somebody else put there: nothing of it is waited for, followed, or taken for a recording. */
static void test_strange_files(void)
{
	static const char capitals[] = "6F9619FF-8B86-4011-B42D-00C04FC964FF";
	struct fixture f;
	struct store_file *file;
	uint8_t *bytes;
	size_t length;
	bool part;

	fixture_init(&f);
	g_autofree char *fifo = g_build_filename(f.dir, ID, "chain", NULL);
	g_autofree char *link = g_build_filename(f.dir, ID, "tombstone", NULL);
	g_autofree char *copy = g_build_filename(f.dir, capitals, NULL);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(symlink("/etc/passwd", link), ==, 0);
	g_assert_cmpint(g_mkdir(copy, 0700), ==, 0);
	g_assert_cmpint(store_recording_read(f.recording, "chain", 100, &bytes, &length, &part), ==,
			-EINVAL);
	g_assert_cmpint(store_recording_repair(f.recording, "chain", false, 0), ==, -ENXIO);
	g_assert_cmpint(store_file_reopen(f.recording, "chain", 0, &file), ==, -ENXIO);
	g_assert_cmpint(
		store_recording_read(f.recording, "tombstone", 1 << 20, &bytes, &length, &part), ==,
		-ELOOP);
	g_autoptr(GPtrArray) names = NULL;
	g_assert_cmpint(store_list(f.store, &names), ==, 0);
	g_assert_cmpuint(names->len, ==, 1);
	fixture_finish(&f);
}

static void test_lock(void)
{
	g_autofree char *dir = temp_dir_create();
	int first, second;

	g_assert_cmpint(store_lock(dir, &first), ==, 0);
	g_assert_cmpint(first, >=, 0);
	g_assert_cmpint(store_lock(dir, &second), ==, -EBUSY);
	close(first);
	g_assert_cmpint(store_lock(dir, &second), ==, 0);
	close(second);
	temp_dir_remove(dir);
}

static void test_repair_after_crash(void)
{
	struct fixture f;
	struct store_file *file;
	uint8_t *bytes;
	size_t length;
	bool part;

	fixture_init(&f);
	g_assert_cmpint(store_file_create(f.recording, "seg-00001.mp4", STORE_PART, &file), ==, 0);
	g_assert_cmpint(store_file_append(file, "whole|torn", 10), ==, 0);
	store_file_close(file);
	g_assert_cmpint(
		store_recording_read(f.recording, "seg-00001.mp4", 100, &bytes, &length, &part), ==,
		0);
	g_assert_cmpmem(bytes, length, "whole|torn", 10);
	g_assert_true(part);
	g_free(bytes);
	g_assert_cmpint(
		store_recording_read(f.recording, "seg-00001.mp4", 9, &bytes, &length, &part), ==,
		-EFBIG);
	g_assert_cmpint(store_recording_repair(f.recording, "seg-00001.mp4", true, 5), ==, 0);
	expect_content(&f, "seg-00001.mp4", "whole");
	g_assert_cmpint(store_file_create(f.recording, "chain", STORE_FINAL, &file), ==, 0);
	g_assert_cmpint(store_file_append(file, "one\ntw", 6), ==, 0);
	store_file_close(file);
	g_assert_cmpint(store_file_reopen(f.recording, "chain", 4, &file), ==, 0);
	g_assert_cmpint(store_file_append(file, "three\n", 6), ==, 0);
	store_file_close(file);
	expect_content(&f, "chain", "one\nthree\n");
	fixture_finish(&f);
}

/* A write that the kernel takes only half of must leave nothing behind. RLIMIT_FSIZE
 * stands in for a full disk. */
static void test_failed_append_leaves_no_trace(void)
{
	struct fixture f;
	struct store_file *file;
	struct rlimit before, limit;
	uint8_t big[6000];

	signal(SIGXFSZ, SIG_IGN);
	memset(big, 'x', sizeof big);
	fixture_init(&f);
	g_assert_cmpint(store_file_create(f.recording, "seg-00001.mp4", STORE_PART, &file), ==, 0);
	g_assert_cmpint(store_file_append(file, "good", 4), ==, 0);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 4096;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	g_assert_cmpint(store_file_append(file, big, sizeof big), ==, -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	g_assert_cmpuint(store_file_bytes(file), ==, 4);
	expect_content(&f, "seg-00001.mp4.part", "good");
	g_assert_cmpint(store_file_append(file, "!", 1), ==, 0);
	expect_content(&f, "seg-00001.mp4.part", "good!");
	store_file_close(file);
	fixture_finish(&f);
}

/* In a mount namespace of its own, on a file system of 64 kB. */
static void fill_small_disk(const char *dir)
{
	struct store *store;
	struct store_recording *recording;
	struct store_file *file;
	uint8_t block[10000];
	uint64_t before, after;
	int result = 0;

	memset(block, 7, sizeof block);
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=64k") != 0)
		_exit(77);
	g_assert_cmpint(store_open(dir, &store), ==, 0);
	g_assert_cmpint(store_free_bytes(store, &before), ==, 0);
	g_assert_cmpint(store_recording_create(store, ID, &recording), ==, 0);
	g_assert_cmpint(store_file_create(recording, "seg-00001.mp4", STORE_PART, &file), ==, 0);
	unsigned n = 0;
	while (n < 20 && (result = store_file_append(file, block, sizeof block)) == 0)
		n++;
	g_assert_cmpint(result, ==, -ENOSPC);
	g_assert_cmpuint(store_file_bytes(file), ==, n * sizeof block);
	g_assert_cmpint(store_free_bytes(store, &after), ==, 0);
	g_assert_cmpuint(after, <, before);
	store_file_close(file);
	store_recording_close(recording);
	store_close(store);
	_exit(0);
}

static void test_full_disk(void)
{
	g_autofree char *dir = temp_dir_create();
	int status;
	pid_t pid = fork();

	if (pid == 0)
		fill_small_disk(dir);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	temp_dir_remove(dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		g_test_skip("may not mount here");
	else
		g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/append-and-seal", test_append_and_seal);
	g_test_add_func("/store/no-descriptor-left", test_no_descriptor_left);
	g_test_add_func("/store/list-and-names", test_list_and_names);
	g_test_add_func("/store/list-fails-aloud", test_list_fails_aloud);
	g_test_add_func("/store/strange-files", test_strange_files);
	g_test_add_func("/store/lock", test_lock);
	g_test_add_func("/store/repair-after-crash", test_repair_after_crash);
	g_test_add_func("/store/failed-append-leaves-no-trace", test_failed_append_leaves_no_trace);
	g_test_add_func("/store/full-disk", test_full_disk);
	return g_test_run();
}
