/** What the files rdp_back*.c share: one RDP connection to a target. Private to them.
 *
 *  Everything here runs on the back thread: FreeRDP is told to start no threads of its own. */
#pragma once

#include "gateway/rdp/rdp_back_input.h"
#include "gateway/session/back.h"

#include <freerdp/client.h>
#include <freerdp/client/cliprdr.h>
#include <freerdp/client/disp.h>
#include <freerdp/client/rdpgfx.h>
#include <freerdp/freerdp.h>
#include <freerdp/gdi/gdi.h>

/** How the picture finds its way into the canvas (rdp_back_picture.c). */
struct rdp_picture {
	RdpgfxClientContext *gfx; /**< while the graphics channel is open */
	pScrBlt scrblt;		  /**< the library's own, behind ours */
	pcRdpgfxResetGraphics reset_graphics;
	pcRdpgfxCreateSurface create_surface;
	pcRdpgfxSurfaceToSurface surface_to_surface;
	pcRdpgfxEndFrame end_frame;
	uint32_t width, height; /**< as the core knows it; 0 before the first session_resize */
	bool unframed;		/**< something was painted since the last session_frame */
	bool mute;		/**< the next EndPaint shows what session_copy says already */
	bool gfx_lost;		/**< the graphics channel closed; nothing was painted since */
};

/** Resize requests of the viewer on their way to the target (rdp_back_display.c). */
struct rdp_display {
	DispClientContext *channel;	      /**< NULL: the target does not take requests */
	bool ready;			      /**< its capabilities came */
	uint32_t wanted_width, wanted_height; /**< 0: nothing to ask for */
	uint64_t asked_us;
};

/** Text clipboard (rdp_back_clipboard.c). */
struct rdp_clipboard {
	CliprdrClientContext *channel;
	bool ready;    /**< the target said Monitor Ready */
	char *offered; /**< newest text of the viewer, UTF-8; NULL: none */
};

struct rdp_back {
	rdpClientContext client; /**< first: FreeRDP allocates and frees the whole */
	struct session *session;
	struct back_target *target;
	bool certificate_accepted;
	bool stopped; /**< BACK_STOP, or the core is ending the session */
	enum end_reason
		refusal; /**< why we ended it ourselves; wins over whatever FreeRDP reports then */
	char *refusal_detail;
	struct rdp_mouse mouse;
	GQueue held; /**< struct back_command (g_new) that came while the target was deactivated */
	uint64_t inactive_since_us; /**< 0: active */
	uint64_t blind_since_us;    /**< when the relay saw picture.gfx_lost; 0: not lost */
	uint32_t patience_ms;	    /**< for connecting, and for graphics that come back */
	struct rdp_picture picture;
	struct rdp_display display;
	struct rdp_clipboard clipboard;
};

static inline struct rdp_back *rdp_back_of(rdpContext *context)
{
	return (struct rdp_back *)context;
}
static inline rdpContext *rdp_back_context(struct rdp_back *back)
{
	return &back->client.context;
}

/** Ends the connection from inside a callback. The first reason stays. */
void rdp_back_refuse(struct rdp_back *back, enum end_reason reason, const char *detail_format, ...)
	G_GNUC_PRINTF(3, 4);

/** back_ops.run with another patience (tests are in a hurry). */
enum end_reason rdp_back_run_within(struct session *session, struct back_target *target,
				    uint32_t patience_ms, char **ret_detail);

/* rdp_back_logon.c */
void rdp_logon_register(struct rdp_back *back);

/* rdp_back_settings.c */
/** Everything but the password, which enters only behind the certificate check.
 *  False: out of memory. */
bool rdp_back_configure(struct rdp_back *back);
/** Orders we take: copies and nothing else. Called in PreConnect, because
 *  freerdp_connect resets them before. */
bool rdp_back_limit_orders(rdpSettings *settings);

/* rdp_back_picture.c */
/** Private picture and update callbacks; in PostConnect. False: refused (rdp_back_refuse was
 *  called) or out of memory. */
bool rdp_picture_start(struct rdp_back *back);
/** Tells the core the size; behind freerdp_connect, because it waits for the
 *  recorder. False: ended. */
bool rdp_picture_publish(struct rdp_back *back);
void rdp_picture_open_gfx(struct rdp_back *back, RdpgfxClientContext *gfx);
void rdp_picture_close_gfx(struct rdp_back *back, RdpgfxClientContext *gfx);

/* rdp_back_copy.c */
/** Our ScrBlt and SurfaceToSurface: tell the core of a copy where that is exactly what
 *  happened to the picture. */
BOOL rdp_copy_scrblt(rdpContext *context, const SCRBLT_ORDER *order);
UINT rdp_copy_surface(RdpgfxClientContext *gfx, const RDPGFX_SURFACE_TO_SURFACE_PDU *pdu);
/** Gives the core everything FreeRDP has marked as changed so far (rdp_back_picture.c). */
void rdp_picture_flush(struct rdp_back *back);

/* rdp_back_cursor.c */
void rdp_cursor_register(struct rdp_back *back);

/* rdp_back_display.c */
void rdp_display_open(struct rdp_back *back, DispClientContext *channel);
void rdp_display_close(struct rdp_back *back);
void rdp_display_request(struct rdp_back *back, uint32_t width, uint32_t height);
/** Sends what waits when its time has come. Returns milliseconds until it wants to be called
 *  again; UINT32_MAX: never. */
uint32_t rdp_display_run(struct rdp_back *back);

/* rdp_back_clipboard.c */
void rdp_clipboard_open(struct rdp_back *back, CliprdrClientContext *channel);
void rdp_clipboard_close(struct rdp_back *back);
/** Takes `text` (UTF-8, g_free). */
void rdp_clipboard_offer(struct rdp_back *back, char *text);

/* rdp_back_relay.c */
/** Carries out one command of the core; takes what it owns. */
void rdp_relay_command(struct rdp_back *back, struct back_command *command);
/** Relays until the target is gone, somebody stops, or rdp_back_refuse was called. */
void rdp_relay_run(struct rdp_back *back);
