/* The directory of a recording. It must not know what files hold, nor which of them should be
 * there: that is the chain's matter. */
#include "recorder/crypt/crypt_record.h"
#include "recorder/reader/reader_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SEALED_KEY_MAX_BYTES 16384u

const struct reader_form reader_forms[READER_FORM_COUNT] = {
	{"", false, false},
	{CRYPT_SUFFIX, false, true},
	{".part", true, false},
	{CRYPT_SUFFIX ".part", true, true},
};

/* Takes the descriptor. */
static struct reader *reader_new(int dir_fd, const char *session_id, const struct archive_key *key)
{
	struct reader *reader = g_new0(struct reader, 1);

	reader->dir_fd = dir_fd;
	reader->session_id = g_strdup(session_id);
	reader->key = key;
	g_mutex_init(&reader->lock);
	reader->data_keys = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)data_key_unref);
	return reader;
}

int reader_open_at(int dir_fd, const struct archive_key *key, struct reader **ret_reader)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_reader = reader_new(fd, NULL, key);
	return 0;
}

int reader_open(const char *dir, const struct archive_key *key, struct reader **ret_reader)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_reader = reader_new(fd, NULL, key);
	return 0;
}

int reader_open_session(const char *store_dir, const char *session_id,
			const struct archive_key *key, struct reader **ret_reader)
{
	if (!g_uuid_string_is_valid(session_id))
		return -EINVAL;
	int store_fd = open(store_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (store_fd < 0)
		return -errno;
	int fd = openat(store_fd, session_id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result = fd < 0 ? -errno : 0;
	close(store_fd);
	if (result == 0)
		*ret_reader = reader_new(fd, session_id, key);
	return result;
}

void reader_expect_session(struct reader *reader, const char *session_id)
{
	g_free(reader->session_id);
	reader->session_id = g_strdup(session_id);
}

void reader_close(struct reader *reader)
{
	if (reader == NULL)
		return;
	close(reader->dir_fd);
	g_hash_table_unref(reader->data_keys);
	g_mutex_clear(&reader->lock);
	g_free(reader->session_id);
	g_free(reader);
}

/* ---- Data keys ---- */

void reader_add_data_key(struct reader *reader, unsigned number, struct data_key *key)
{
	g_hash_table_insert(reader->data_keys, GUINT_TO_POINTER(number), data_key_ref(key));
}

static int open_data_key(const struct reader *reader, unsigned number, struct data_key **ret_key)
{
	g_autofree char *name =
		(number & READER_KEYSTROKE_KEY) != 0
			? g_strdup_printf(KEYSTROKE_KEY_FILE_NAME, number - READER_KEYSTROKE_KEY)
			: g_strdup_printf(DATA_KEY_FILE_NAME, number);
	g_autofree uint8_t *sealed = NULL;
	size_t length;

	if (reader->key == NULL)
		return -ENOKEY;
	int result = reader_read(reader, name, SEALED_KEY_MAX_BYTES, &sealed, &length);
	if (result == 0)
		result = archive_key_open(reader->key, sealed, length, ret_key);
	return result == -ENOENT ? -ENOKEY : result == -EFBIG ? -EBADMSG : result;
}

int reader_data_key(const struct reader *reader, unsigned number, struct data_key **ret_key)
{
	GMutex *lock = (GMutex *)(uintptr_t)&reader->lock;
	int result = 0;

	g_mutex_lock(lock);
	*ret_key = g_hash_table_lookup(reader->data_keys, GUINT_TO_POINTER(number));
	if (*ret_key == NULL) {
		result = open_data_key(reader, number, ret_key);
		if (result == 0)
			g_hash_table_insert(reader->data_keys, GUINT_TO_POINTER(number), *ret_key);
	}
	if (result == 0)
		data_key_ref(*ret_key);
	g_mutex_unlock(lock);
	return result;
}

/* ---- Names ---- */

static void entry_free(void *pointer)
{
	struct reader_entry *entry = pointer;

	g_free(entry->name);
	g_free(entry->disk_name);
	g_free(entry);
}

/* The longest suffix decides; a name that is nothing but a suffix is itself. */
static struct reader_entry *entry_new(const char *disk_name)
{
	struct reader_entry *entry = g_new0(struct reader_entry, 1);
	size_t cut = 0, length = strlen(disk_name);

	for (unsigned i = 0; i < READER_FORM_COUNT; i++) {
		size_t bytes = strlen(reader_forms[i].suffix);
		if (bytes < cut || bytes >= length ||
		    !g_str_has_suffix(disk_name, reader_forms[i].suffix))
			continue;
		cut = bytes;
		entry->growing = reader_forms[i].growing;
		entry->encrypted = reader_forms[i].encrypted;
	}
	entry->name = g_strndup(disk_name, length - cut);
	entry->disk_name = g_strdup(disk_name);
	return entry;
}

static unsigned form_of(const struct reader_entry *entry)
{
	const char *suffix = entry->disk_name + strlen(entry->name);
	unsigned form = 0;

	while (form < READER_FORM_COUNT && strcmp(reader_forms[form].suffix, suffix) != 0)
		form++;
	return form;
}

static int compare_entries(const void *a, const void *b)
{
	const struct reader_entry *one = *(struct reader_entry *const *)a;
	const struct reader_entry *other = *(struct reader_entry *const *)b;
	int order = strcmp(one->name, other->name);

	return order != 0 ? order : (int)form_of(one) - (int)form_of(other);
}

int reader_list(const struct reader *reader, GPtrArray **ret_entries)
{
	int copy = openat(reader->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *found;

	if (dir == NULL) {
		int result = -errno;
		if (copy >= 0)
			close(copy);
		return result;
	}
	*ret_entries = g_ptr_array_new_with_free_func(entry_free);
	while ((found = readdir(dir)) != NULL)
		if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
			g_ptr_array_add(*ret_entries, entry_new(found->d_name));
	closedir(dir);
	g_ptr_array_sort(*ret_entries, compare_entries);
	return 0;
}
