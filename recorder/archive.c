/* Files and chain of one recording. It must not know pictures or sessions; recording.c says what happens when.
 *
 * Order on disk: a segment's entry is written only when its files are synced and renamed, so that an entry never speaks of bytes that a power cut
 * could take back. While one is on its way there are no checkpoints of the next, because entries follow the order of time. */
#include "recorder/archive.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

struct archive {
	struct archive_services services;
	char *session_id;
	struct store_recording *store;
	struct chain *chain;
	struct store_file *chain_file;
	struct segment *segment;
	GQueue closed;	      /**< struct segment, waiting for the store */
	GAsyncQueue *results; /**< of segments, in order: GINT_TO_POINTER(result) + 1 */
	unsigned n_init_pending;
	GAsyncQueue *init_results;
	archive_wake_fn wake;
	void *user;
	struct chain_file init;
	uint32_t n_segments;
	uint64_t position_us, t_us, checkpoint_bytes;
	uint64_t n_frames, n_bytes;
};

/* A GAsyncQueue cannot hold NULL. */
static gpointer pack_result(int result)
{
	return GINT_TO_POINTER(1 - result);
}

static int unpack_result(gpointer packed)
{
	return 1 - GPOINTER_TO_INT(packed);
}

static uint64_t not_before(struct archive *a, uint64_t t_us)
{
	a->t_us = MAX(a->t_us, t_us);
	return a->t_us;
}

static struct archive *archive_new(const struct archive_services *services, const char *session_id)
{
	struct archive *a = g_new0(struct archive, 1);

	a->services = *services;
	a->session_id = g_strdup(session_id);
	a->results = g_async_queue_new();
	a->init_results = g_async_queue_new();
	g_queue_init(&a->closed);
	return a;
}

void archive_listen(struct archive *archive, archive_wake_fn wake, void *user)
{
	archive->wake = wake;
	archive->user = user;
}

void archive_destroy(struct archive *archive)
{
	if (archive == NULL)
		return;
	g_assert(archive_pending(archive) == 0);
	segment_destroy(archive->segment);
	store_file_close(archive->chain_file);
	chain_destroy(archive->chain);
	store_recording_close(archive->store);
	g_async_queue_unref(archive->results);
	g_async_queue_unref(archive->init_results);
	g_free(archive->session_id);
	g_free(archive);
}

/* Takes `line`. */
static int append_entry(struct archive *a, char *line, GError *error)
{
	if (line == NULL) {
		g_warning("chain entry: %s", error->message);
		g_error_free(error);
		return -EIO;
	}
	int result = store_file_append(a->chain_file, line, strlen(line));
	g_free(line);
	return result;
}

static int write_certificate(struct archive *a)
{
	const char *pem = chain_key_certificate_pem(a->services.key);
	struct store_file *file;
	int result = store_file_create(a->store, CHAIN_CERTIFICATE_FILE, STORE_FINAL, &file);

	if (result < 0)
		return result;
	result = store_file_append(file, pem, strlen(pem));
	store_file_close(file);
	return result;
}

int archive_create(const struct archive_services *services, const struct chain_genesis *genesis,
		   struct archive **ret_archive)
{
	struct archive *a = archive_new(services, genesis->session_id);
	GError *error = NULL;
	int result = store_recording_create(services->store, a->session_id, &a->store);

	if (result == 0)
		result = write_certificate(a);
	if (result == 0)
		result = store_file_create(a->store, CHAIN_FILE, STORE_FINAL, &a->chain_file);
	if (result == 0) {
		a->chain = chain_create(services->key);
		char *line = chain_add_genesis(a->chain, genesis, &error);
		result = append_entry(a, line, error);
	}
	if (result < 0) {
		archive_destroy(a);
		return result;
	}
	index_open(services->index, a->session_id, genesis->quality, clock_utc_us());
	*ret_archive = a;
	return 0;
}

int archive_reopen(const struct archive_services *services, const struct archive_resume *from,
		   struct archive **ret_archive)
{
	struct archive *a = archive_new(services, from->session_id);
	int result = store_recording_open(services->store, a->session_id, &a->store);

	if (result == 0)
		result = store_file_reopen(a->store, CHAIN_FILE, from->chain_bytes, &a->chain_file);
	if (result < 0) {
		archive_destroy(a);
		return result;
	}
	a->chain = chain_resume(services->key, from->last_seq, from->head);
	a->n_segments = from->n_segments;
	a->position_us = from->position_us;
	a->t_us = from->t_us;
	a->n_frames = from->n_frames;
	a->n_bytes = from->n_bytes;
	*ret_archive = a;
	return 0;
}

static struct segment *open_segment(struct archive *a)
{
	if (a->segment == NULL) {
		a->segment = segment_create(a->store, ++a->n_segments, a->position_us);
		a->checkpoint_bytes = 0;
	}
	return a->segment;
}

uint64_t archive_time_us(const struct archive *archive)
{
	return archive->t_us;
}

int archive_add_line(struct archive *archive, uint64_t t_us, const char *line)
{
	not_before(archive, t_us);
	return segment_add_line(open_segment(archive), line);
}

/* The collector can pop only behind the unlock: until then the archive and whom it wakes are there. */
static void note_result(struct archive *a, GAsyncQueue *results, int result)
{
	g_async_queue_ref(results);
	g_async_queue_lock(results);
	g_async_queue_push_unlocked(results, pack_result(result));
	a->wake(a->user);
	g_async_queue_unlock(results);
	g_async_queue_unref(results);
}

static void note_segment(void *user, int result)
{
	struct archive *a = user;

	note_result(a, a->results, result);
}

static void note_init(void *user, int result)
{
	struct archive *a = user;

	note_result(a, a->init_results, result);
}

static void close_segment(struct archive *a, uint64_t end_us)
{
	struct segment *segment = g_steal_pointer(&a->segment);

	if (segment == NULL)
		return;
	a->position_us = end_us;
	g_queue_push_tail(&a->closed, segment);
	segment_seal(segment, note_segment, a);
}

/* Of the segment that the next IDR begins. An init segment carries the number of the first segment that needs it, so that recovery can tell. */
static uint32_t next_number(const struct archive *a)
{
	return a->segment != NULL ? a->segment->number : a->n_segments + 1;
}

static int write_init(struct archive *a, const struct archive_format *format)
{
	struct store_file *file;
	struct chain_file init = {.bytes = format->init_bytes};

	g_snprintf(init.name, sizeof init.name, SEGMENT_INIT_NAME, next_number(a));
	int result = store_file_create(a->store, init.name, STORE_PART, &file);
	if (result < 0)
		return result;
	result = store_file_append(file, format->init, format->init_bytes);
	if (result < 0) {
		store_file_close(file);
		return result;
	}
	digest_hex_of(format->init, format->init_bytes, init.sha256);
	a->init = init;
	a->n_init_pending++;
	store_seal_files(a->store, &file, 1, note_init, a);
	return 0;
}

int archive_begin_segment(struct archive *archive, uint64_t t_us,
			  const struct archive_format *format)
{
	struct archive *a = archive;
	uint64_t at_us = not_before(a, t_us);

	if (a->segment != NULL && a->segment->frames > 0)
		close_segment(a, at_us);
	int result = format->init != NULL ? write_init(a, format) : 0;
	if (result < 0)
		return result;
	struct segment *segment = open_segment(a);
	segment->width = format->width;
	segment->height = format->height;
	segment->init = a->init;
	g_strlcpy(segment->codec, format->codec, sizeof segment->codec);
	return 0;
}

int archive_add_fragment(struct archive *archive, const void *bytes, size_t length, uint64_t dts_us)
{
	not_before(archive, dts_us);
	return segment_add_fragment(archive->segment, bytes, length, dts_us);
}

void archive_count_coalesced(struct archive *archive, uint64_t n)
{
	if (archive->segment != NULL)
		archive->segment->coalesced += n;
}

const struct segment *archive_segment(const struct archive *archive)
{
	return archive->segment;
}

uint64_t archive_unsigned_bytes(const struct archive *archive)
{
	return archive->segment != NULL
		       ? segment_bytes(archive->segment) - archive->checkpoint_bytes
		       : 0;
}

int archive_checkpoint(struct archive *archive, uint64_t t_us)
{
	struct archive *a = archive;
	struct chain_checkpoint checkpoint;
	GError *error = NULL;

	if (archive_unsigned_bytes(a) == 0 || !g_queue_is_empty(&a->closed))
		return 0;
	segment_checkpoint(a->segment, &checkpoint);
	a->checkpoint_bytes = segment_bytes(a->segment);
	char *line = chain_add_checkpoint(a->chain, not_before(a, t_us), &checkpoint, &error);
	return append_entry(a, line, error);
}

int archive_add_gap(struct archive *archive, uint64_t end_us, const char *reason,
		    const char *detail)
{
	struct archive *a = archive;
	const struct chain_gap gap = {a->position_us, MAX(end_us, a->position_us), reason, detail};
	GError *error = NULL;

	a->position_us = gap.end_us;
	char *line = chain_add_gap(a->chain, not_before(a, gap.end_us), &gap, &error);
	return append_entry(a, line, error);
}

static int add_segment_entry(struct archive *a, uint64_t t_us, const struct chain_segment *entry)
{
	GError *error = NULL;
	char *line = chain_add_segment(a->chain, not_before(a, t_us), entry, &error);
	int result = append_entry(a, line, error);

	if (result < 0)
		return result;
	a->n_frames += entry->frames;
	for (unsigned i = 0; i < entry->n_files; i++)
		a->n_bytes += entry->files[i].bytes;
	index_segment(a->services.index, a->session_id, entry);
	return 0;
}

int archive_adopt_segment(struct archive *archive, const struct chain_segment *segment)
{
	int result = add_segment_entry(archive, segment->end_us, segment);

	if (result < 0)
		return result;
	archive->n_segments = segment->number;
	archive->position_us = segment->end_us;
	return 0;
}

/* A segment ends where the next one begins. */
static uint64_t end_of(struct archive *a)
{
	const struct segment *next = g_queue_peek_head(&a->closed);

	if (next != NULL)
		return next->start_us;
	return a->segment != NULL ? a->segment->start_us : a->position_us;
}

int archive_collect(struct archive *archive, uint64_t t_us)
{
	struct archive *a = archive;
	struct chain_segment entry;
	gpointer packed;
	int result = 0;

	while ((packed = g_async_queue_try_pop(a->init_results)) != NULL) {
		a->n_init_pending--;
		result = result < 0 ? result : unpack_result(packed);
	}
	while ((packed = g_async_queue_try_pop(a->results)) != NULL) {
		struct segment *segment = g_queue_pop_head(&a->closed);
		result = result < 0 ? result : unpack_result(packed);
		segment_describe(segment, end_of(a), &entry);
		if (result == 0)
			result = add_segment_entry(a, t_us, &entry);
		segment_destroy(segment);
	}
	return result;
}

unsigned archive_pending(const struct archive *archive)
{
	return g_queue_get_length((GQueue *)(uintptr_t)&archive->closed) + archive->n_init_pending;
}

void archive_finish(struct archive *archive, uint64_t t_us)
{
	close_segment(archive, not_before(archive, t_us));
}

void archive_totals(const struct archive *archive, struct archive_totals *ret)
{
	*ret = (struct archive_totals){archive->n_frames, archive->n_bytes, archive->position_us,
				       ""};
	g_strlcpy(ret->head, chain_head(archive->chain), sizeof ret->head);
}

int archive_seal(struct archive *archive, uint64_t t_us, const char *reason, const char *detail,
		 struct archive_totals *ret)
{
	struct archive *a = archive;
	const struct chain_seal seal = {reason,	     detail,	 a->n_segments,
					a->n_frames, a->n_bytes, a->position_us};
	GError *error = NULL;
	char *line = chain_add_seal(a->chain, not_before(a, t_us), &seal, &error);
	int result = append_entry(a, line, error);

	if (result < 0)
		return result;
	store_file_close(g_steal_pointer(&a->chain_file));
	archive_totals(a, ret);
	index_close(a->services.index, a->session_id, true, clock_utc_us(), ret->head, "");
	return 0;
}

void archive_give_up(struct archive *archive, const char *detail)
{
	index_close(archive->services.index, archive->session_id, false, clock_utc_us(), "",
		    detail);
}
