/* A thread that hashes a stream as a whole while its caller hashes the parts. It must not know
 * where bytes come from. */
#include "evidence/twin_digest.h"

#define BUFFERS 4u

struct chunk {
	uint8_t *bytes;
	size_t length; /**< 0: the end of the stream */
};

struct twin_digest {
	struct chunk chunks[BUFFERS + 1]; /**< the last one only says that the stream ended */
	GAsyncQueue *unused, *filled;
	struct chunk *current;
	struct digest *part, *whole;
	GThread *thread; /**< NULL after the end */
};

static gpointer hash_whole(gpointer user)
{
	struct twin_digest *digest = user;
	struct chunk *chunk;

	while ((chunk = g_async_queue_pop(digest->filled))->length > 0) {
		digest_add(digest->whole, chunk->bytes, chunk->length);
		g_async_queue_push(digest->unused, chunk);
	}
	return NULL;
}

struct twin_digest *twin_digest_create(void)
{
	struct twin_digest *digest = g_new0(struct twin_digest, 1);

	digest->unused = g_async_queue_new();
	digest->filled = g_async_queue_new();
	for (unsigned i = 0; i < BUFFERS; i++) {
		digest->chunks[i].bytes = g_malloc(TWIN_DIGEST_BUFFER_BYTES);
		g_async_queue_push(digest->unused, &digest->chunks[i]);
	}
	digest->part = digest_create();
	digest->whole = digest_create();
	digest->thread = g_thread_new("hash", hash_whole, digest);
	return digest;
}

static void join(struct twin_digest *digest)
{
	if (digest->thread == NULL)
		return;
	g_async_queue_push(digest->filled, &digest->chunks[BUFFERS]);
	g_thread_join(g_steal_pointer(&digest->thread));
}

void twin_digest_destroy(struct twin_digest *digest)
{
	if (digest == NULL)
		return;
	join(digest);
	for (unsigned i = 0; i < BUFFERS; i++)
		g_free(digest->chunks[i].bytes);
	g_async_queue_unref(digest->unused);
	g_async_queue_unref(digest->filled);
	digest_destroy(digest->part);
	digest_destroy(digest->whole);
	g_free(digest);
}

uint8_t *twin_digest_buffer(struct twin_digest *digest)
{
	if (digest->current == NULL)
		digest->current = g_async_queue_pop(digest->unused);
	return digest->current->bytes;
}

/* The buffer can come back before the part's hash has read it, but it is handed out again only by
 * the caller's next call. */
void twin_digest_add(struct twin_digest *digest, size_t length)
{
	struct chunk *chunk;

	if (length == 0)
		return;
	chunk = g_steal_pointer(&digest->current);
	chunk->length = length;
	g_async_queue_push(digest->filled, chunk);
	digest_add(digest->part, chunk->bytes, length);
}

void twin_digest_end_part(struct twin_digest *digest, char ret[DIGEST_HEX_BYTES])
{
	digest_hex(digest->part, ret);
	digest_destroy(digest->part);
	digest->part = digest_create();
}

void twin_digest_end(struct twin_digest *digest, char ret[DIGEST_HEX_BYTES])
{
	join(digest);
	digest_hex(digest->whole, ret);
}
