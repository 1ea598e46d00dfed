/* A page: fills one bounded queue from its watches and lets the server read it. It must not
 * know requests or logins. */
#include "web/live/live_page.h"

#include "base/clock.h"
#include "ipc/live_proto.h"
#include "web/live/live_frame.h"
#include "web/live/live_hub.h"
#include "web/live/live_queue.h"
#include "web/live/live_watch.h"

#include <string.h>

struct slot {
	struct live_page *page;
	uint16_t number;
	struct live_request request;
	struct live_watch *watch; /* main loop only */
	bool needs_key;		  /* pictures were dropped: nothing before the next key */
	bool ended;
};

struct live_page {
	gatomicrefcount
		references; /* the stream, and the main loop while it has sources for the page */
	struct live_hub *hub;
	struct http_stream *stream; /* counted while the main loop works for the page */
	GBytes *tag;
	struct slot slots[LIVE_PAGE_SLOTS];
	unsigned n_slots;
	guint alive_source; /* main loop only */
	GMutex lock;	    /* guards the rest */
	struct live_queue queue;
	bool finished; /* nothing will be added any more */
	bool closed;   /* the browser is gone */
};

static void page_unref(struct live_page *page)
{
	if (!g_atomic_ref_count_dec(&page->references))
		return;
	live_queue_finish(&page->queue);
	g_bytes_unref(page->tag);
	for (unsigned i = 0; i < page->n_slots; i++)
		message_clear(&live_request_type, &page->slots[i].request);
	g_mutex_clear(&page->lock);
	g_free(page);
}

enum push_as { PUSH_PICTURE, PUSH_NOTE, PUSH_LAST };

static void push(struct live_page *page, GBytes *frame, enum push_as as)
{
	g_mutex_lock(&page->lock);
	bool taken = !page->finished && !page->closed;
	if (taken)
		live_queue_push(&page->queue, frame, as == PUSH_PICTURE, clock_now_us());
	if (as == PUSH_LAST)
		page->finished = true;
	g_mutex_unlock(&page->lock);
	if (taken)
		http_stream_wake(page->stream);
	else
		g_bytes_unref(frame);
}

static void push_note(struct slot *slot, enum live_frame_kind kind)
{
	push(slot->page, live_frame_new(kind, 0, slot->number, 0, NULL, 0), PUSH_NOTE);
}

/* The browser is too slow: forget what waits and begin anew with key pictures, on all slots
 * because they share the line. */
static void skip_ahead(struct live_page *page)
{
	g_mutex_lock(&page->lock);
	live_queue_drop_pictures(&page->queue);
	g_mutex_unlock(&page->lock);
	for (unsigned i = 0; i < page->n_slots; i++) {
		struct slot *slot = &page->slots[i];
		if (slot->ended || slot->needs_key)
			continue;
		slot->needs_key = true;
		push_note(slot, LIVE_FRAME_SKIP);
		live_watch_refresh(slot->watch);
	}
}

static void take_unit(struct slot *slot, const struct live_packet *packet)
{
	struct live_page *page = slot->page;
	bool key = (packet->flags & LIVE_KEY) != 0;
	const uint8_t *unit;
	uint64_t pts_us;
	size_t length;

	if (!live_packet_unit(packet, &pts_us, &unit, &length) || (slot->needs_key && !key))
		return;
	g_mutex_lock(&page->lock);
	bool late = live_queue_is_late(&page->queue, length, clock_now_us());
	g_mutex_unlock(&page->lock);
	if (late) {
		slot->needs_key = false; /* let skip_ahead ask again for this slot too */
		skip_ahead(page);
		return;
	}
	slot->needs_key = false;
	push(page,
	     live_frame_new(LIVE_FRAME_UNIT, key ? LIVE_FRAME_KEY : 0, slot->number, pts_us, unit,
			    length),
	     PUSH_PICTURE);
}

static void watch_packet(const struct live_packet *packet, void *user_data)
{
	struct slot *slot = user_data;
	g_autofree char *codec = NULL;
	uint32_t width, height;

	if (packet->kind == LIVE_UNIT)
		take_unit(slot, packet);
	else if (live_packet_open(packet, &width, &height, &codec))
		push(slot->page,
		     live_frame_new(LIVE_FRAME_OPEN, 0, slot->number, 0, packet->payload,
				    packet->length),
		     PUSH_NOTE);
}

static void watch_away(void *user_data)
{
	struct slot *slot = user_data;

	slot->needs_key = true;
	push_note(slot, LIVE_FRAME_AWAY);
}

static void watch_end(const char *reason, void *user_data)
{
	struct slot *slot = user_data;
	struct live_page *page = slot->page;
	bool all = true;

	slot->ended = true;
	for (unsigned i = 0; i < page->n_slots; i++)
		all = all && page->slots[i].ended;
	push(page, live_frame_new(LIVE_FRAME_END, 0, slot->number, 0, reason, strlen(reason)),
	     all ? PUSH_LAST : PUSH_NOTE);
}

static const struct live_watch_ops watch_ops = {watch_packet, watch_away, watch_end};

/* Keeps proxies from closing an idle line, and lets the server notice a browser that
 * has gone while asleep. */
static gboolean alive(void *user_data)
{
	struct live_page *page = user_data;

	push(page, live_frame_new(LIVE_FRAME_ALIVE, 0, LIVE_FRAME_PAGE, 0, NULL, 0), PUSH_NOTE);
	return G_SOURCE_CONTINUE;
}

static gboolean start_on_loop(void *user_data)
{
	struct live_page *page = user_data;

	page->alive_source = g_timeout_add_seconds(LIVE_FRAME_ALIVE_S, alive, page);
	for (unsigned i = 0; i < page->n_slots; i++) {
		struct slot *slot = &page->slots[i];
		slot->watch = live_watch_create(live_hub_socket_path(page->hub), &slot->request,
						&watch_ops, slot);
	}
	return G_SOURCE_REMOVE;
}

static gboolean stop_on_loop(void *user_data)
{
	struct live_page *page = user_data;

	if (page->alive_source != 0)
		g_source_remove(page->alive_source);
	for (unsigned i = 0; i < page->n_slots; i++)
		live_watch_destroy(page->slots[i].watch);
	http_stream_unref(page->stream);
	page_unref(page);
	return G_SOURCE_REMOVE;
}

static ssize_t stream_read(void *source, char *buffer, size_t max_bytes)
{
	struct live_page *page = source;

	g_mutex_lock(&page->lock);
	ssize_t n = (ssize_t)live_queue_take(&page->queue, buffer, max_bytes);
	if (n == 0 && page->finished)
		n = -1;
	g_mutex_unlock(&page->lock);
	return n;
}

static void stream_closed(void *source)
{
	struct live_page *page = source;

	g_mutex_lock(&page->lock);
	page->closed = true;
	live_queue_finish(&page->queue);
	g_mutex_unlock(&page->lock);
	live_hub_remove(page->hub, page);
	g_main_context_invoke(NULL, stop_on_loop, page);
}

static void stream_destroy(void *source)
{
	page_unref(source);
}

static const struct http_stream_ops stream_ops = {stream_read, stream_closed, stream_destroy};

void live_page_leave(struct live_page *page, const char *why)
{
	push(page, live_frame_new(LIVE_FRAME_LEAVE, 0, LIVE_FRAME_PAGE, 0, why, strlen(why)),
	     PUSH_LAST);
}

GBytes *live_page_tag(const struct live_page *page)
{
	return page->tag;
}

struct http_stream *live_page_open(struct live_hub *hub, const char *const *ids,
				   const struct live_page_owner *owner)
{
	struct live_page *page = g_new0(struct live_page, 1);

	g_atomic_ref_count_init(&page->references);
	g_mutex_init(&page->lock);
	live_queue_init(&page->queue);
	page->hub = hub;
	page->tag = g_bytes_ref(owner->tag);
	for (; ids[page->n_slots] != NULL && page->n_slots < LIVE_PAGE_SLOTS; page->n_slots++)
		page->slots[page->n_slots] = (struct slot){
			.page = page,
			.number = (uint16_t)page->n_slots,
			.request = {g_strdup(ids[page->n_slots]), g_strdup(owner->account),
				    g_strdup(owner->address)},
		};
	page->stream = http_stream_create(&stream_ops, page);
	struct http_stream *stream = page->stream;
	if (!live_hub_add(hub, page)) {
		http_stream_unref(stream);
		return NULL;
	}
	/* From here on the main loop works for the page, until `closed` tells it to stop. */
	g_atomic_ref_count_inc(&page->references);
	http_stream_ref(stream);
	g_main_context_invoke(NULL, start_on_loop, page);
	return stream;
}
