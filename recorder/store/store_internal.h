/** Shared by the files of recorder/store. */
#pragma once

#include "recorder/store/store.h"

#include <stdatomic.h>

struct store {
	int dir_fd;
	GThread *thread;
	GAsyncQueue *jobs; /**< struct store_job */
	GMutex lock;	   /**< over `files` */
	/** struct store_file, newest first: a recording's chain is synced behind what it speaks
	 *  of */
	GList *files;
};

struct store_recording {
	struct store *store;
	int dir_fd;
};

struct store_file {
	gatomicrefcount refs;
	struct store_recording *recording; /**< not to be used by the sync thread: it may be gone */
	struct store *store;
	char *name;
	enum store_file_kind kind;
	int fd;
	uint64_t bytes;
	GMutex syncing;		   /**< one sync at a time: the kernel tells of an error once */
	atomic_bool dirty, is_new; /**< is_new: nobody has synced the directory that names it */
	/** -errno of a failed sync: for good, because the next one says that all is well */
	atomic_int error;
};

struct store_job {
	bool stop, seal; /**< neither: the files are synced only, */
	bool sync_names; /**< ... and the directory that names them */
	/** to seal, or to sync names; -1 when there was no descriptor left, or none is needed */
	int dir_fd;
	GPtrArray
		*files; /**< struct store_file, each with a reference: to seal, that of its owner */
	store_sealed_fn sealed;
	void *user;
};

#define STORE_PART_SUFFIX ".part"

void store_sync_start(struct store *store);
void store_sync_stop(struct store *store);
void store_file_unref(struct store_file *file);
