/* The server's half of [MS-RDPECLIP] for text. Knows no channel and no session. */
#include "gateway/rdp/rdp_front_clipboard.h"

#include "base/secret.h"

#include <string.h>

/* [MS-RDPECLIP] 2.2.1 */
enum message_type {
	CB_MONITOR_READY = 1,
	CB_FORMAT_LIST = 2,
	CB_FORMAT_LIST_RESPONSE = 3,
	CB_FORMAT_DATA_REQUEST = 4,
	CB_FORMAT_DATA_RESPONSE = 5,
	CB_TEMP_DIRECTORY = 6,
	CB_CLIP_CAPS = 7,
	CB_FILECONTENTS_REQUEST = 8,
	CB_FILECONTENTS_RESPONSE = 9,
	CB_LOCK_CLIPDATA = 10,
	CB_UNLOCK_CLIPDATA = 11,
};
#define CB_RESPONSE_OK 1u
#define CB_RESPONSE_FAIL 2u
#define CB_USE_LONG_FORMAT_NAMES 2u
#define CF_UNICODETEXT 13u
#define HEADER_BYTES 8u
#define SHORT_NAME_BYTES 32u

struct rdp_front_clipboard {
	struct rdp_front_clipboard_ops ops;
	void *user;
	bool long_names;     /**< the viewer writes format lists with names of any length */
	bool ready;	     /**< its first format list has come */
	bool asked;	     /**< we want its text */
	bool owed;	     /**< it wants ours, but could not take it yet */
	GByteArray *offered; /**< our text as UTF-16LE with its NUL; NULL: none */
};

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get_u32(const uint8_t *at)
{
	return get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

static void put_u16(GByteArray *out, uint32_t value)
{
	const uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

	g_byte_array_append(out, bytes, sizeof bytes);
}

static void put_u32(GByteArray *out, uint32_t value)
{
	put_u16(out, value & 0xffff);
	put_u16(out, value >> 16);
}

static bool send_message(struct rdp_front_clipboard *clipboard, enum message_type type,
			 uint32_t flags, const uint8_t *body, uint32_t length)
{
	g_autoptr(GByteArray) out = g_byte_array_sized_new(HEADER_BYTES + length);

	put_u16(out, type);
	put_u16(out, flags);
	put_u32(out, length);
	if (length)
		g_byte_array_append(out, body, length);
	return clipboard->ops.send(clipboard->user, out->data, out->len);
}

struct rdp_front_clipboard *rdp_front_clipboard_create(const struct rdp_front_clipboard_ops *ops,
						       void *user)
{
	struct rdp_front_clipboard *clipboard = g_new0(struct rdp_front_clipboard, 1);

	clipboard->ops = *ops;
	clipboard->user = user;
	return clipboard;
}

static void forget_offer(struct rdp_front_clipboard *clipboard)
{
	if (!clipboard->offered)
		return;
	secret_wipe(clipboard->offered->data, clipboard->offered->len);
	g_clear_pointer(&clipboard->offered, g_byte_array_unref);
}

void rdp_front_clipboard_destroy(struct rdp_front_clipboard *clipboard)
{
	if (!clipboard)
		return;
	forget_offer(clipboard);
	g_free(clipboard);
}

bool rdp_front_clipboard_start(struct rdp_front_clipboard *clipboard)
{
	g_autoptr(GByteArray) caps = g_byte_array_new();

	put_u16(caps, 1); /* one set: general */
	put_u16(caps, 0);
	put_u16(caps, 1);
	put_u16(caps, 12);
	put_u32(caps, 2); /* version */
	put_u32(caps, CB_USE_LONG_FORMAT_NAMES);
	return send_message(clipboard, CB_CLIP_CAPS, 0, caps->data, caps->len) &&
	       send_message(clipboard, CB_MONITOR_READY, 0, NULL, 0);
}

/* ---- Towards the viewer ---- */

static bool send_formats(struct rdp_front_clipboard *clipboard)
{
	g_autoptr(GByteArray) list = g_byte_array_new();
	static const uint8_t no_name[SHORT_NAME_BYTES];

	put_u32(list, CF_UNICODETEXT);
	if (clipboard->long_names)
		put_u16(list, 0);
	else
		g_byte_array_append(list, no_name, sizeof no_name);
	return send_message(clipboard, CB_FORMAT_LIST, 0, list->data, list->len);
}

/* UTF-16LE, lines ending in CR LF, with a NUL at the end. */
static GByteArray *to_wire(const char *utf8)
{
	glong n_units = 0;
	g_autofree gunichar2 *units = g_utf8_to_utf16(utf8, -1, NULL, &n_units, NULL);
	GByteArray *out = g_byte_array_sized_new((guint)n_units * 2 + 2);

	for (glong i = 0; units && i < n_units; i++) {
		if (units[i] == '\n' && (i == 0 || units[i - 1] != '\r'))
			put_u16(out, '\r');
		put_u16(out, units[i]);
	}
	put_u16(out, 0);
	return out;
}

bool rdp_front_clipboard_offer(struct rdp_front_clipboard *clipboard, const char *utf8)
{
	if (strlen(utf8) > RDP_FRONT_CLIPBOARD_MAX_BYTES)
		return true;
	forget_offer(clipboard);
	clipboard->offered = to_wire(utf8);
	if (clipboard->offered->len > RDP_FRONT_CLIPBOARD_MAX_BYTES - HEADER_BYTES)
		forget_offer(clipboard);
	return !clipboard->offered || !clipboard->ready || send_formats(clipboard);
}

bool rdp_front_clipboard_flush(struct rdp_front_clipboard *clipboard)
{
	/* One answer at a time: a viewer that asks without reading must not fill our memory with
	 * copies. */
	if (!clipboard->owed || clipboard->ops.busy(clipboard->user))
		return true;
	clipboard->owed = false;
	if (!clipboard->offered)
		return send_message(clipboard, CB_FORMAT_DATA_RESPONSE, CB_RESPONSE_FAIL, NULL, 0);
	return send_message(clipboard, CB_FORMAT_DATA_RESPONSE, CB_RESPONSE_OK,
			    clipboard->offered->data, clipboard->offered->len);
}

static bool answer_request(struct rdp_front_clipboard *clipboard, const uint8_t *body,
			   uint32_t length)
{
	if (length < 4)
		return false;
	if (get_u32(body) != CF_UNICODETEXT)
		return send_message(clipboard, CB_FORMAT_DATA_RESPONSE, CB_RESPONSE_FAIL, NULL, 0);
	clipboard->owed = true;
	return rdp_front_clipboard_flush(clipboard);
}

/* ---- From the viewer ---- */

static bool take_capabilities(struct rdp_front_clipboard *clipboard, const uint8_t *body,
			      uint32_t length)
{
	/* One general set is all the protocol knows: count, pad, type, size, version, flags. */
	if (length < 4)
		return false;
	if (length >= 16 && get_u16(body) >= 1 && get_u16(body + 4) == 1)
		clipboard->long_names = get_u32(body + 12) & CB_USE_LONG_FORMAT_NAMES;
	return true;
}

/* Returns how many bytes the name takes, its end included; 0: it has no end. */
static uint32_t name_bytes(const uint8_t *at, uint32_t left)
{
	for (uint32_t i = 0; i + 2 <= left; i += 2)
		if (get_u16(at + i) == 0)
			return i + 2;
	return 0;
}

static bool has_text(const struct rdp_front_clipboard *clipboard, const uint8_t *body,
		     uint32_t length)
{
	uint32_t at = 0;

	while (length - at >= 4) {
		if (get_u32(body + at) == CF_UNICODETEXT)
			return true;
		at += 4;
		uint32_t name = clipboard->long_names ? name_bytes(body + at, length - at)
						      : MIN(SHORT_NAME_BYTES, length - at);
		if (name == 0)
			return false;
		at += name;
	}
	return false;
}

static bool take_formats(struct rdp_front_clipboard *clipboard, const uint8_t *body,
			 uint32_t length)
{
	static const uint8_t format[4] = {CF_UNICODETEXT};
	bool first = !clipboard->ready;

	clipboard->ready = true;
	if (!send_message(clipboard, CB_FORMAT_LIST_RESPONSE, CB_RESPONSE_OK, NULL, 0))
		return false;
	clipboard->asked = has_text(clipboard, body, length);
	if (clipboard->asked &&
	    !send_message(clipboard, CB_FORMAT_DATA_REQUEST, 0, format, sizeof format))
		return false;
	/* What the target copied before the viewer was ready. */
	return !first || !clipboard->offered || send_formats(clipboard);
}

static char *from_wire(const uint8_t *body, uint32_t length)
{
	uint32_t n_units = length / 2, n_kept = 0;
	g_autofree gunichar2 *units = g_new(gunichar2, (gsize)n_units + 1);

	for (uint32_t i = 0; i < n_units; i++) {
		gunichar2 unit = get_u16(body + i * 2);
		if (unit == 0)
			break;
		if (unit == '\r' && i + 1 < n_units && get_u16(body + i * 2 + 2) == '\n')
			continue;
		units[n_kept++] = unit;
	}
	return g_utf16_to_utf8(units, n_kept, NULL, NULL, NULL);
}

static void take_text(struct rdp_front_clipboard *clipboard, uint16_t flags, const uint8_t *body,
		      uint32_t length)
{
	if (!clipboard->asked)
		return;
	clipboard->asked = false;
	if (!(flags & CB_RESPONSE_OK))
		return;
	g_autofree char *utf8 = from_wire(body, length);
	if (utf8)
		clipboard->ops.text(clipboard->user, utf8);
}

static bool refuse_file(struct rdp_front_clipboard *clipboard, const uint8_t *body, uint32_t length)
{
	/* Its stream id goes back ([MS-RDPECLIP] 2.2.5.4). */
	return length >= 4 &&
	       send_message(clipboard, CB_FILECONTENTS_RESPONSE, CB_RESPONSE_FAIL, body, 4);
}

bool rdp_front_clipboard_receive(struct rdp_front_clipboard *clipboard, const uint8_t *bytes,
				 size_t length)
{
	if (length < HEADER_BYTES || length > RDP_FRONT_CLIPBOARD_MAX_BYTES)
		return false;
	uint16_t type = get_u16(bytes), flags = get_u16(bytes + 2);
	uint32_t body_bytes = get_u32(bytes + 4);
	const uint8_t *body = bytes + HEADER_BYTES;

	/* Some viewers pad the message; none may say more than it sent. */
	if (body_bytes > length - HEADER_BYTES)
		return false;
	switch (type) {
	case CB_CLIP_CAPS:
		return take_capabilities(clipboard, body, body_bytes);
	case CB_FORMAT_LIST:
		return take_formats(clipboard, body, body_bytes);
	case CB_FORMAT_DATA_REQUEST:
		return answer_request(clipboard, body, body_bytes);
	case CB_FORMAT_DATA_RESPONSE:
		take_text(clipboard, flags, body, body_bytes);
		return true;
	case CB_FILECONTENTS_REQUEST:
		return refuse_file(clipboard, body, body_bytes);
	case CB_FORMAT_LIST_RESPONSE:
	case CB_TEMP_DIRECTORY:
	case CB_LOCK_CLIPDATA:
	case CB_UNLOCK_CLIPDATA:
		return true;
	default:
		return false;
	}
}
