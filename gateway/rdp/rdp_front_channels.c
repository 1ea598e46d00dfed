/* Static channels from the viewer: what may reach FreeRDP and what is ours (the clipboard). Every
 * length is looked at before anybody allocates. */
#include "gateway/rdp/rdp_front.h"
#include "gateway/rdp/rdp_front_clipboard.h"

#include <freerdp/channels/cliprdr.h>
#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/wtsvc.h>
#include <freerdp/svc.h>

/** Viewers send acknowledgements, capabilities and monitor layouts over dynamic channels: nothing
 *  is larger than a cache offer (64 KiB). */
#define DYNAMIC_MAX_BYTES (1u << 20)
#define DRDYNVC_DATA_FIRST 2u

struct rdp_channels {
	struct rdp_front *front;
	psPeerReceiveChannelData receive; /**< FreeRDP's */
	uint16_t dynamic_id, clipboard_id;
	size_t dynamic_bytes; /**< of the message in the making */
	struct rdp_front_clipboard *clipboard;
	bool target_copied;  /**< session_take_target_clipboard has something */
	GByteArray *message; /**< clipboard message in the making */
};

/* ---- Dynamic channels: a guard only ---- */

/* [MS-RDPEDYC] 2.2.3.1: FreeRDP allocates the announced length at once. */
static bool announces_too_much(const uint8_t *data, size_t size)
{
	static const unsigned id_bytes[] = {1, 2, 4, 4}, length_bytes[] = {1, 2, 4, 4};
	uint32_t length = 0;

	if (size < 1 || data[0] >> 4 != DRDYNVC_DATA_FIRST)
		return false;
	unsigned at = 1 + id_bytes[data[0] & 3], n = length_bytes[data[0] >> 2 & 3];
	if (at + n > size)
		return true;
	for (unsigned i = 0; i < n; i++)
		length |= (uint32_t)data[at + i] << (8 * i);
	return length > DYNAMIC_MAX_BYTES;
}

static bool dynamic_ok(struct rdp_channels *channels, const uint8_t *data, size_t size,
		       uint32_t flags, size_t total)
{
	if (flags & CHANNEL_FLAG_FIRST)
		channels->dynamic_bytes = 0;
	channels->dynamic_bytes += size;
	if (total > DYNAMIC_MAX_BYTES || channels->dynamic_bytes > DYNAMIC_MAX_BYTES)
		return false;
	return !(flags & CHANNEL_FLAG_FIRST) || !announces_too_much(data, size);
}

/* ---- Clipboard ---- */

static bool send_clipboard(void *user, const uint8_t *bytes, size_t length)
{
	struct rdp_channels *channels = user;
	freerdp_peer *peer = channels->front->peer;

	return peer->SendChannelData(peer, channels->clipboard_id, bytes, length);
}

static bool viewer_is_busy(void *user)
{
	freerdp_peer *peer = ((struct rdp_channels *)user)->front->peer;

	return peer->IsWriteBlocked(peer);
}

static void take_clipboard(void *user, const char *utf8)
{
	session_viewer_clipboard(((struct rdp_channels *)user)->front->session, utf8);
}

static bool receive_clipboard(struct rdp_channels *channels, const uint8_t *data, size_t size,
			      uint32_t flags, size_t total)
{
	GByteArray *message = channels->message;

	if (flags & CHANNEL_FLAG_FIRST)
		g_byte_array_set_size(message, 0);
	/* More than we would take: let it pass by and forget it; a person may copy what he
	 * likes. */
	if (total > RDP_FRONT_CLIPBOARD_MAX_BYTES ||
	    message->len + size > RDP_FRONT_CLIPBOARD_MAX_BYTES)
		return true;
	g_byte_array_append(message, data, (guint)size);
	if (!(flags & CHANNEL_FLAG_LAST))
		return true;
	return rdp_front_clipboard_receive(channels->clipboard, message->data, message->len);
}

bool rdp_channels_flush(struct rdp_channels *channels)
{
	g_autofree char *text = NULL;

	if (!channels->clipboard || viewer_is_busy(channels))
		return true;
	if (!rdp_front_clipboard_flush(channels->clipboard))
		return false;
	if (!channels->target_copied)
		return true;
	channels->target_copied = false;
	text = session_take_target_clipboard(channels->front->session);
	return !text || rdp_front_clipboard_offer(channels->clipboard, text);
}

void rdp_channels_target_copied(struct rdp_channels *channels)
{
	channels->target_copied = true;
}

/* ---- Both ---- */

static BOOL on_data(freerdp_peer *peer, UINT16 id, const BYTE *data, size_t size, UINT32 flags,
		    size_t total)
{
	struct rdp_channels *channels = rdp_front_of(peer->context)->static_channels;

	if (channels->clipboard && id == channels->clipboard_id)
		return receive_clipboard(channels, data, size, flags, total);
	if (id != channels->dynamic_id)
		return TRUE;
	return dynamic_ok(channels, data, size, flags, total) &&
	       channels->receive(peer, id, data, size, flags, total);
}

struct rdp_channels *rdp_channels_create(struct rdp_front *front)
{
	struct rdp_channels *channels = g_new0(struct rdp_channels, 1);

	channels->front = front;
	channels->receive = front->peer->ReceiveChannelData;
	channels->message = g_byte_array_new();
	front->peer->ReceiveChannelData = on_data;
	return channels;
}

bool rdp_channels_start(struct rdp_channels *channels)
{
	static const struct rdp_front_clipboard_ops ops = {send_clipboard, viewer_is_busy,
							   take_clipboard};
	freerdp_peer *peer = channels->front->peer;

	channels->dynamic_id = WTSChannelGetId(peer, DRDYNVC_SVC_CHANNEL_NAME);
	if (!WTSVirtualChannelManagerIsChannelJoined(channels->front->channels,
						     CLIPRDR_SVC_CHANNEL_NAME))
		return true;
	channels->clipboard_id = WTSChannelGetId(peer, CLIPRDR_SVC_CHANNEL_NAME);
	channels->clipboard = rdp_front_clipboard_create(&ops, channels);
	return rdp_front_clipboard_start(channels->clipboard);
}

void rdp_channels_destroy(struct rdp_channels *channels)
{
	if (!channels)
		return;
	rdp_front_clipboard_destroy(channels->clipboard);
	g_byte_array_unref(channels->message);
	g_free(channels);
}
