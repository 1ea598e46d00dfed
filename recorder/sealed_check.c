/* The background check of sealed recordings. It must not know how they were made: it reads
 * what anybody would read. */
#include "recorder/sealed_check.h"

#include "recorder/mux/play_check.h"
#include "recorder/reader/reader_lines.h"
#include "recorder/recovery_chain.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#define INIT_MAX_BYTES (1u << 20)
/* Limited range: 16 is black; a quantiser may leave a little. */
#define BLACK_LUMA 18u

struct sealed_check {
	char *store_dir;
	struct index *index;
	GAsyncQueue *jobs; /**< struct job */
	atomic_bool stopped;
	GThread *thread;
};

struct job {
	char *session_id; /**< NULL: stop */
	GPtrArray *data_keys;
};

static void job_free(void *pointer)
{
	struct job *job = pointer;

	g_free(job->session_id);
	g_clear_pointer(&job->data_keys, g_ptr_array_unref);
	g_free(job);
}

/* ---- One recording ---- */

struct look {
	struct reader *reader;
	atomic_bool *stopped;
	struct reader_file *file; /**< of the segment that is played */
	unsigned n_played, n_locked;
	uint8_t brightest;
	char *detail; /**< what is wrong */
};

static ssize_t read_segment(void *user, void *buffer, size_t length, uint64_t offset)
{
	struct look *look = user;

	if (look->stopped != NULL && atomic_load(look->stopped))
		return -ECANCELED;
	return reader_file_pread(look->file, buffer, length, offset);
}

static const char *file_called(const struct chain_segment *segment, const char *prefix,
			       const char *suffix)
{
	for (unsigned i = 0; i < segment->n_files; i++)
		if (g_str_has_prefix(segment->files[i].name, prefix) &&
		    g_str_has_suffix(segment->files[i].name, suffix))
			return segment->files[i].name;
	return NULL;
}

static int play_file(struct look *look, const char *init_name, const char *name,
		     struct play_result *ret)
{
	g_autofree uint8_t *init = NULL;
	size_t init_bytes = 0;
	int result = reader_read(look->reader, init_name, INIT_MAX_BYTES, &init, &init_bytes);

	if (result == 0)
		result = reader_file_open(look->reader, name, &look->file);
	if (result < 0)
		return result;
	const struct play_source source = {init, init_bytes, read_segment, look};
	result = play_check(&source, ret);
	g_clear_pointer(&look->file, reader_file_close);
	return result;
}

/* Every line decodes; one that a crash cut off is nobody's line. */
static int read_timeline(const struct look *look, const char *name)
{
	struct reader_file *file;
	const char *line;
	size_t length;
	int result = reader_file_open(look->reader, name, &file);

	if (result < 0)
		return result;
	struct line_reader *lines = reader_lines_create(file);
	while ((result = line_reader_next(lines, &line, &length)) > 0)
		if (look->stopped != NULL && atomic_load(look->stopped)) {
			result = -ECANCELED;
			break;
		}
	line_reader_destroy(lines);
	reader_file_close(file);
	return result;
}

static int judge_timeline(struct look *look, const struct chain_segment *segment)
{
	const char *name = file_called(segment, "seg-", ".jsonl.gz");
	int result = name != NULL ? read_timeline(look, name) : 0;

	if (result == -ENOKEY || result == -ECANCELED)
		return result;
	if (result < 0)
		look->detail = g_strdup_printf("the timeline of segment %u cannot be read: %s",
					       segment->number, g_strerror(-result));
	return 0;
}

static int judge_segment(struct look *look, const struct chain_segment *segment)
{
	const char *init = file_called(segment, "init-", ".mp4");
	const char *video = file_called(segment, "seg-", ".mp4");
	struct play_result seen = {0};
	int result = init != NULL && video != NULL ? play_file(look, init, video, &seen) : -ENOENT;

	if (result == -ENOKEY || result == -ECANCELED || result == -ENOTSUP)
		return result;
	if (result < 0)
		look->detail = g_strdup_printf("segment %u does not play: %s", segment->number,
					       g_strerror(-result));
	else if (seen.n_pictures != segment->frames)
		look->detail = g_strdup_printf("segment %u has %u pictures, the chain says %u",
					       segment->number, seen.n_pictures, segment->frames);
	else if (seen.width != segment->width || seen.height != segment->height)
		look->detail = g_strdup_printf("segment %u shows %u x %u, the chain says %u x %u",
					       segment->number, seen.width, seen.height,
					       segment->width, segment->height);
	look->brightest = MAX(look->brightest, seen.brightest);
	look->n_played++;
	return look->detail == NULL ? judge_timeline(look, segment) : 0;
}

/* Of an earlier start of the recorder the data keys are gone as soon as what it left is signed. */
static bool is_locked(const struct look *look, const char *name)
{
	struct reader_file *file = NULL;
	uint8_t byte;
	ssize_t n = reader_file_open(look->reader, name, &file);

	if (n == 0)
		n = reader_file_pread(file, &byte, 1, 0);
	reader_file_close(file);
	return n == -ENOKEY;
}

static GPtrArray *playable(struct look *look, const GPtrArray *segments)
{
	GPtrArray *chosen = g_ptr_array_new();

	for (unsigned i = 0; i < segments->len; i++) {
		struct chain_segment *segment = segments->pdata[i];
		const char *video = file_called(segment, "seg-", ".mp4");
		if (segment->frames == 0)
			continue;
		if (video != NULL && is_locked(look, video))
			look->n_locked++;
		else
			g_ptr_array_add(chosen, segment);
	}
	return chosen;
}

/* First, last, and one between them that nobody can foresee. */
static int judge_segments(struct look *look, const GPtrArray *segments)
{
	g_autoptr(GPtrArray) all = playable(look, segments);
	unsigned last = all->len > 0 ? all->len - 1 : 0;
	unsigned middle = last > 1 ? (unsigned)g_random_int_range(1, (gint32)last) : last;
	const unsigned chosen[] = {0, middle, last};
	int result = all->len == 0 && look->n_locked > 0 ? -ENOKEY : 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(chosen); i++) {
		bool again = i > 0 && chosen[i] == chosen[i - 1];
		if (result == 0 && look->detail == NULL && chosen[i] < all->len && !again)
			result = judge_segment(look, all->pdata[chosen[i]]);
	}
	if (result == 0 && look->detail == NULL && look->n_played > 0 &&
	    look->brightest <= BLACK_LUMA)
		look->detail = g_strdup("all pictures are black");
	return result;
}

static int judge_chain(struct look *look, const char *session_id)
{
	g_autofree uint8_t *text = NULL;
	struct recovered_chain chain;
	size_t length = 0;
	int result = reader_read(look->reader, CHAIN_FILE, CHAIN_MAX_BYTES, &text, &length);

	if (result < 0)
		return result;
	result = recovered_chain_read(session_id, (const char *)text, length, &chain);
	if (result == 0)
		result = judge_segments(look, chain.segments);
	recovered_chain_clear(&chain);
	return result;
}

static void add_keys(struct reader *reader, const GPtrArray *data_keys)
{
	for (unsigned i = 0; data_keys != NULL && i < data_keys->len; i++)
		if (data_keys->pdata[i] != NULL)
			reader_add_data_key(reader, i + 1, data_keys->pdata[i]);
}

const char *sealed_check_run(const char *store_dir, const char *session_id,
			     const GPtrArray *data_keys, atomic_bool *stopped, char **ret_detail)
{
	struct look look = {.stopped = stopped};
	int result = reader_open_session(store_dir, session_id, NULL, &look.reader);

	if (result == 0) {
		add_keys(look.reader, data_keys);
		result = judge_chain(&look, session_id);
	}
	reader_close(look.reader);
	*ret_detail = look.detail;
	if (look.detail != NULL)
		return "failed";
	*ret_detail = result < 0	   ? g_strdup(g_strerror(-result))
		      : look.n_locked == 0 ? g_strdup("")
					   : g_strdup_printf("%u segments of earlier starts of the "
							     "recorder could not be looked at",
							     look.n_locked);
	if (result == -ENOKEY || result == -ECANCELED || result == -ENOTSUP)
		return "skipped";
	return result < 0 ? "failed" : "passed";
}

/* ---- The thread ---- */

static void check_one(struct sealed_check *check, const struct job *job)
{
	const char *session_id = job->session_id;
	g_autofree char *detail = NULL;
	const char *state = sealed_check_run(check->store_dir, session_id, job->data_keys,
					     &check->stopped, &detail);

	if (strcmp(state, "failed") == 0)
		g_critical("recording %s fails its self-check: %s", session_id, detail);
	else
		g_info("recording %s, self-check: %s %s", session_id, state, detail);
	if (!atomic_load(&check->stopped))
		index_check(check->index, session_id, state, detail);
}

static gpointer run_thread(gpointer data)
{
	struct sealed_check *check = data;
	const struct sched_param none = {0};

	/* Of this thread only. Without it the check still does no harm, only less quietly. */
	if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
		g_info("the self-check runs at normal priority: %s", g_strerror(errno));
	while (!atomic_load(&check->stopped)) {
		struct job *job = g_async_queue_pop(check->jobs);
		if (job->session_id != NULL)
			check_one(check, job);
		job_free(job);
	}
	return NULL;
}

/* Queued when the recorder stopped. The data keys of its start are gone: what is encrypted will be
 * said to have been skipped. */
static void check_again(void *user, const char *session_id)
{
	sealed_check_add(user, session_id, NULL);
}

struct sealed_check *sealed_check_create(const char *store_dir, struct index *index)
{
	struct sealed_check *check = g_new0(struct sealed_check, 1);

	check->store_dir = g_strdup(store_dir);
	check->index = index;
	check->jobs = g_async_queue_new_full(job_free);
	check->thread = g_thread_new("self-check", run_thread, check);
	index_list_unchecked(index, check_again, check);
	return check;
}

void sealed_check_destroy(struct sealed_check *check)
{
	if (check == NULL)
		return;
	index_list_unchecked(check->index, NULL, NULL);
	atomic_store(&check->stopped, true);
	g_async_queue_push_front(check->jobs, g_new0(struct job, 1));
	g_thread_join(check->thread);
	g_async_queue_unref(check->jobs);
	g_free(check->store_dir);
	g_free(check);
}

void sealed_check_add(struct sealed_check *check, const char *session_id, GPtrArray *data_keys)
{
	struct job *job = g_new0(struct job, 1);

	*job = (struct job){g_strdup(session_id), data_keys};
	if (check != NULL)
		g_async_queue_push(check->jobs, job);
	else
		job_free(job);
}
