/* The VNC back against targets written byte by byte: honest, wrong, hostile and silent ones. Picture, copies, cursor and clipboard are compared
 * with what the target sent; every bad target must end with its reason and in time. */
#include "base/secret.h"
#include "gateway/vnc/vnc_stream.h"
#include "gateway/vnc/vnc_tls.h"
#include "tests/unit/vnc/session_double.h"
#include "tests/unit/vnc/test_certificate.h"

#include <rfb/rfb.h>
#include <string.h>
#include <sys/socket.h>

#define RED 0xff0000u
#define GREEN 0x00ff00u
#define BLUE 0x0000ffu

static struct test_certificate certificate;

/** A target is a function on its own thread, at the other end of a socket pair. */
struct target {
	struct vnc_stream stream;
	void (*play)(struct target *target);
	struct session *session;
	struct back_target granted;
	char password[32];
	enum end_reason reason;
	char *detail;
	gint64 ended_us;
};

static gpointer target_thread(gpointer data)
{
	struct target *target = data;

	target->play(target);
	vnc_stream_finish(&target->stream);
	return NULL;
}

static gpointer back_thread(gpointer data)
{
	struct target *target = data;

	target->reason = vnc_back.run(target->session, &target->granted, &target->detail);
	target->ended_us = g_get_monotonic_time();
	return NULL;
}

static void target_init(struct target *target, void (*play)(struct target *))
{
	*target = (struct target){.play = play, .session = double_create()};
	target->granted = (struct back_target){
		.host = "127.0.0.1", .security = TARGET_PLAIN, .password = target->password};
}

static void target_finish(struct target *target)
{
	g_free(target->detail);
	double_destroy(target->session);
}

/* Runs the back against the target while `meanwhile` (may be NULL) looks on; returns why it ended. */
static enum end_reason run_back(struct target *target, void (*meanwhile)(struct target *))
{
	GThread *back, *play;
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	vnc_stream_init(&target->stream, pair[0], 8000);
	target->granted.fd = pair[1];
	play = g_thread_new("target", target_thread, target);
	back = g_thread_new("back", back_thread, target);
	if (meanwhile != NULL)
		meanwhile(target);
	g_thread_join(back);
	g_thread_join(play);
	return target->reason;
}

static void stop(struct target *target)
{
	struct back_command command = {.kind = BACK_STOP};

	double_command(target->session, &command);
}

/* ---- words of a target ---- */

static void say(struct target *t, const void *bytes, size_t length)
{
	vnc_stream_write(&t->stream, bytes, length);
}

static void hear(struct target *t, void *bytes, size_t length)
{
	g_assert_cmpint(vnc_stream_read(&t->stream, bytes, length), ==, 0);
}

static void say_16(struct target *t, unsigned value)
{
	uint8_t wire[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	say(t, wire, 2);
}

static void greet(struct target *t, const char *security_types, size_t n)
{
	char version[12];

	say(t, "RFB 003.008\n", 12);
	hear(t, version, 12);
	g_assert_cmpmem(version, 12, "RFB 003.008\n", 12);
	vnc_stream_write_u8(&t->stream, (uint8_t)n);
	say(t, security_types, n);
}

static void server_init(struct target *t, unsigned width, unsigned height)
{
	static const uint8_t format[16] = {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0};
	uint8_t shared;

	hear(t, &shared, 1);
	g_assert_cmpuint(shared, ==, 1);
	say_16(t, width);
	say_16(t, height);
	say(t, format, 16);
	vnc_stream_write_u32(&t->stream, 4);
	say(t, "test", 4);
}

static void let_in(struct target *t)
{
	uint8_t type;

	greet(t, "\x01", 1);
	hear(t, &type, 1);
	g_assert_cmpuint(type, ==, 1);
	vnc_stream_write_u32(&t->stream, 0);
}

/* SetPixelFormat, SetEncodings, the first request. */
static void hear_setup(struct target *t)
{
	static const uint8_t bgrx[20] = {0,   0, 0,   0, 32,  24, 0, 1, 0,
					 255, 0, 255, 0, 255, 16, 8, 0};
	uint8_t format[20], encodings[4 + 4 * 64], request[10];
	unsigned n;

	hear(t, format, 20);
	g_assert_cmpmem(format, 20, bgrx, 20);
	hear(t, encodings, 4);
	g_assert_cmpuint(encodings[0], ==, 2);
	n = (unsigned)(encodings[2] << 8 | encodings[3]);
	g_assert_cmpuint(n, <=, 64);
	hear(t, encodings + 4, 4 * n);
	hear(t, request, 10);
	g_assert_cmpuint(request[0], ==, 3);
	g_assert_cmpuint(request[1], ==, 0); /* all of it */
}

static void update(struct target *t, unsigned n_rects)
{
	say(t, "\0\0", 2);
	say_16(t, n_rects);
}

static void rect_header(struct target *t, unsigned x, unsigned y, unsigned width, unsigned height,
			int32_t encoding)
{
	say_16(t, x);
	say_16(t, y);
	say_16(t, width);
	say_16(t, height);
	vnc_stream_write_u32(&t->stream, (uint32_t)encoding);
}

static void raw_rect(struct target *t, unsigned x, unsigned y, unsigned width, unsigned height,
		     uint32_t bgrx)
{
	rect_header(t, x, y, width, height, rfbEncodingRaw);
	for (unsigned i = 0; i < width * height; i++)
		say(t, &bgrx, 4);
}

static void copy_rect(struct target *t, unsigned from_x, unsigned from_y, unsigned width,
		      unsigned height, unsigned x, unsigned y)
{
	rect_header(t, x, y, width, height, rfbEncodingCopyRect);
	say_16(t, from_x);
	say_16(t, from_y);
}

static void open_desktop(struct target *t)
{
	let_in(t);
	server_init(t, 64, 48);
	hear_setup(t);
}

/* Keeps the connection until the other side closes it. */
static void linger(struct target *t)
{
	uint8_t byte;

	while (vnc_stream_read(&t->stream, &byte, 1) == 0)
		;
}

/* ---- honest targets ---- */

static void play_picture(struct target *t)
{
	open_desktop(t);
	update(t, 4);
	raw_rect(t, 0, 0, 64, 48, RED);
	raw_rect(t, 8, 8, 4, 4, GREEN);
	copy_rect(t, 8, 8, 4, 4, 20, 20);
	raw_rect(t, 8, 8, 4, 4, BLUE);
	linger(t);
}

static void see_picture(struct target *t)
{
	g_assert_true(double_shows(t->session, 20, 20, GREEN));
	g_assert_true(double_shows(t->session, 23, 23, GREEN));
	g_assert_true(double_shows(t->session, 8, 8, BLUE));
	g_assert_true(double_shows(t->session, 24, 24, RED));
	g_assert_true(double_saw(t->session, "copy 4x4 8,8 -> 20,20"));
	g_assert_cmpuint(double_copies(t->session), ==, 1);
	stop(t);
}

static void test_picture(void)
{
	struct target t;

	target_init(&t, play_picture);
	g_assert_cmpint(run_back(&t, see_picture), ==, END_NONE);
	target_finish(&t);
}

static void play_resize(struct target *t)
{
	uint8_t request[10];

	open_desktop(t);
	update(t, 2);
	raw_rect(t, 0, 0, 64, 48, RED);
	rect_header(t, 0, 0, 80, 60, rfbEncodingExtDesktopSize);
	say(t,
	    "\x01\0\0\0"
	    "\0\0\0\x09"
	    "\0\0\0\0"
	    "\0\x50\0\x3c"
	    "\0\0\0\0",
	    20);
	hear(t, request, 10);
	g_assert_cmpuint(request[1], ==, 1);
	hear(t, request, 10); /* what did not change since is not known yet: all of it, please */
	g_assert_cmpmem(request, 10, "\x03\0\0\0\0\0\0\x50\0\x3c", 10);
	update(t, 1);
	raw_rect(t, 70, 50, 10, 10, GREEN);
	linger(t);
}

static void see_resize(struct target *t)
{
	g_assert_true(double_saw(t->session, "resize 80x60"));
	g_assert_true(double_shows(t->session, 79, 59, GREEN));
	stop(t);
}

static void test_resize(void)
{
	struct target t;

	target_init(&t, play_resize);
	g_assert_cmpint(run_back(&t, see_resize), ==, END_NONE);
	target_finish(&t);
}

static void play_cursor(struct target *t)
{
	static const uint8_t rich[] = {1, 2, 3, 0, 4, 5, 6, 0, 0x80};

	open_desktop(t);
	update(t, 3);
	rect_header(t, 1, 0, 2, 1, rfbEncodingRichCursor);
	say(t, rich, sizeof(rich));
	rect_header(t, 30, 20, 0, 0, rfbEncodingPointerPos);
	raw_rect(t, 0, 0, 64, 48, RED);
	update(t, 1); /* CursorWithAlpha: half transparent red, premultiplied */
	rect_header(t, 0, 0, 1, 1, -314);
	say(t,
	    "\0\0\0\0"
	    "\x80\0\0\x80",
	    8);
	update(t, 1); /* and an empty one */
	rect_header(t, 0, 0, 0, 0, -314);
	say(t, "\0\0\0\0", 4);
	say(t, "\x03\0\0\0\0\0\0\x04g\xfcn\r", 12); /* "gün" */
	linger(t);
}

static void see_cursor(struct target *t)
{
	g_assert_true(double_saw(t->session, "cursor 2x1 hot 1,0"));
	g_assert_true(double_saw(t->session, "pointer at 30,20"));
	g_assert_true(double_saw(t->session, "cursor 1x1 hot 0,0"));
	g_assert_true(double_saw(t->session, "cursor 0x0 hot 0,0"));
	g_assert_true(double_saw(t->session, "target clipboard gün\n"));
	stop(t);
}

static void test_cursor(void)
{
	struct target t;

	target_init(&t, play_cursor);
	g_assert_cmpint(run_back(&t, see_cursor), ==, END_NONE);
	target_finish(&t);
}

static void play_input(struct target *t)
{
	uint8_t request[10];

	open_desktop(t);
	update(t, 2);
	raw_rect(t, 0, 0, 64, 48, RED);
	rect_header(t, 0, 0, 64, 48, rfbEncodingExtDesktopSize);
	say(t,
	    "\x01\0\0\0"
	    "\0\0\0\x09"
	    "\0\0\0\0"
	    "\0\x40\0\x30"
	    "\0\0\0\x07",
	    20);
	hear(t, request, 10);
	say(t, "\x02", 1); /* bell: nothing to tell */
	for (;;) {
		static const char expected[] = "\x04\x01\0\0\0\0\x20\xac"
					       "\x05\x04\0\x05\0\x06"
					       "\x05\x0c\0\x05\0\x06"
					       "\x05\x04\0\x05\0\x06"
					       "\x06\0\0\0\0\0\0\x03g\xfc?"
					       "\xfb\0\x03\x20\x02\x58\x01\0"
					       "\0\0\0\x09"
					       "\0\0\0\0\x03\x20\x02\x58"
					       "\0\0\0\x07";
		char heard[sizeof(expected) - 1];

		hear(t, heard, sizeof(heard));
		g_assert_cmpmem(heard, sizeof(heard), expected, sizeof(expected) - 1);
		break;
	}
	say(t, "\x03\0\0\0\0\0\0\x05heard", 13);
	linger(t);
}

static void see_input(struct target *t)
{
	struct back_command key = {.kind = BACK_KEY,
				   .key = {KEY_KEYSYM, 0x20ac, KEY_PREFIX_NONE, true}};
	struct back_command pointer = {.kind = BACK_POINTER,
				       .pointer = {5, 6, POINTER_RIGHT, 150, 0}};
	struct back_command clipboard = {.kind = BACK_CLIPBOARD, .clipboard = g_strdup("gü€")};
	struct back_command size = {.kind = BACK_SIZE, .size = {800, 600}};

	g_assert_true(double_shows(t->session, 0, 0, RED));
	double_command(t->session, &key);
	double_command(t->session, &pointer);
	double_command(t->session, &clipboard);
	double_command(t->session, &size);
	g_assert_true(double_saw(t->session, "target clipboard heard"));
	stop(t);
}

static void test_input(void)
{
	struct target t;

	target_init(&t, play_input);
	g_assert_cmpint(run_back(&t, see_input), ==, END_NONE);
	target_finish(&t);
}

/* ---- getting in ---- */

static void play_vnc_auth(struct target *t)
{
	unsigned char challenge[16], answer[16], expected[16];
	char password[] = "geheim12";
	uint8_t type;

	memset(challenge, 0x5a, sizeof(challenge));
	memcpy(expected, challenge, sizeof(challenge));
	rfbEncryptBytes(expected, password);
	greet(t, "\x02", 1);
	hear(t, &type, 1);
	say(t, challenge, 16);
	hear(t, answer, 16);
	if (memcmp(answer, expected, 16) == 0) {
		vnc_stream_write_u32(&t->stream, 0);
		server_init(t, 64, 48);
		hear_setup(t);
		say(t, "\x03\0\0\0\0\0\0\x02in", 10);
		linger(t);
	} else {
		vnc_stream_write_u32(&t->stream, 1);
		vnc_stream_write_u32(&t->stream, 9);
		say(t, "wrong\nkey", 9);
	}
}

static void see_in(struct target *t)
{
	g_assert_true(double_saw(t->session, "target clipboard in"));
	stop(t);
}

static void test_vnc_auth(void)
{
	struct target t;

	target_init(&t, play_vnc_auth);
	g_strlcpy(t.password, "geheim123456", sizeof(t.password)); /* only eight count */
	g_assert_cmpint(run_back(&t, see_in), ==, END_NONE);
	g_assert_cmpuint(strlen(t.password), ==, 0); /* wiped */
	target_finish(&t);

	target_init(&t, play_vnc_auth);
	g_strlcpy(t.password, "falsch", sizeof(t.password));
	g_assert_cmpint(run_back(&t, NULL), ==, END_TARGET_LOGIN);
	g_assert_cmpstr(t.detail, ==, "the target says: wrong key");
	target_finish(&t);
}

static void play_only_plain(struct target *t)
{
	greet(t, "\x01\x02", 2);
	linger(t);
}

static void test_plain_needs_permission(void)
{
	struct target t;

	target_init(&t, play_only_plain);
	t.granted.security = TARGET_TLS_PINNED;
	t.granted.certificate_sha256 = certificate.sha256;
	g_assert_cmpint(run_back(&t, NULL), ==, END_TARGET_CERTIFICATE);
	target_finish(&t);
}

/* VeNCrypt with one subtype, up to the end of the TLS handshake. False when the other side left. */
static bool vencrypt(struct target *t, unsigned subtype)
{
	uint8_t type, version[2];
	uint32_t chosen;

	greet(t, "\x13\x01", 2);
	if (vnc_stream_read_u8(&t->stream, &type) < 0)
		return false;
	g_assert_cmpuint(type, ==, 19);
	say(t, "\0\2", 2);
	hear(t, version, 2);
	say(t, "\0\1", 2);
	vnc_stream_write_u32(&t->stream, subtype);
	if (vnc_stream_read_u32(&t->stream, &chosen) < 0)
		return false;
	g_assert_cmpuint(chosen, ==, subtype);
	vnc_stream_write_u8(&t->stream, 1);
	return vnc_tls_accept(&t->stream, certificate.certificate_pem, certificate.key_pem) == 0;
}

static void play_x509_none(struct target *t)
{
	uint8_t byte;

	if (!vencrypt(t, 260))
		return;
	vnc_stream_write_u32(&t->stream, 0);
	/* A back that does not trust us must have left by now. */
	if (vnc_stream_read_u8(&t->stream, &byte) < 0)
		return;
	say_16(t, 64);
	say_16(t, 48);
	say(t,
	    "\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"
	    "\0\0\0\0",
	    20);
	hear_setup(t);
	update(t, 1);
	raw_rect(t, 0, 0, 64, 48, GREEN);
	linger(t);
}

static void see_green(struct target *t)
{
	g_assert_true(double_shows(t->session, 63, 47, GREEN));
	stop(t);
}

static enum end_reason run_x509(const char *pin, const char *ca, const char *host, bool welcome)
{
	struct target t;
	enum end_reason reason;

	target_init(&t, play_x509_none);
	t.granted.security = TARGET_TLS_PINNED;
	t.granted.certificate_sha256 = pin;
	t.granted.ca_pem = ca;
	t.granted.host = host;
	reason = run_back(&t, welcome ? see_green : NULL);
	target_finish(&t);
	return reason;
}

static void test_x509(void)
{
	struct test_certificate other;
	g_autofree char *bare = g_ascii_strdown(certificate.sha256, -1);

	test_certificate_init(&other);
	g_assert_cmpint(run_x509(certificate.sha256, NULL, "anything", true), ==, END_NONE);
	g_assert_cmpint(run_x509(bare, "", "127.0.0.1", true), ==, END_NONE);
	g_assert_cmpint(run_x509("", certificate.certificate_pem, "127.0.0.1", true), ==, END_NONE);
	g_assert_cmpint(run_x509(NULL, certificate.certificate_pem, "target.example", true), ==,
			END_NONE);
	g_assert_cmpint(run_x509(other.sha256, NULL, "127.0.0.1", false), ==,
			END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509(NULL, other.certificate_pem, "127.0.0.1", false), ==,
			END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509(NULL, certificate.certificate_pem, "other.example", false), ==,
			END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509(other.sha256, certificate.certificate_pem, "127.0.0.1", false), ==,
			END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509(NULL, "no PEM", "127.0.0.1", false), ==, END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509("", "", "127.0.0.1", false), ==, END_TARGET_CERTIFICATE);
	test_certificate_finish(&other);
}

static void play_tls_vnc(struct target *t)
{
	vencrypt(t, 258); /* TLSVnc: encrypted to nobody knows whom */
}

static void test_tls_without_identity(void)
{
	struct target t;

	target_init(&t, play_tls_vnc);
	t.granted.security = TARGET_TLS_PINNED;
	t.granted.certificate_sha256 = certificate.sha256;
	g_assert_cmpint(run_back(&t, NULL), ==, END_TARGET_CERTIFICATE);
	target_finish(&t);
}

/* ---- hostile and silent targets ---- */

static void play_garbage(struct target *t)
{
	say(t, "HTTP/1.1 400 Bad", 16);
	linger(t);
}

static void play_huge(struct target *t)
{
	let_in(t);
	server_init(t, 65535, 65535);
	linger(t);
}

static void play_tiny(struct target *t)
{
	let_in(t);
	server_init(t, 0, 0);
	linger(t);
}

static void play_grow_huge(struct target *t)
{
	open_desktop(t);
	update(t, 1);
	rect_header(t, 0, 0, 30000, 30000, rfbEncodingNewFBSize);
	linger(t);
}

static void play_long_name(struct target *t)
{
	uint8_t shared;

	let_in(t);
	hear(t, &shared, 1);
	say(t,
	    "\0\x40\0\x30\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"
	    "\x7f\xff\xff\xff",
	    24);
	linger(t);
}

static void play_outside(struct target *t)
{
	open_desktop(t);
	update(t, 1);
	rect_header(t, 60, 40, 10, 10, rfbEncodingRaw);
	linger(t);
}

static void play_copy_outside(struct target *t)
{
	open_desktop(t);
	update(t, 1);
	copy_rect(t, 60, 0, 10, 10, 0, 0);
	linger(t);
}

static void play_cut_text(struct target *t)
{
	open_desktop(t);
	say(t, "\x03\0\0\0\x7f\xff\xff\xff", 8);
	linger(t);
}

static void play_cursor_encoding(struct target *t)
{
	open_desktop(t);
	update(t, 1);
	rect_header(t, 0, 0, 40, 40, -314);
	say(t, "\0\0\0\x07", 4);
	linger(t);
}

static void play_unknown_encoding(struct target *t)
{
	open_desktop(t);
	update(t, 1);
	rect_header(t, 0, 0, 4, 4, 0x574d5664);
	linger(t);
}

static void play_hang_up(struct target *t)
{
	open_desktop(t);
	update(t, 1);
	rect_header(t, 0, 0, 64, 48, rfbEncodingRaw);
}

static void play_no_types(struct target *t)
{
	greet(t, "", 0);
	vnc_stream_write_u32(&t->stream, 8);
	say(t, "too busy", 8);
}

static void test_hostile(void)
{
	static const struct {
		void (*play)(struct target *);
		enum end_reason reason;
	} rows[] = {
		{play_garbage, END_TARGET_PROTOCOL},
		{play_huge, END_TARGET_PROTOCOL},
		{play_tiny, END_TARGET_PROTOCOL},
		{play_grow_huge, END_TARGET_PROTOCOL},
		{play_long_name, END_TARGET_PROTOCOL},
		{play_outside, END_TARGET_PROTOCOL},
		{play_copy_outside, END_TARGET_PROTOCOL},
		{play_cut_text, END_TARGET_PROTOCOL},
		{play_cursor_encoding, END_TARGET_PROTOCOL},
		{play_unknown_encoding, END_TARGET_PROTOCOL},
		{play_hang_up, END_TARGET_CLOSED},
		{play_no_types, END_TARGET_CLOSED},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct target t;
		enum end_reason reason;

		target_init(&t, rows[i].play);
		reason = run_back(&t, NULL);
		if (reason != rows[i].reason)
			g_error("row %u: %s (%s)", i, end_reason_key(reason), t.detail);
		target_finish(&t);
	}
}

static void play_silent(struct target *t)
{
	linger(t);
}

static void play_silent_in_message(struct target *t)
{
	open_desktop(t);
	update(t, 1);
	raw_rect(t, 0, 0, 64, 48, RED);
	update(t, 1);
	rect_header(t, 0, 0, 64, 48, rfbEncodingRaw);
	say(t, "\x03", 1);
	linger(t);
}

static void stop_now(struct target *t)
{
	session_end(t->session, END_TERMINATED, NULL);
}

/* The half message came in the same breath as the whole one before it. */
static void stop_in_message(struct target *t)
{
	g_assert_true(double_shows(t->session, 0, 0, RED));
	session_end(t->session, END_TERMINATED, NULL);
}

static void test_silence_can_be_stopped(void)
{
	struct target t;
	gint64 start_us = g_get_monotonic_time();

	target_init(&t, play_silent);
	g_assert_cmpint(run_back(&t, stop_now), ==, END_NONE);
	target_finish(&t);

	target_init(&t, play_silent_in_message);
	g_assert_cmpint(run_back(&t, stop_in_message), ==, END_NONE);
	target_finish(&t);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 2 * G_TIME_SPAN_SECOND);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0); /* a front and a back of one process both do */
	test_certificate_init(&certificate);
	g_test_add_func("/vnc-back/picture", test_picture);
	g_test_add_func("/vnc-back/resize", test_resize);
	g_test_add_func("/vnc-back/cursor-and-clipboard", test_cursor);
	g_test_add_func("/vnc-back/input", test_input);
	g_test_add_func("/vnc-back/vnc-auth", test_vnc_auth);
	g_test_add_func("/vnc-back/plain-needs-permission", test_plain_needs_permission);
	g_test_add_func("/vnc-back/x509", test_x509);
	g_test_add_func("/vnc-back/tls-without-identity", test_tls_without_identity);
	g_test_add_func("/vnc-back/hostile", test_hostile);
	g_test_add_func("/vnc-back/silence-can-be-stopped", test_silence_can_be_stopped);
	result = g_test_run();
	test_certificate_finish(&certificate);
	return result;
}
