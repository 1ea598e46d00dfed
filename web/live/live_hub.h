/** All pages that watch at the moment. */
#pragma once

#include "web/live/live_page.h"

struct live_hub;

#define LIVE_HUB_MAX_PAGES 200u

/** `socket_path` of the recorder is copied. */
struct live_hub *live_hub_create(const char *socket_path);

/** Ends every page and takes no new one. The responses end as soon as their server thread has
 *  looked. Main loop only. */
void live_hub_close(struct live_hub *hub);

/** After the server is gone (nobody holds a stream). NULL is fine. */
void live_hub_destroy(struct live_hub *hub);

/** How many pages watch. Any thread. */
unsigned live_hub_count(struct live_hub *hub);

/** The distinct tags of all pages: GPtrArray of GBytes. Any thread. */
GPtrArray *live_hub_tags(struct live_hub *hub);

/** Ends all pages with this tag. Any thread. */
void live_hub_leave(struct live_hub *hub, GBytes *tag, const char *why);

/* For live_page only. */
const char *live_hub_socket_path(const struct live_hub *hub);
bool live_hub_add(struct live_hub *hub, struct live_page *page);
void live_hub_remove(struct live_hub *hub, struct live_page *page);
