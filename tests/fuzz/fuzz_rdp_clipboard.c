/* Fuzz target: an RDP viewer's clipboard messages. Input: {u8 what, u16 length, message}, repeated;
 * `what` says what happens around it. */
#include "gateway/rdp/rdp_front_clipboard.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum what { BUSY = 1, OFFER = 2, FLUSH = 4 };

static bool check_message(void *user, const uint8_t *bytes, size_t length)
{
	guint32 body;

	g_assert(length >= 8 && length <= RDP_FRONT_CLIPBOARD_MAX_BYTES);
	memcpy(&body, bytes + 4, sizeof body);
	g_assert(GUINT32_FROM_LE(body) == length - 8);
	return true;
}

static bool is_busy(void *user)
{
	return *(const uint8_t *)user & BUSY;
}

static void check_text(void *user, const char *utf8)
{
	g_assert(g_utf8_validate(utf8, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rdp_front_clipboard_ops ops = {check_message, is_busy, check_text};
	uint8_t what = 0;
	struct rdp_front_clipboard *clipboard = rdp_front_clipboard_create(&ops, &what);
	bool alive = rdp_front_clipboard_start(clipboard);

	while (alive && size >= 3) {
		size_t length = MIN(data[1] | (size_t)data[2] << 8, size - 3);
		what = data[0];
		if (what & OFFER)
			rdp_front_clipboard_offer(clipboard,
						  "gr\xc3\xbc\xc3\x9f\n\xf0\x9f\x94\x92");
		alive = rdp_front_clipboard_receive(clipboard, data + 3, length);
		if (what & FLUSH)
			rdp_front_clipboard_flush(clipboard);
		data += 3 + length;
		size -= 3 + length;
	}
	rdp_front_clipboard_destroy(clipboard);
	return 0;
}
