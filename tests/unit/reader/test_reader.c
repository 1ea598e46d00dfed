/* recorder/reader: names, sizes and bytes of a recording's directory, whoever put them there. */
#include "recorder/reader/reader.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static struct reader *open_reader(const char *dir)
{
	struct reader *reader;

	g_assert_cmpint(reader_open(dir, NULL, &reader), ==, 0);
	return reader;
}

static void test_lists(void)
{
	g_autofree char *dir = temp_dir_create();
	g_autoptr(GPtrArray) entries = NULL;
	static const struct {
		const char *name, *disk_name;
		bool growing;
	} expected[] = {
		{"..part", "..part.part", true},
		{".part", ".part", false},
		{"chain", "chain", false},
		{"seg-00001.mp4", "seg-00001.mp4", false},
		{"seg-00002.mp4", "seg-00002.mp4", false},
		{"seg-00002.mp4", "seg-00002.mp4.part", true},
	};

	for (unsigned i = G_N_ELEMENTS(expected); i > 0; i--)
		put(dir, expected[i - 1].disk_name, "x");
	struct reader *reader = open_reader(dir);
	g_assert_cmpint(reader_list(reader, &entries), ==, 0);
	g_assert_cmpuint(entries->len, ==, G_N_ELEMENTS(expected));
	for (unsigned i = 0; i < entries->len; i++) {
		const struct reader_entry *entry = g_ptr_array_index(entries, i);
		g_assert_cmpstr(entry->name, ==, expected[i].name);
		g_assert_cmpstr(entry->disk_name, ==, expected[i].disk_name);
		g_assert_cmpint(entry->growing, ==, expected[i].growing);
	}
	reader_close(reader);
	temp_dir_remove(dir);
}

static void assert_bytes(struct reader_file *file, uint64_t offset, size_t length,
			 const char *expected)
{
	char buffer[64];
	ssize_t n = reader_file_pread(file, buffer, length, offset);

	g_assert_cmpint(n, >=, 0);
	g_assert_cmpmem(buffer, n, expected, strlen(expected));
}

static void test_grows_and_is_renamed(void)
{
	g_autofree char *dir = temp_dir_create();
	g_autofree char *part = g_build_filename(dir, "seg-00001.mp4.part", NULL);
	g_autofree char *final = g_build_filename(dir, "seg-00001.mp4", NULL);
	struct reader_file *file;
	uint64_t bytes;

	put(dir, "seg-00001.mp4.part", "moof");
	struct reader *reader = open_reader(dir);
	g_assert_cmpint(reader_file_open(reader, "seg-00001.mp4", &file), ==, 0);
	g_assert_true(reader_file_growing(file));
	g_assert_cmpint(reader_file_size(file, &bytes), ==, 0);
	g_assert_cmpuint(bytes, ==, 4);
	int fd = open(part, O_WRONLY | O_APPEND | O_CLOEXEC);
	g_assert_cmpint(write(fd, "mdat", 4), ==, 4);
	close(fd);
	g_assert_cmpint(rename(part, final), ==, 0);
	g_assert_cmpint(reader_file_size(file, &bytes), ==, 0);
	g_assert_cmpuint(bytes, ==, 8);
	assert_bytes(file, 2, 4, "ofmd");
	assert_bytes(file, 6, 40, "at");
	assert_bytes(file, 8, 40, "");
	assert_bytes(file, G_MAXUINT64, 40, "");
	reader_file_close(file);
	g_assert_cmpint(reader_file_open(reader, "seg-00001.mp4", &file), ==, 0);
	g_assert_false(reader_file_growing(file));
	reader_file_close(file);
	reader_close(reader);
	temp_dir_remove(dir);
}

static void test_reads_whole(void)
{
	g_autofree char *dir = temp_dir_create();
	g_autofree uint8_t *bytes = NULL;
	size_t length;

	put(dir, "chain", "0123456789");
	struct reader *reader = open_reader(dir);
	g_assert_cmpint(reader_read(reader, "chain", 9, &bytes, &length), ==, -EFBIG);
	g_assert_null(bytes);
	g_assert_cmpint(reader_read(reader, "chain", 10, &bytes, &length), ==, 0);
	g_assert_cmpuint(length, ==, 10);
	g_assert_cmpstr((char *)bytes, ==, "0123456789");
	reader_close(reader);
	temp_dir_remove(dir);
}

static void test_refuses(void)
{
	g_autofree char *dir = temp_dir_create();
	g_autofree char *link = g_build_filename(dir, "link", NULL);
	g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
	g_autofree char *folder = g_build_filename(dir, "folder", NULL);
	static const struct {
		const char *name;
		int result;
	} cases[] = {{"link", -EINVAL},
		     {"fifo", -EINVAL},
		     {"folder", -EINVAL},
		     {"", -EINVAL},
		     {"..", -EINVAL},
		     {"../chain", -EINVAL},
		     {"/etc/hostname", -EINVAL},
		     {"nothing", -ENOENT}};
	struct reader *reader;
	struct reader_file *file;

	g_assert_cmpint(symlink("/etc/hostname", link), ==, 0);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(mkdir(folder, 0700), ==, 0);
	reader = open_reader(dir);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(reader_file_open(reader, cases[i].name, &file), ==,
				cases[i].result);
	reader_close(reader);
	g_assert_cmpint(reader_open("/nonexistent", NULL, &reader), ==, -ENOENT);
	g_assert_cmpint(reader_open("/etc/hostname", NULL, &reader), ==, -ENOTDIR);
	temp_dir_remove(dir);
}

static void test_session_in_store(void)
{
	static const char id[] = "0b8f7c1e-50a1-4b52-9d52-0a4f4a1c2f11";
	static const char linked[] = "1b8f7c1e-50a1-4b52-9d52-0a4f4a1c2f11";
	g_autofree char *store = temp_dir_create();
	g_autofree char *dir = g_build_filename(store, id, NULL);
	g_autofree char *link = g_build_filename(store, linked, NULL);
	struct reader *reader;
	g_autofree uint8_t *bytes = NULL;
	size_t length;

	g_assert_cmpint(mkdir(dir, 0700), ==, 0);
	g_assert_cmpint(symlink(id, link), ==, 0);
	put(dir, "chain", "x");
	g_assert_cmpint(reader_open_session(store, "../etc", NULL, &reader), ==, -EINVAL);
	g_assert_cmpint(reader_open_session(store, linked, NULL, &reader), <, 0);
	g_assert_cmpint(reader_open_session(store, id, NULL, &reader), ==, 0);
	g_assert_cmpint(reader_read(reader, "chain", 10, &bytes, &length), ==, 0);
	g_assert_cmpstr((char *)bytes, ==, "x");
	reader_close(reader);
	temp_dir_remove(store);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reader/lists", test_lists);
	g_test_add_func("/reader/grows-and-is-renamed", test_grows_and_is_renamed);
	g_test_add_func("/reader/reads-whole", test_reads_whole);
	g_test_add_func("/reader/refuses", test_refuses);
	g_test_add_func("/reader/session-in-store", test_session_in_store);
	return g_test_run();
}
