/** Text over the clipboard channel ([MS-RDPECLIP]), server side, as a machine without a channel:
 *  messages in, messages out. FreeRDP's own server allocates whatever length a viewer writes into a
 *  header; this one has one limit for everything. Formats other than Unicode text do not exist
 *  here: no files, no pictures. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Largest message in either direction: 2 MiB of UTF-16 text and its header. */
#define RDP_FRONT_CLIPBOARD_MAX_BYTES ((2u << 20) + 8u)

struct rdp_front_clipboard;

struct rdp_front_clipboard_ops {
	/** Sends one message to the viewer. False: the connection is broken. */
	bool (*send)(void *user, const uint8_t *bytes, size_t length);
	/** True while the viewer takes no more: its requests are answered later, by
	 *  rdp_front_clipboard_flush. */
	bool (*busy)(void *user);
	/** The viewer copied this. UTF-8, lines end in LF. */
	void (*text)(void *user, const char *utf8);
};

struct rdp_front_clipboard *rdp_front_clipboard_create(const struct rdp_front_clipboard_ops *ops,
						       void *user);
void rdp_front_clipboard_destroy(struct rdp_front_clipboard *clipboard);

/** Capabilities and Monitor Ready: the viewer answers with its formats. */
bool rdp_front_clipboard_start(struct rdp_front_clipboard *clipboard);
/** One whole message. False: it does not belong to the protocol, or the answer could not be
 *  sent. */
bool rdp_front_clipboard_receive(struct rdp_front_clipboard *clipboard, const uint8_t *bytes,
				 size_t length);
/** The target copied `utf8`: offered at once, sent when the viewer asks. Text beyond the
 *  limit is not offered. */
bool rdp_front_clipboard_offer(struct rdp_front_clipboard *clipboard, const char *utf8);
/** Answers what had to wait. */
bool rdp_front_clipboard_flush(struct rdp_front_clipboard *clipboard);
