/** What front and back of the VNC room share: library set-up, log, text, RFB numbers. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** Security types (RFC 6143 7.2; 19 is VeNCrypt) and VeNCrypt subtypes. */
enum vnc_security { VNC_SECURITY_NONE = 1, VNC_SECURITY_VNC = 2, VNC_SECURITY_VENCRYPT = 19 };
enum vnc_vencrypt {
	VNC_VENCRYPT_X509_NONE = 260,
	VNC_VENCRYPT_X509_VNC = 261,
	VNC_VENCRYPT_X509_PLAIN = 262,
};

/** Buttons of a PointerEvent beyond left, middle and right (RFC 6143 7.5.5; rfbproto): a wheel's
 *  notch is a press and a release. */
enum vnc_button {
	VNC_WHEEL_UP = 1 << 3,
	VNC_WHEEL_DOWN = 1 << 4,
	VNC_WHEEL_LEFT = 1 << 5,
	VNC_WHEEL_RIGHT = 1 << 6,
	VNC_BUTTON_BACK = 1 << 7,
};

/** Longest clipboard text either way. */
#define VNC_CLIPBOARD_MAX_BYTES (1u << 20)

/** Routes both libraries' logs into ours (debug level: a peer can cause any number of lines) and
 *  loads what they load lazily. Before the sandbox and any thread. Returns 0 or -errno. */
int vnc_glue_prepare(void);

/** RFB's cut text is Latin-1 (RFC 6143 7.5.6). Free with g_free. Line ends come out as \n. */
char *vnc_glue_from_latin1(const char *text, size_t length);
/** What Latin-1 lacks becomes '?'. *ret_length without the NUL. Free with g_free. */
char *vnc_glue_to_latin1(const char *utf8, size_t *ret_length);

/** Text of a peer made fit for a log line: valid UTF-8, no control characters, at most 200
 *  bytes. Free with g_free. */
char *vnc_glue_printable(const char *text, size_t length);
