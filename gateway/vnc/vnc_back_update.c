/* What a VNC target draws: rectangles, copies, cursor, size, clipboard. LibVNCClient decodes into
 * the private picture; this file says the same to the core, in the same order, and copies stay
 * copies. */
#include "gateway/vnc/vnc_back.h"
#include "gateway/vnc/vnc_glue.h"

#include <arpa/inet.h>
#include <string.h>

#define CURSOR_MAX_PX 384u
#define ENCODING_CURSOR_WITH_ALPHA (-314)
#define ENCODING_DESKTOP_NAME (-307)

static struct vnc_back *back_of(rfbClient *library)
{
	return rfbClientGetClientData(library, (void *)vnc_back_update_attach);
}

static void back_fail(struct vnc_back *back, enum end_reason reason, const char *detail)
{
	if (back->failed != END_NONE)
		return;
	back->failed = reason;
	back->failed_detail = detail;
}

static size_t stride_bytes(const struct vnc_back *back)
{
	return (size_t)back->library->width * 4;
}

static void flush_painted(struct vnc_back *back)
{
	if (back->n_painted > 0)
		session_paint(back->session, back->picture, stride_bytes(back), back->painted,
			      back->n_painted);
	back->n_painted = 0;
}

/* The library calls this before it knows whether it may: sizes come straight from the target. */
static rfbBool size_changed(rfbClient *library)
{
	struct vnc_back *back = back_of(library);
	uint32_t width = (uint32_t)library->width, height = (uint32_t)library->height;
	int error;

	back->n_painted = 0;
	if (!picture_size_ok(width, height)) {
		back_fail(back, END_TARGET_PROTOCOL, "the target's desktop has an absurd size");
		return FALSE;
	}
	g_free(back->picture);
	back->picture = g_try_malloc0((gsize)width * height * 4);
	library->frameBuffer = back->picture;
	if (back->picture == NULL) {
		back_fail(back, END_FAULT, "no memory for the target's desktop");
		return FALSE;
	}
	/* LibVNCClient keeps the area it asks for up to date only when it made the
	 * connection itself (0.9.15). */
	library->updateRect.x = library->updateRect.y = 0;
	library->updateRect.w = library->width;
	library->updateRect.h = library->height;
	back->ask_all = true;
	vnc_pump_set_patient(back->pump, true);
	error = session_resize(back->session, width, height);
	vnc_pump_set_patient(back->pump, false);
	if (error == 0)
		return TRUE;
	if (error == -EINVAL)
		back_fail(back, END_TARGET_PROTOCOL, "the target's desktop has an absurd size");
	return FALSE; /* else the session is ending: BACK_STOP waits */
}

static void rect_drawn(rfbClient *library, int x, int y, int w, int h)
{
	struct vnc_back *back = back_of(library);
	struct rect r = {(uint32_t)x, (uint32_t)y, (uint32_t)w, (uint32_t)h};

	if (back->skip_rect) {
		back->skip_rect = false;
		return;
	}
	if (x < 0 || y < 0 || w <= 0 || h <= 0 ||
	    !rect_clip(&r, (uint32_t)library->width, (uint32_t)library->height))
		return;
	if (back->n_painted == VNC_BACK_RECTS_MAX)
		flush_painted(back);
	back->painted[back->n_painted++] = r;
}

static bool inside(const rfbClient *library, int x, int y, int w, int h)
{
	return x >= 0 && y >= 0 && w >= 0 && h >= 0 && x + w <= library->width &&
	       y + h <= library->height;
}

/* CopyRect (RFC 6143 7.7.2). What was painted before it must be in the canvas before the core
 * copies. */
static void rect_copied(rfbClient *library, int from_x, int from_y, int w, int h, int to_x,
			int to_y)
{
	struct vnc_back *back = back_of(library);
	struct rect to = {(uint32_t)to_x, (uint32_t)to_y, (uint32_t)w, (uint32_t)h};

	back->skip_rect = true;
	if (!inside(library, from_x, from_y, w, h) || !inside(library, to_x, to_y, w, h)) {
		back_fail(back, END_TARGET_PROTOCOL, "the target copies from outside its desktop");
		return;
	}
	if (w == 0 || h == 0)
		return;
	flush_painted(back);
	session_copy(back->session, &to, (uint32_t)from_x, (uint32_t)from_y);
	back->copy_in_picture(library, from_x, from_y, w, h, to_x, to_y);
}

static void update_finished(rfbClient *library)
{
	struct vnc_back *back = back_of(library);

	flush_painted(back);
	session_frame(back->session);
	/* After ExtendedDesktopSize the library asks only for changes; what did not
	 * change since is black here. */
	if (back->ask_all)
		SendFramebufferUpdateRequest(library, 0, 0, library->width, library->height, FALSE);
	back->ask_all = false;
}

/* Source pixels are in our own format, the mask has a byte per pixel. */
static void cursor_shape(rfbClient *library, int hot_x, int hot_y, int width, int height,
			 int bytes_per_pixel)
{
	struct vnc_back *back = back_of(library);
	g_autofree uint8_t *bgra = NULL;
	struct cursor_shape shape;
	bool visible = false;

	if (width <= 0 || height <= 0 || width > (int)CURSOR_MAX_PX ||
	    height > (int)CURSOR_MAX_PX || bytes_per_pixel != 4)
		goto out;
	bgra = g_malloc((gsize)width * (gsize)height * 4);
	for (int i = 0; i < width * height; i++) {
		memcpy(bgra + i * 4, library->rcSource + i * 4, 3);
		bgra[i * 4 + 3] = library->rcMask[i] ? 0xff : 0;
		visible |= library->rcMask[i] != 0;
	}
	shape = (struct cursor_shape){(uint32_t)width, (uint32_t)height,
				      (uint32_t)CLAMP(hot_x, 0, width - 1),
				      (uint32_t)CLAMP(hot_y, 0, height - 1), bgra};
	if (!visible)
		shape = (struct cursor_shape){0};
	session_set_cursor(back->session, &shape);
out:
	/* The library frees rcSource at the next shape but forgets the mask (0.9.14). */
	free(library->rcMask);
	library->rcMask = NULL;
}

static rfbBool pointer_moved(rfbClient *library, int x, int y)
{
	session_set_pointer(back_of(library)->session, x, y, true);
	return TRUE;
}

static void cut_text(rfbClient *library, const char *text, int length)
{
	g_autofree char *utf8 = vnc_glue_from_latin1(text, (size_t)MAX(length, 0));

	session_target_clipboard(back_of(library)->session, utf8);
}

/* CursorWithAlpha (rfbproto, pseudo-encoding -314): an encoding number, then RGBA with
 * premultiplied alpha. Xvnc hides the pointer with a shape of no size, which LibVNCClient keeps
 * from us in the other two cursor encodings. */
static bool read_alpha_cursor(struct vnc_back *back, const rfbRectangle *r)
{
	size_t n = (size_t)r->w * r->h;
	struct cursor_shape shape = {r->w, r->h, r->x, r->y, NULL};
	g_autofree uint8_t *pixels = NULL;
	bool visible = false;
	uint32_t encoding;

	if (r->w > CURSOR_MAX_PX || r->h > CURSOR_MAX_PX ||
	    !ReadFromRFBServer(back->library, (char *)&encoding, 4) ||
	    encoding != htonl(rfbEncodingRaw))
		return false;
	pixels = g_malloc0(n * 4 + 1);
	if (n > 0 && !ReadFromRFBServer(back->library, (char *)pixels, (unsigned)(n * 4)))
		return false;
	for (size_t i = 0; i < n; i++) {
		uint8_t *p = pixels + i * 4, red = p[0], alpha = p[3];

		visible |= alpha != 0;
		p[0] = alpha == 0 ? 0 : (uint8_t)MIN(p[2] * 255u / alpha, 255u);
		p[1] = alpha == 0 ? 0 : (uint8_t)MIN(p[1] * 255u / alpha, 255u);
		p[2] = alpha == 0 ? 0 : (uint8_t)MIN(red * 255u / alpha, 255u);
	}
	shape.bgra = pixels;
	shape.hot_x = MIN(shape.hot_x, MAX(shape.width, 1u) - 1);
	shape.hot_y = MIN(shape.hot_y, MAX(shape.height, 1u) - 1);
	if (!visible)
		shape = (struct cursor_shape){0};
	session_set_cursor(back->session, &shape);
	return true;
}

/* DesktopName (rfbproto, pseudo-encoding -307): a length and the name. */
static bool read_desktop_name(struct vnc_back *back)
{
	g_autofree char *name = NULL, *printable = NULL;
	uint32_t length;

	if (!ReadFromRFBServer(back->library, (char *)&length, 4))
		return false;
	length = ntohl(length);
	if (length > VNC_BACK_NAME_MAX_BYTES)
		return false;
	name = g_malloc0((gsize)length + 1);
	if (length > 0 && !ReadFromRFBServer(back->library, name, length))
		return false;
	printable = vnc_glue_printable(name, length);
	session_title(back->session, VNC_BACK_TITLE, printable);
	return true;
}

static rfbBool extra_encoding(rfbClient *library, rfbFramebufferUpdateRectHeader *header)
{
	struct vnc_back *back = back_of(library);

	int32_t encoding = (int32_t)header->encoding;

	if (back == NULL ||
	    (encoding != ENCODING_CURSOR_WITH_ALPHA && encoding != ENCODING_DESKTOP_NAME))
		return FALSE;
	back->skip_rect = true; /* the library will report it as drawn; it is not */
	return encoding == ENCODING_DESKTOP_NAME ? read_desktop_name(back)
						 : read_alpha_cursor(back, &header->r);
}

void vnc_back_update_prepare(void)
{
	static rfbClientProtocolExtension extension = {.handleEncoding = extra_encoding};
	static bool registered; /* the library keeps a list: twice would make it endless */

	if (!registered)
		rfbClientRegisterExtension(&extension);
	registered = true;
}

void vnc_back_update_attach(struct vnc_back *back)
{
	rfbClient *library = back->library;

	rfbClientSetClientData(library, (void *)vnc_back_update_attach, back);
	library->MallocFrameBuffer = size_changed;
	library->GotFrameBufferUpdate = rect_drawn;
	back->copy_in_picture = library->GotCopyRect;
	library->GotCopyRect = rect_copied;
	library->FinishedFrameBufferUpdate = update_finished;
	library->GotCursorShape = cursor_shape;
	library->HandleCursorPos = pointer_moved;
	library->GotXCutText = cut_text;
}

/* SetPixelFormat (RFC 6143 7.5.1): 32 bits, little endian, blue in the lowest byte: the canvas's
 * own BGRX, so nothing is converted. */
static bool ask_pixel_format(rfbClient *library)
{
	static const uint8_t message[20] = {0,	 0, 0,	 0, 32,	 24, 0, 1, 0,
					    255, 0, 255, 0, 255, 16, 8, 0};

	library->format = (rfbPixelFormat){.bitsPerPixel = 32,
					   .depth = 24,
					   .trueColour = 1,
					   .redMax = 255,
					   .greenMax = 255,
					   .blueMax = 255,
					   .redShift = 16,
					   .greenShift = 8,
					   .blueShift = 0};
	return WriteToRFBServer(library, (const char *)message, sizeof(message));
}

/* SetEncodings (7.5.2), written here because the library's list also asks for chat, key and server
 * extensions nobody uses: less of the target's bytes to parse. No JPEG quality is asked for, so
 * Tight stays lossless: a recording shows what was there.
 *
 * The order, by CPU per full 1920x1080 desktop on loopback (here + Xvnc): Tight 5 + 23 ms, Hextile
 * 3 + 12, Raw 4 + 8, ZRLE 11 + 34. Tight first all the same: it needs a tenth of Raw's bytes, which
 * TLS and a 1 Gbit/s network make more expensive than they save, and photos do not
 * make it worse than Raw. */
static bool ask_encodings(rfbClient *library, bool with_sizes)
{
	static const int32_t encodings[] = {
		rfbEncodingCopyRect,
		rfbEncodingTight,
		rfbEncodingZRLE,
		rfbEncodingHextile,
		rfbEncodingRaw,
		rfbEncodingCompressLevel1,
		rfbEncodingLastRect,
		rfbEncodingNewFBSize,
		ENCODING_CURSOR_WITH_ALPHA,
		rfbEncodingRichCursor,
		rfbEncodingXCursor,
		rfbEncodingPointerPos,
		ENCODING_DESKTOP_NAME,
		rfbEncodingExtDesktopSize, /* last: may be left out */
	};
	unsigned n = G_N_ELEMENTS(encodings) - (with_sizes ? 0 : 1);
	uint32_t message[1 + G_N_ELEMENTS(encodings)];

	message[0] = htonl(2u << 24 | n);
	for (unsigned i = 0; i < n; i++)
		message[1 + i] = htonl((uint32_t)encodings[i]);
	return WriteToRFBServer(library, (const char *)message, 4 * (1 + n));
}

bool vnc_back_update_start(struct vnc_back *back, const struct vnc_back_hello *hello)
{
	rfbClient *library = back->library;
	/* QEMU numbers its screen 0, which LibVNCClient takes for invalid and then ignores the new
	 * size; with plain DesktopSize it works. */
	bool with_sizes = !g_str_has_prefix(hello->name, "QEMU");

	library->width = library->si.framebufferWidth = hello->width_px;
	library->height = library->si.framebufferHeight = hello->height_px;
	library->canHandleNewFBSize = TRUE;
	library->major = 3;
	library->minor = 8;
	/* What every RFB server takes; the library sends nothing that is not in this set. */
	library->supportedMessages.client2server[0] =
		1u << rfbSetPixelFormat | 1u << rfbSetEncodings |
		1u << rfbFramebufferUpdateRequest | 1u << rfbKeyEvent | 1u << rfbPointerEvent |
		1u << rfbClientCutText;
	if (!library->MallocFrameBuffer(library))
		return false;
	back->ask_all = false; /* the request below does */
	return ask_pixel_format(library) && ask_encodings(library, with_sizes) &&
	       SendFramebufferUpdateRequest(library, 0, 0, hello->width_px, hello->height_px,
					    FALSE);
}
