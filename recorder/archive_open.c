/* Makes an archive: of a new recording, or of one that was interrupted. It must not know
 * what is written then. */
#include "recorder/archive_internal.h"

#include "base/clock.h"

#include <string.h>

static struct archive *archive_new(const struct archive_services *services, const char *session_id)
{
	struct archive *a = g_new0(struct archive, 1);

	a->services = *services;
	a->session_id = g_strdup(session_id);
	a->results = g_async_queue_new();
	a->init_results = g_async_queue_new();
	a->noted_results = g_async_queue_new();
	g_queue_init(&a->closed);
	return a;
}

void archive_destroy(struct archive *archive)
{
	if (archive == NULL)
		return;
	g_assert(archive_pending(archive) == 0);
	segment_destroy(archive->segment);
	for (unsigned i = 0; i < SEGMENT_KEY_KIND_COUNT; i++)
		segment_key_destroy(archive->keys[i]);
	(void)store_file_close(archive->chain_file);
	chain_destroy(archive->chain);
	store_recording_close(archive->store);
	g_async_queue_unref(archive->results);
	g_async_queue_unref(archive->init_results);
	g_async_queue_unref(archive->noted_results);
	g_free(archive->session_id);
	g_free(archive);
}

static int write_certificate(struct archive *a)
{
	const char *pem = chain_key_certificate_pem(a->services.key);
	struct store_file *file;
	int result = store_file_create(a->store, CHAIN_CERTIFICATE_FILE, STORE_FINAL, &file);

	if (result < 0)
		return result;
	result = store_file_append(file, pem, strlen(pem));
	int synced = store_file_close(file);
	return result == 0 ? synced : result;
}

/* Whoever is told that a recording runs can rely on it: neither genesis nor names are lost in a
 * power cut. */
static int bring_to_disk(struct archive *a)
{
	int result = store_file_sync(a->chain_file);

	return result == 0 ? store_recording_sync(a->store) : result;
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
		result = archive_append_entry(a, line, error);
	}
	if (result == 0)
		result = bring_to_disk(a);
	if (result < 0) {
		archive_destroy(a);
		return result;
	}
	index_open(services->index, a->session_id, genesis->quality, clock_utc_us());
	notary_genesis(services->notary, a->session_id, chain_head(a->chain));
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
	archive_set_keys(a, from->n_keys);
	a->position_us = from->position_us;
	a->t_us = from->t_us;
	a->n_frames = from->n_frames;
	a->n_bytes = a->written_bytes = from->n_bytes;
	a->sums = from->counts;
	/* Signed sums of what fitted; of another's making, the verifier says so. */
	a->counted = (struct chain_counts){MIN(from->counts.seen, CHAIN_NUMBER_MAX),
					   MIN(from->counts.coalesced, CHAIN_NUMBER_MAX),
					   MIN(from->counts.lost, CHAIN_NUMBER_MAX)};
	*ret_archive = a;
	return 0;
}
