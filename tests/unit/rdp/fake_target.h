/** An RDP server on one end of a socket pair, for testing the back: FreeRDP's server side on a
 *  thread of its own. It does what a test tells it to, also what no honest target does. */
#pragma once

#include "base/rect.h"
#include "tests/unit/rdp/certificates.h"

#include <freerdp/freerdp.h>
#include <freerdp/peer.h>
#include <freerdp/server/rdpgfx.h>
#include <glib.h>

struct fake_target_plan {
	uint32_t width,
		height; /**< desktop announced in the capabilities; 0: what the client asks for */
	bool gfx;	/**< opens the graphics channel; scripts run when it is up */
	bool clipboard; /**< opens the clipboard channel */
	bool nla;	/**< NLA with `password` for any user; else TLS */
	const char *password;
};

struct fake_target_input {
	uint16_t flags, code;
	uint16_t x, y;
	char kind; /**< 'k' scancode, 'u' unicode, 'm' mouse, 'x' extended mouse, 's' synchronize */
};

struct fake_target {
	const struct fake_target_plan *plan;
	struct test_certificate certificate;
	freerdp_peer *peer;
	RdpgfxServerContext *gfx; /**< NULL until the graphics channel is up */
	GThread *thread;
	GAsyncQueue *scripts;
	int fd, wake_fd;
	GMutex lock;
	GCond changed;
	GArray *inputs;			      /**< struct fake_target_input; under `lock` */
	uint32_t layout_width, layout_height; /**< newest Display Control request; under `lock` */
	char *user, *received_password;	      /**< of the Client Info PDU or NLA; under `lock` */
	bool active, gfx_ready, stop;
	bool gfx_broken;  /**< closed by the client */
	bool deactivated; /**< set by scripts, under `lock` */
	void *channels, *display, *clipboard;
	uint8_t *copied; /**< UTF-16 text the target offers */
	size_t copied_bytes;
	char *pasted;	      /**< UTF-8 text taken from the client; under `lock` */
	bool clipboard_ready; /**< under `lock` */
};

/** Starts the server. The client's end of the connection is the caller's. */
struct fake_target *fake_target_start(const struct fake_target_plan *plan, int *ret_client_fd);
/** Ends and joins. */
void fake_target_stop(struct fake_target *target);

/** Runs `script` on the server's thread as soon as the desktop (and the graphics channel, if
 *  planned) is up, in order. */
void fake_target_do(struct fake_target *target, void (*script)(struct fake_target *target));

/** Waits until `check`, asked under `lock` after each input and layout, says yes; false after 5
 *  s. */
bool fake_target_wait(struct fake_target *target,
		      bool (*check)(struct fake_target *target, void *data), void *data);

/* For scripts. A picture is given by a function of place, so that scrolling shows. */
typedef uint32_t (*fake_picture)(uint32_t x, uint32_t y); /**< 0xRRGGBB */
void fake_target_paint(struct fake_target *target, uint32_t x, uint32_t y, uint32_t width,
		       uint32_t height, fake_picture picture);
/** A fast-path message with these updates, written by the test itself ([MS-RDPBCGR]
 *  2.2.9.1.2); up to 32764 bytes. */
void fake_target_send_updates(struct fake_target *target, const uint8_t *updates,
			      size_t updates_bytes);
/** One graphics frame: `pixels` onto surface 1. */
void fake_target_gfx_frame(struct fake_target *target, uint32_t x, uint32_t y, uint32_t width,
			   uint32_t height, fake_picture picture);
/** ResetGraphics and surface 1 of this size mapped at 0,0. */
void fake_target_gfx_setup(struct fake_target *target, uint32_t width, uint32_t height);

/* fake_target_clipboard.c */
void fake_target_clipboard_open(struct fake_target *target);
void fake_target_clipboard_close(struct fake_target *target);
/** Offers UTF-16 bytes as text, as if somebody had copied them at the target. */
void fake_target_copy(struct fake_target *target, const void *bytes, size_t length);
