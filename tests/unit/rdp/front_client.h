/** FreeRDP's client without a screen, as the viewer of a front under test. */
#pragma once

#include "base/rect.h"

#include <stdbool.h>
#include <stdint.h>

enum client_graphics { CLIENT_BITMAPS, CLIENT_GFX, CLIENT_AVC420 };

struct front_client_options {
	uint16_t port;
	const char *password;
	bool nla;
	enum client_graphics graphics;
	uint32_t depth_bits; /**< 0: 32 */
	uint32_t width, height;
};

struct front_client;

/** Connects (deadline 10 s). NULL: refused; *ret_error says why (FreeRDP's last error). */
struct front_client *front_client_connect(const struct front_client_options *options,
					  uint32_t *ret_error);
/** Runs until the client shows width x height of front_host_pixel(seed) with `tolerance` in each
 *  colour, or the time is up. */
bool front_client_shows(struct front_client *client, uint32_t width, uint32_t height, uint32_t seed,
			uint32_t tolerance, unsigned timeout_ms);
uint32_t front_client_pixel(struct front_client *client, uint32_t x, uint32_t y);
void front_client_run(struct front_client *client, unsigned ms);
/** Runs until `check` holds, for PATIENCE_MS at most. */
bool front_client_until(struct front_client *client,
			bool (*check)(struct front_client *client, const void *data),
			const void *data);
/** Runs until the server ends the connection; returns the error info it gave (0: none), or
 *  UINT32_MAX when the time is up. */
uint32_t front_client_wait_end(struct front_client *client, unsigned timeout_ms);
void front_client_key(struct front_client *client, uint8_t scancode, bool down);
void front_client_mouse(struct front_client *client, uint16_t flags, uint16_t x, uint16_t y);
/** Shapes received so far: hot spot and size of the newest, how often one came from the cache. */
void front_client_cursor(struct front_client *client, uint32_t *ret_width, uint32_t *ret_hot_x,
			 unsigned *ret_new, unsigned *ret_cached);
void front_client_suppress(struct front_client *client, bool suppressed);
/** Paints over what the client shows, as a window that lost its contents. */
void front_client_spoil(struct front_client *client);
/** Asks the server for a part of the picture ([MS-RDPBCGR] 2.2.11.2). */
void front_client_refresh(struct front_client *client, const struct rect *area);
void front_client_close(struct front_client *client);
