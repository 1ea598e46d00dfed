/** One browser page that watches sessions: several watches on one side, one streaming response on
 *  the other.
 *
 *  Watches run on the main loop, the response is read on a server thread; a lock inside keeps
 *  the two apart. */
#pragma once

#include "web/http/stream.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** Sessions on one page. */
#define LIVE_PAGE_SLOTS 16u

struct live_page;
struct live_hub;

/** Whose page it is; everything is copied. */
struct live_page_owner {
	const char *account, *address; /**< what the recordings are told of their watcher */
	GBytes *tag;		       /**< to find the page by its login later */
};

/** Makes a page for the sessions in `ids` (NULL-terminated, at most LIVE_PAGE_SLOTS) and starts
 *  watching on the main loop. Any thread. Returns the stream to answer with. NULL: the hub is
 *  full or closing. */
struct http_stream *live_page_open(struct live_hub *hub, const char *const *ids,
				   const struct live_page_owner *owner);

/** Says why and ends the response. Any thread; may be repeated. */
void live_page_leave(struct live_page *page, const char *why);

GBytes *live_page_tag(const struct live_page *page); /**< borrowed */
