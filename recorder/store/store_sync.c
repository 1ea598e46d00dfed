/* The store's thread: syncs what was appended about once a second, seals files when asked. It must
 * not touch a recording's structs, which belong to other threads. */
#include "recorder/store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SYNC_INTERVAL_US (1 * G_USEC_PER_SEC)

/* Whoever finds the file clean while another thread syncs it has to wait for what that says. */
int store_file_sync(struct store_file *file)
{
	g_mutex_lock(&file->syncing);
	if (atomic_exchange(&file->dirty, false) && fdatasync(file->fd) != 0) {
		atomic_store(&file->error, -errno);
		g_warning("%s could not be synced: %s", file->name, g_strerror(errno));
	}
	g_mutex_unlock(&file->syncing);
	return atomic_load(&file->error);
}

/* The lock is not held while a slow disk works. */
static void sync_all(struct store *store)
{
	GPtrArray *files = g_ptr_array_new();

	g_mutex_lock(&store->lock);
	for (GList *at = store->files; at != NULL; at = at->next) {
		struct store_file *file = at->data;
		if (!atomic_load(&file->dirty))
			continue;
		g_atomic_ref_count_inc(&file->refs);
		g_ptr_array_add(files, file);
	}
	g_mutex_unlock(&store->lock);
	for (unsigned i = 0; i < files->len; i++) {
		store_file_sync(g_ptr_array_index(files, i));
		store_file_unref(g_ptr_array_index(files, i));
	}
	g_ptr_array_unref(files);
}

static int seal_file(int dir_fd, struct store_file *file)
{
	g_autofree char *part = g_strconcat(file->name, STORE_PART_SUFFIX, NULL);
	int result = store_file_sync(file);

	if (result == 0 && file->kind == STORE_PART &&
	    renameat(dir_fd, part, dir_fd, file->name) != 0)
		result = -errno;
	return result;
}

static void sync_files(const struct store_job *job)
{
	int result = 0;

	for (unsigned i = 0; i < job->files->len; i++) {
		struct store_file *file = g_ptr_array_index(job->files, i);
		int one = store_file_sync(file);
		result = result == 0 ? one : result;
		store_file_unref(file);
	}
	if (result == 0 && job->sync_names && fsync(job->dir_fd) != 0)
		result = -errno;
	job->sealed(job->user, result);
}

static void seal_files(const struct store_job *job)
{
	int result = 0;

	for (unsigned i = 0; i < job->files->len; i++) {
		struct store_file *file = g_ptr_array_index(job->files, i);
		int one = seal_file(job->dir_fd, file);
		result = result == 0 ? one : result;
		(void)store_file_close(file);
	}
	if (result == 0 && fsync(job->dir_fd) != 0)
		result = -errno;
	job->sealed(job->user, result);
}

static void run_job(const struct store_job *job)
{
	if (job->seal)
		seal_files(job);
	else
		sync_files(job);
}

static void job_free(struct store_job *job)
{
	g_clear_pointer(&job->files, g_ptr_array_unref);
	if (job->dir_fd >= 0)
		close(job->dir_fd);
	g_free(job);
}

static gpointer run_thread(gpointer data)
{
	struct store *store = data;
	gint64 next_sync_us = g_get_monotonic_time() + SYNC_INTERVAL_US;
	bool stop = false;

	while (!stop) {
		gint64 now_us = g_get_monotonic_time();
		struct store_job *job = NULL;
		if (now_us < next_sync_us)
			job = g_async_queue_timeout_pop(store->jobs,
							(guint64)(next_sync_us - now_us));
		if (job == NULL) {
			sync_all(store);
			next_sync_us = g_get_monotonic_time() + SYNC_INTERVAL_US;
			continue;
		}
		stop = job->stop;
		if (!stop)
			run_job(job);
		job_free(job);
	}
	sync_all(store);
	return NULL;
}

void store_sync_start(struct store *store)
{
	store->thread = g_thread_new("store", run_thread, store);
}

void store_sync_stop(struct store *store)
{
	struct store_job *job = g_new0(struct store_job, 1);

	job->stop = true;
	job->dir_fd = -1;
	g_async_queue_push(store->jobs, job);
	g_thread_join(store->thread);
}

void store_seal_files(struct store_recording *recording, struct store_file *const *files,
		      unsigned n_files, store_sealed_fn sealed, void *user)
{
	struct store_job *job = g_new0(struct store_job, 1);

	job->files = g_ptr_array_new();
	for (unsigned i = 0; i < n_files; i++)
		if (files[i] != NULL)
			g_ptr_array_add(job->files, files[i]);
	job->seal = true;
	job->dir_fd = fcntl(recording->dir_fd, F_DUPFD_CLOEXEC, 3);
	job->sealed = sealed;
	job->user = user;
	g_async_queue_push(recording->store->jobs, job);
}

void store_sync_files(struct store_recording *recording, struct store_file *const *files,
		      unsigned n_files, store_sealed_fn synced, void *user)
{
	struct store_job *job = g_new0(struct store_job, 1);

	job->files = g_ptr_array_new();
	for (unsigned i = 0; i < n_files; i++) {
		if (files[i] == NULL)
			continue;
		g_atomic_ref_count_inc(&files[i]->refs);
		g_ptr_array_add(job->files, files[i]);
		job->sync_names |= atomic_exchange(&files[i]->is_new, false);
	}
	job->dir_fd = job->sync_names ? fcntl(recording->dir_fd, F_DUPFD_CLOEXEC, 3) : -1;
	job->sealed = synced;
	job->user = user;
	g_async_queue_push(recording->store->jobs, job);
}
