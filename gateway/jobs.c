/* A thread pool whose workers each hold a database connection. It must not know what the jobs
 * do. */
#include "gateway/jobs.h"

struct jobs {
	GThreadPool *threads;
	GAsyncQueue *idle_dbs;
	unsigned n_dbs;
	unsigned pending; /* pushed and not done; main loop */
	void *user_data;
};

struct task {
	struct jobs *jobs;
	void *job;
	job_work work;
	job_done done;
};

static gboolean finish(void *data)
{
	struct task *task = data;

	task->jobs->pending--;
	task->done(task->job, task->jobs->user_data);
	g_free(task);
	return G_SOURCE_REMOVE;
}

static void run(void *data, void *user_data)
{
	struct task *task = data;
	struct jobs *jobs = user_data;
	struct db *db = g_async_queue_pop(jobs->idle_dbs);

	task->work(db, task->job);
	g_async_queue_push(jobs->idle_dbs, db);
	g_idle_add_full(G_PRIORITY_DEFAULT, finish, task, NULL);
}

struct jobs *jobs_create(const struct config_database *database, unsigned n_threads,
			 void *user_data, GError **error)
{
	struct jobs *jobs = g_new0(struct jobs, 1);

	jobs->user_data = user_data;
	jobs->idle_dbs = g_async_queue_new();
	for (; jobs->n_dbs < n_threads; jobs->n_dbs++) {
		struct db *db = db_open(database->conninfo, database->gateway_role,
					"vitrine-gateway", error);
		if (db == NULL) {
			jobs_destroy(jobs);
			return NULL;
		}
		g_async_queue_push(jobs->idle_dbs, db);
	}
	jobs->threads = g_thread_pool_new(run, jobs, (gint)n_threads, TRUE, error);
	if (jobs->threads == NULL) {
		jobs_destroy(jobs);
		return NULL;
	}
	return jobs;
}

void jobs_destroy(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	while (jobs->threads != NULL && jobs->pending > 0)
		g_main_context_iteration(NULL, TRUE);
	if (jobs->threads != NULL)
		g_thread_pool_free(jobs->threads, FALSE, TRUE);
	for (; jobs->n_dbs > 0; jobs->n_dbs--)
		db_close(g_async_queue_pop(jobs->idle_dbs));
	g_async_queue_unref(jobs->idle_dbs);
	g_free(jobs);
}

void jobs_push(struct jobs *jobs, void *job, job_work work, job_done done)
{
	struct task *task = g_new(struct task, 1);

	*task = (struct task){jobs, job, work, done};
	jobs->pending++;
	g_thread_pool_push(jobs->threads, task, NULL);
}
