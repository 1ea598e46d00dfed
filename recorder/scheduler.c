/* Workers over one epoll. It must not know what a task does. Events carry a task's number, not its
 * address: another worker may have closed the task since the kernel reported it. */
#include "recorder/scheduler.h"

#include <errno.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct scheduler {
	int epoll_fd, stop_fd;
	GPtrArray *threads;
	GMutex lock;
	GHashTable *tasks; /**< number -> struct task */
	uint64_t next_number;
};

enum run_state { RUN_IDLE, RUN_NOW, RUN_AGAIN };

struct task {
	gatomicrefcount refs;
	struct scheduler *scheduler;
	uint64_t number;
	task_fn run, release;
	void *user;
	int wake_fd, timer_fd;
	atomic_int state;
	atomic_bool closed;
};

static void task_unref(struct task *task)
{
	if (!g_atomic_ref_count_dec(&task->refs))
		return;
	task->release(task->user);
	if (task->wake_fd >= 0)
		close(task->wake_fd);
	if (task->timer_fd >= 0)
		close(task->timer_fd);
	g_free(task);
}

/* Returns a reference, or NULL when it is closed. */
static struct task *find_task(struct scheduler *scheduler, uint64_t number)
{
	g_mutex_lock(&scheduler->lock);
	struct task *task = g_hash_table_lookup(scheduler->tasks, &number);
	if (task != NULL)
		g_atomic_ref_count_inc(&task->refs);
	g_mutex_unlock(&scheduler->lock);
	return task;
}

static void run_task(struct task *task)
{
	int before = RUN_IDLE;

	while (!atomic_compare_exchange_weak(&task->state, &before,
					     before == RUN_IDLE ? RUN_NOW : RUN_AGAIN))
		;
	if (before != RUN_IDLE)
		return;
	do {
		atomic_store(&task->state, RUN_NOW);
		if (!atomic_load(&task->closed))
			task->run(task->user);
		before = RUN_NOW;
	} while (!atomic_compare_exchange_strong(&task->state, &before, RUN_IDLE));
}

static gpointer run_worker(gpointer data)
{
	struct scheduler *scheduler = data;
	struct epoll_event event;

	for (;;) {
		int n = epoll_wait(scheduler->epoll_fd, &event, 1, -1);
		if (n <= 0)
			continue;
		if (event.data.u64 == 0)
			return NULL;
		struct task *task = find_task(scheduler, event.data.u64);
		if (task == NULL)
			continue;
		run_task(task);
		task_unref(task);
	}
}

static int add_fd(struct scheduler *scheduler, int operation, int fd, uint32_t events,
		  uint64_t number)
{
	struct epoll_event event = {.events = events, .data.u64 = number};

	return epoll_ctl(scheduler->epoll_fd, operation, fd, &event) == 0 ? 0 : -errno;
}

static void scheduler_free(struct scheduler *scheduler)
{
	if (scheduler->epoll_fd >= 0)
		close(scheduler->epoll_fd);
	if (scheduler->stop_fd >= 0)
		close(scheduler->stop_fd);
	g_hash_table_unref(scheduler->tasks);
	g_ptr_array_unref(scheduler->threads);
	g_mutex_clear(&scheduler->lock);
	g_free(scheduler);
}

int scheduler_create(unsigned workers, struct scheduler **ret_scheduler)
{
	struct scheduler *scheduler = g_new0(struct scheduler, 1);

	g_mutex_init(&scheduler->lock);
	scheduler->tasks = g_hash_table_new(g_int64_hash, g_int64_equal);
	scheduler->threads = g_ptr_array_new();
	scheduler->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	scheduler->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (scheduler->epoll_fd < 0 || scheduler->stop_fd < 0 ||
	    add_fd(scheduler, EPOLL_CTL_ADD, scheduler->stop_fd, EPOLLIN, 0) < 0) {
		int result = -errno;
		scheduler_free(scheduler);
		return result;
	}
	if (workers == 0)
		workers = g_get_num_processors();
	for (unsigned i = 0; i < workers; i++)
		g_ptr_array_add(scheduler->threads, g_thread_new("encode", run_worker, scheduler));
	*ret_scheduler = scheduler;
	return 0;
}

void scheduler_destroy(struct scheduler *scheduler)
{
	if (scheduler == NULL)
		return;
	g_assert(g_hash_table_size(scheduler->tasks) == 0);
	/* Level-triggered and never read: every worker sees it. */
	if (eventfd_write(scheduler->stop_fd, 1) != 0)
		g_error("eventfd: %s", g_strerror(errno));
	for (unsigned i = 0; i < scheduler->threads->len; i++)
		g_thread_join(g_ptr_array_index(scheduler->threads, i));
	scheduler_free(scheduler);
}

static int register_task(struct task *task)
{
	struct scheduler *scheduler = task->scheduler;

	g_mutex_lock(&scheduler->lock);
	task->number = ++scheduler->next_number;
	g_hash_table_insert(scheduler->tasks, &task->number, task);
	g_mutex_unlock(&scheduler->lock);
	int result =
		add_fd(scheduler, EPOLL_CTL_ADD, task->wake_fd, EPOLLIN | EPOLLET, task->number);
	if (result == 0)
		result = add_fd(scheduler, EPOLL_CTL_ADD, task->timer_fd, EPOLLIN | EPOLLET,
				task->number);
	return result;
}

static void release_nothing(void *user)
{
	(void)user;
}

int task_create(struct scheduler *scheduler, task_fn run, task_fn release, void *user,
		struct task **ret_task)
{
	struct task *task = g_new0(struct task, 1);

	g_atomic_ref_count_init(&task->refs);
	*task = (struct task){.refs = task->refs,
			      .scheduler = scheduler,
			      .run = run,
			      .release = release,
			      .user = user};
	task->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	task->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (task->wake_fd < 0 || task->timer_fd < 0) {
		int result = -errno;
		if (task->wake_fd >= 0)
			close(task->wake_fd);
		g_free(task);
		return result;
	}
	int result = register_task(task);
	if (result < 0) {
		task->release = release_nothing; /* the caller keeps what it could not hand over */
		task_close(task);
		return result;
	}
	*ret_task = task;
	return 0;
}

void task_close(struct task *task)
{
	struct scheduler *scheduler = task->scheduler;

	atomic_store(&task->closed, true);
	epoll_ctl(scheduler->epoll_fd, EPOLL_CTL_DEL, task->wake_fd, NULL);
	epoll_ctl(scheduler->epoll_fd, EPOLL_CTL_DEL, task->timer_fd, NULL);
	g_mutex_lock(&scheduler->lock);
	g_hash_table_remove(scheduler->tasks, &task->number);
	g_mutex_unlock(&scheduler->lock);
	task_unref(task);
}

void task_post(struct task *task)
{
	/* A full counter means that it is awake anyway. */
	if (eventfd_write(task->wake_fd, 1) != 0 && errno != EAGAIN)
		g_warning("cannot wake a recording: %s", g_strerror(errno));
}

int task_watch(struct task *task, int fd)
{
	struct scheduler *scheduler = task->scheduler;
	int result = add_fd(scheduler, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT, task->number);

	return result == -ENOENT
		       ? add_fd(scheduler, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT, task->number)
		       : result;
}

void task_forget(struct task *task, int fd)
{
	epoll_ctl(task->scheduler->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void task_set_timer(struct task *task, uint64_t at_us)
{
	struct itimerspec when = {0};

	when.it_value.tv_sec = (time_t)(at_us / 1000000u);
	when.it_value.tv_nsec = (long)(at_us % 1000000u * 1000u);
	if (timerfd_settime(task->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) != 0)
		g_error("timerfd_settime: %s", g_strerror(errno));
}
