/* Directories and files of recordings on a POSIX file system. It must not know what the files hold.
 * Syncing is store_sync.c's matter. */
#include "recorder/store/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What a file of a recording holds at the least where sessions do anything: a file system without
 * inodes is as full as one without blocks. */
#define BYTES_OF_A_FILE (64u << 10)

int store_open(const char *dir, struct store **ret_store)
{
	if (g_mkdir_with_parents(dir, 0750) != 0)
		return -errno;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct store *store = g_new0(struct store, 1);
	store->dir_fd = fd;
	store->jobs = g_async_queue_new();
	g_mutex_init(&store->lock);
	store_sync_start(store);
	*ret_store = store;
	return 0;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_sync_stop(store);
	g_assert(store->files == NULL);
	g_async_queue_unref(store->jobs);
	g_mutex_clear(&store->lock);
	close(store->dir_fd);
	g_free(store);
}

int store_free_bytes(const struct store *store, uint64_t *ret_bytes)
{
	struct statvfs fs;

	if (fstatvfs(store->dir_fd, &fs) != 0)
		return -errno;
	*ret_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	/* Some file systems have no fixed number of inodes, and say zero. */
	if (fs.f_files > 0)
		*ret_bytes = MIN(*ret_bytes, (uint64_t)fs.f_favail * BYTES_OF_A_FILE);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(DIR *dir, bool (*wanted)(const char *), GPtrArray *names)
{
	const struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0)
		if (wanted(entry->d_name))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	return -errno;
}

/* Half a list would be taken for all there is: what it lacks for missing, what it should
 * have removed for removed. */
static int list_names(int dir_fd, bool (*wanted)(const char *), GPtrArray **ret_names)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;

	if (dir == NULL) {
		int result = -errno;
		if (copy >= 0)
			close(copy);
		return result;
	}
	int result = read_names(dir, wanted, names);
	closedir(dir);
	if (result < 0)
		return result;
	g_ptr_array_sort(names, compare_names);
	*ret_names = g_steal_pointer(&names);
	return 0;
}

/* As the gateway writes it, and no other way: a copy under the same name in capitals would be the
 * same recording twice. */
static bool is_uuid(const char *name)
{
	return g_uuid_string_is_valid(name) && strpbrk(name, "ABCDEF") == NULL;
}

static bool is_visible(const char *name)
{
	return name[0] != '.';
}

int store_list(const struct store *store, GPtrArray **ret_names)
{
	return list_names(store->dir_fd, is_uuid, ret_names);
}

int store_recording_names(struct store_recording *recording, GPtrArray **ret_names)
{
	return list_names(recording->dir_fd, is_visible, ret_names);
}

int store_recording_open(struct store *store, const char *session_id,
			 struct store_recording **ret_recording)
{
	if (!is_uuid(session_id))
		return -EINVAL;
	int fd = openat(store->dir_fd, session_id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct store_recording *recording = g_new0(struct store_recording, 1);
	recording->store = store;
	recording->dir_fd = fd;
	*ret_recording = recording;
	return 0;
}

int store_recording_create(struct store *store, const char *session_id,
			   struct store_recording **ret_recording)
{
	if (!is_uuid(session_id))
		return -EINVAL;
	if (mkdirat(store->dir_fd, session_id, 0750) != 0)
		return -errno;
	if (fsync(store->dir_fd) != 0)
		return -errno;
	return store_recording_open(store, session_id, ret_recording);
}

int store_recording_dir(const struct store_recording *recording)
{
	return recording->dir_fd;
}

void store_recording_close(struct store_recording *recording)
{
	if (recording == NULL)
		return;
	close(recording->dir_fd);
	g_free(recording);
}

static char *disk_name(const char *name, enum store_file_kind kind)
{
	return kind == STORE_PART ? g_strconcat(name, STORE_PART_SUFFIX, NULL) : g_strdup(name);
}

/* Only plain files, and never waiting: a FIFO that somebody put there would hold up the start, and
 * so everybody. Returns a descriptor or -errno. */
static int open_regular(int dir_fd, const char *on_disk, int flags)
{
	int fd = openat(dir_fd, on_disk, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static int open_for_reading(struct store_recording *recording, const char *name, bool *ret_part)
{
	g_autofree char *part = disk_name(name, STORE_PART);
	int fd = open_regular(recording->dir_fd, name, O_RDONLY);

	*ret_part = fd == -ENOENT;
	return *ret_part ? open_regular(recording->dir_fd, part, O_RDONLY) : fd;
}

static int read_all(int fd, uint8_t *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = read(fd, bytes + done, length - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int store_recording_read(struct store_recording *recording, const char *name, size_t max_bytes,
			 uint8_t **ret_bytes, size_t *ret_length, bool *ret_part)
{
	struct stat st;
	bool part;
	int fd = open_for_reading(recording, name, &part);

	if (fd < 0)
		return fd;
	/* After a write that failed the kernel holds pages that the disk never got,
	 * and calls them clean. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	int result = fstat(fd, &st) == 0 ? 0 : -errno;
	if (result == 0 && (uint64_t)st.st_size > max_bytes)
		result = -EFBIG;
	if (result == 0) {
		g_autofree uint8_t *bytes = g_malloc((gsize)st.st_size + 1);
		result = read_all(fd, bytes, (size_t)st.st_size);
		if (result == 0) {
			bytes[st.st_size] = 0;
			*ret_bytes = g_steal_pointer(&bytes);
			*ret_length = (size_t)st.st_size;
			*ret_part = part;
		}
	}
	close(fd);
	return result;
}

static int rename_part(int dir_fd, const char *name)
{
	g_autofree char *part = disk_name(name, STORE_PART);

	return renameat(dir_fd, part, dir_fd, name) == 0 ? 0 : -errno;
}

int store_recording_repair(struct store_recording *recording, const char *name, bool part,
			   uint64_t bytes)
{
	g_autofree char *now = disk_name(name, part ? STORE_PART : STORE_FINAL);
	int fd = open_regular(recording->dir_fd, now, O_WRONLY);

	if (fd < 0)
		return fd;
	int result = ftruncate(fd, (off_t)bytes) == 0 && fdatasync(fd) == 0 ? 0 : -errno;
	close(fd);
	if (result == 0 && part)
		result = rename_part(recording->dir_fd, name);
	if (result == 0 && fsync(recording->dir_fd) != 0)
		result = -errno;
	return result;
}

int store_recording_discard(struct store_recording *recording, const char *name, bool part)
{
	g_autofree char *on_disk = disk_name(name, part ? STORE_PART : STORE_FINAL);

	return unlinkat(recording->dir_fd, on_disk, 0) == 0 ? 0 : -errno;
}

int store_recording_sync(struct store_recording *recording)
{
	return fsync(recording->dir_fd) == 0 ? 0 : -errno;
}

static struct store_file *file_new(struct store_recording *recording, const char *name,
				   enum store_file_kind kind, int fd, uint64_t bytes)
{
	struct store_file *file = g_new0(struct store_file, 1);

	g_atomic_ref_count_init(&file->refs);
	file->recording = recording;
	file->store = recording->store;
	file->name = g_strdup(name);
	file->kind = kind;
	file->fd = fd;
	file->bytes = bytes;
	g_mutex_init(&file->syncing);
	g_mutex_lock(&file->store->lock);
	file->store->files = g_list_prepend(file->store->files, file);
	g_mutex_unlock(&file->store->lock);
	return file;
}

int store_file_create(struct store_recording *recording, const char *name,
		      enum store_file_kind kind, struct store_file **ret_file)
{
	g_autofree char *on_disk = disk_name(name, kind);
	int fd = openat(recording->dir_fd, on_disk,
			O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0)
		return -errno;
	*ret_file = file_new(recording, name, kind, fd, 0);
	atomic_store(&(*ret_file)->is_new, true);
	return 0;
}

int store_file_reopen(struct store_recording *recording, const char *name, uint64_t bytes,
		      struct store_file **ret_file)
{
	int fd = open_regular(recording->dir_fd, name, O_WRONLY | O_APPEND);

	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)bytes) != 0) {
		int result = -errno;
		close(fd);
		return result;
	}
	*ret_file = file_new(recording, name, STORE_FINAL, fd, bytes);
	return 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);
		if (n < 0 && errno != EINTR)
			return -errno;
		bytes += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int store_file_append(struct store_file *file, const void *bytes, size_t length)
{
	int result = atomic_load(&file->error);

	if (result == 0)
		result = write_all(file->fd, bytes, length);
	if (result == 0) {
		file->bytes += length;
		atomic_store(&file->dirty, true);
		return 0;
	}
	/* Half a fragment would be taken for damage later. When even this fails the file takes no
	 * more and cannot be sealed: recovery cuts it. */
	if (ftruncate(file->fd, (off_t)file->bytes) != 0) {
		g_warning("%s cannot be cut back after a failed write: %s", file->name,
			  g_strerror(errno));
		atomic_store(&file->error, result);
	}
	return result;
}

uint64_t store_file_bytes(const struct store_file *file)
{
	return file->bytes;
}

void store_file_unref(struct store_file *file)
{
	if (!g_atomic_ref_count_dec(&file->refs))
		return;
	close(file->fd);
	g_mutex_clear(&file->syncing);
	g_free(file->name);
	g_free(file);
}

int store_file_close(struct store_file *file)
{
	if (file == NULL)
		return 0;
	g_mutex_lock(&file->store->lock);
	file->store->files = g_list_remove(file->store->files, file);
	g_mutex_unlock(&file->store->lock);
	int result = store_file_sync(file);
	store_file_unref(file);
	return result;
}

int store_recording_put(struct store_recording *recording, const char *name, const void *bytes,
			size_t length)
{
	struct store_file *file;

	if (faccessat(recording->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	int result = store_file_create(recording, name, STORE_PART, &file);
	if (result < 0)
		return result;
	result = store_file_append(file, bytes, length);
	int synced = store_file_close(file);
	result = result == 0 ? synced : result;
	if (result == 0)
		return store_recording_repair(recording, name, true, length);
	if (store_recording_discard(recording, name, true) < 0)
		g_warning("%s is left half written", name);
	return result;
}
