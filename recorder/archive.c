/* Files and chain of one recording. It must not know pictures or sessions;
 * recording.c says what happens when.
 *
 * Order on disk: a segment's entry is written only when its files are synced and renamed, so that
 * an entry never speaks of bytes that a power cut could take back, and a checkpoint only when what
 * it covers is synced. While a segment is on its way there are no checkpoints of the next, because
 * entries follow the order of time. */
#include "recorder/archive_internal.h"

#include <string.h>

/* A GAsyncQueue cannot hold NULL. */
static gpointer pack_result(int result)
{
	return GINT_TO_POINTER(1 - result);
}

static int unpack_result(gpointer packed)
{
	return 1 - GPOINTER_TO_INT(packed);
}

/* With the first segment, so that a data key never lies there without something it encrypts. */
static int make_key(struct archive *a, enum segment_key_kind kind)
{
	if (a->keys[kind] != NULL)
		return 0;
	int result = segment_key_create(&a->services.keys, kind, a->store, a->session_id,
					a->n_keys[kind] + 1, &a->keys[kind]);
	if (result == 0)
		a->n_keys[kind]++;
	return result;
}

static int make_files_key(struct archive *a)
{
	return a->services.keys.certificate != NULL ? make_key(a, SEGMENT_KEY_FILES) : 0;
}

static int open_segment(struct archive *a)
{
	if (a->segment != NULL)
		return 0;
	int result = make_files_key(a);
	if (result < 0)
		return result;
	a->segment = segment_create(a->store, a->keys[SEGMENT_KEY_FILES], ++a->n_segments,
				    a->position_us);
	a->checkpoint_bytes = 0;
	return 0;
}

void archive_listen(struct archive *archive, archive_wake_fn wake, void *user)
{
	archive->wake = wake;
	archive->user = user;
}

void archive_set_keys(struct archive *archive, const unsigned n_keys[SEGMENT_KEY_KIND_COUNT])
{
	memcpy(archive->n_keys, n_keys, sizeof archive->n_keys);
}

uint64_t archive_time_us(const struct archive *archive)
{
	return archive->t_us;
}

int archive_add_line(struct archive *archive, uint64_t t_us, const char *line)
{
	archive_not_before(archive, t_us);
	int result = open_segment(archive);
	if (result < 0)
		return result;
	uint64_t before = segment_bytes(archive->segment);
	result = segment_add_line(archive->segment, line);
	archive->written_bytes += segment_bytes(archive->segment) - before;
	return result;
}

int archive_add_keystroke(struct archive *archive, uint64_t t_us, const char *line)
{
	archive_not_before(archive, t_us);
	int result = open_segment(archive);
	if (result == 0)
		result = make_key(archive, SEGMENT_KEY_KEYSTROKES);
	if (result < 0)
		return result;
	uint64_t before = segment_bytes(archive->segment);
	result = segment_add_keystroke(archive->segment, archive->keys[SEGMENT_KEY_KEYSTROKES],
				       line);
	archive->written_bytes += segment_bytes(archive->segment) - before;
	return result;
}

/* The collector can pop only behind the unlock: until then the archive and whom it wakes are
 * there. */
void archive_note_result(struct archive *a, GAsyncQueue *results, int result)
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

	archive_note_result(a, a->results, result);
}

static void note_init(void *user, int result)
{
	struct archive *a = user;

	archive_note_result(a, a->init_results, result);
}

static void close_segment(struct archive *a, uint64_t end_us)
{
	struct segment *segment = g_steal_pointer(&a->segment);

	if (segment == NULL)
		return;
	struct closed *closed = g_new0(struct closed, 1);
	a->position_us = end_us;
	*closed = (struct closed){.segment = segment, .end_us = end_us};
	segment->counts = a->counts;
	a->counts = (struct chain_counts){0};
	g_queue_push_tail(&a->closed, closed);
	segment_seal(segment, note_segment, a);
}

/* Of the segment that the next IDR begins. An init segment carries the number of the first segment
 * that needs it, so that recovery can tell. */
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
		(void)store_file_close(file);
		if (store_recording_discard(a->store, init.name, true) < 0)
			g_warning("%s is left half written", init.name);
		return result;
	}
	digest_hex_of(format->init, format->init_bytes, init.sha256);
	a->init = init;
	a->written_bytes += init.bytes;
	a->n_init_pending++;
	store_seal_files(a->store, &file, 1, note_init, a);
	return 0;
}

int archive_begin_segment(struct archive *archive, uint64_t t_us,
			  const struct archive_format *format)
{
	struct archive *a = archive;
	uint64_t at_us = archive_not_before(a, t_us);

	if (a->segment != NULL && a->segment->frames > 0)
		close_segment(a, at_us);
	int result = make_files_key(a);
	if (result == 0 && format->init != NULL)
		result = write_init(a, format);
	if (result == 0)
		result = open_segment(a);
	if (result < 0)
		return result;
	struct segment *segment = a->segment;
	segment->width = format->width;
	segment->height = format->height;
	segment->init = a->init;
	g_strlcpy(segment->codec, format->codec, sizeof segment->codec);
	return 0;
}

int archive_add_fragment(struct archive *archive, const void *bytes, size_t length, uint64_t dts_us)
{
	archive_not_before(archive, dts_us);
	archive->written_bytes += length;
	return segment_add_fragment(archive->segment, bytes, length, dts_us);
}

void archive_count(struct archive *archive, const struct chain_counts *more)
{
	struct chain_counts *all = &archive->counted;
	/* A session says itself how much it lost, and may say anything: a sum that no verifier
	 * reads would break its recording. */
	const struct chain_counts fit = {MIN(more->seen, CHAIN_NUMBER_MAX - all->seen),
					 MIN(more->coalesced, CHAIN_NUMBER_MAX - all->coalesced),
					 MIN(more->lost, CHAIN_NUMBER_MAX - all->lost)};

	chain_counts_add(all, &fit);
	chain_counts_add(&archive->counts, &fit);
}

int archive_add_gap(struct archive *archive, const struct chain_gap *gap)
{
	struct archive *a = archive;
	struct closed *closed = g_new0(struct closed, 1);

	close_segment(a, archive_not_before(a, gap->start_us));
	closed->gap = *gap;
	closed->gap.reason = g_strdup(gap->reason);
	closed->gap.detail = g_strdup(gap->detail);
	closed->gap.start_us = a->position_us;
	closed->gap.end_us = a->position_us = MAX(gap->end_us, a->position_us);
	archive_not_before(a, a->position_us);
	g_queue_push_tail(&a->closed, closed);
	return archive_enter_gaps(a);
}

uint64_t archive_written_bytes(const struct archive *archive)
{
	return archive->written_bytes;
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

static int enter_segment(struct archive *a, const struct closed *closed, uint64_t t_us)
{
	struct chain_segment entry;

	segment_describe(closed->segment, closed->end_us, &entry);
	return archive_add_segment_entry(a, t_us, &entry);
}

static void collect_checkpoint(struct archive *a)
{
	gpointer packed = g_async_queue_try_pop(a->noted_results);

	if (packed != NULL)
		archive_enter_checkpoint(a, unpack_result(packed));
}

int archive_collect(struct archive *archive, uint64_t t_us)
{
	struct archive *a = archive;
	gpointer packed;

	while ((packed = g_async_queue_try_pop(a->init_results)) != NULL) {
		a->n_init_pending--;
		a->error = a->error < 0 ? a->error : unpack_result(packed);
	}
	collect_checkpoint(a);
	while ((packed = g_async_queue_try_pop(a->results)) != NULL) {
		/* It went to the disk before the segment that it is of: now it is there for
		 * certain. */
		collect_checkpoint(a);
		struct closed *closed = g_queue_pop_head(&a->closed);
		a->error = a->error < 0 ? a->error : unpack_result(packed);
		if (a->error == 0)
			a->error = enter_segment(a, closed, t_us);
		closed_free(closed);
		archive_enter_gaps(a);
	}
	return a->error;
}

unsigned archive_pending(const struct archive *archive)
{
	return g_queue_get_length((GQueue *)(uintptr_t)&archive->closed) + archive->n_init_pending +
	       (archive->noted.number > 0 ? 1 : 0);
}

void archive_finish(struct archive *archive, uint64_t t_us)
{
	close_segment(archive, archive_not_before(archive, t_us));
}
