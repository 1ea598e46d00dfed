/* The far side of the VNC back: a thread that speaks RFB word by word, right or wrong
 * as the test wants it. */
#include "tests/unit/vnc/scripted_target.h"
#include "tests/support/patience.h"

#include <rfb/rfbproto.h>
#include <string.h>
#include <sys/socket.h>

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

void target_init(struct target *target, void (*play)(struct target *))
{
	*target = (struct target){.play = play, .session = double_create()};
	target->granted = (struct back_target){
		.host = "127.0.0.1", .security = TARGET_PLAIN, .password = target->password};
}

void target_finish(struct target *target)
{
	g_free(target->detail);
	double_destroy(target->session);
}

enum end_reason target_run_back(struct target *target, void (*meanwhile)(struct target *))
{
	GThread *back, *play;
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	vnc_stream_init(&target->stream, pair[0], PATIENCE_MS);
	target->granted.fd = pair[1];
	play = g_thread_new("target", target_thread, target);
	back = g_thread_new("back", back_thread, target);
	if (meanwhile != NULL)
		meanwhile(target);
	g_thread_join(back);
	g_thread_join(play);
	return target->reason;
}

void target_stop_back(struct target *target)
{
	struct back_command command = {.kind = BACK_STOP};

	double_command(target->session, &command);
}

void target_say(struct target *t, const void *bytes, size_t length)
{
	vnc_stream_write(&t->stream, bytes, length);
}

void target_hear(struct target *t, void *bytes, size_t length)
{
	g_assert_cmpint(vnc_stream_read(&t->stream, bytes, length), ==, 0);
}

void target_say_16(struct target *t, unsigned value)
{
	uint8_t wire[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	target_say(t, wire, 2);
}

void target_greet(struct target *t, const char *security_types, size_t n)
{
	char version[12];

	target_say(t, "RFB 003.008\n", 12);
	target_hear(t, version, 12);
	g_assert_cmpmem(version, 12, "RFB 003.008\n", 12);
	vnc_stream_write_u8(&t->stream, (uint8_t)n);
	target_say(t, security_types, n);
}

void target_server_init(struct target *t, unsigned width, unsigned height)
{
	static const uint8_t format[16] = {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0};
	uint8_t shared;

	target_hear(t, &shared, 1);
	g_assert_cmpuint(shared, ==, 1);
	target_say_16(t, width);
	target_say_16(t, height);
	target_say(t, format, 16);
	vnc_stream_write_u32(&t->stream, 4);
	target_say(t, "test", 4);
}

void target_let_in(struct target *t)
{
	uint8_t type;

	target_greet(t, "\x01", 1);
	target_hear(t, &type, 1);
	g_assert_cmpuint(type, ==, 1);
	vnc_stream_write_u32(&t->stream, 0);
}

void target_hear_setup(struct target *t)
{
	static const uint8_t bgrx[20] = {0,   0, 0,   0, 32,  24, 0, 1, 0,
					 255, 0, 255, 0, 255, 16, 8, 0};
	uint8_t format[20], encodings[4 + 4 * 64], request[10];
	unsigned n;

	target_hear(t, format, 20);
	g_assert_cmpmem(format, 20, bgrx, 20);
	target_hear(t, encodings, 4);
	g_assert_cmpuint(encodings[0], ==, 2);
	n = (unsigned)(encodings[2] << 8 | encodings[3]);
	g_assert_cmpuint(n, <=, 64);
	target_hear(t, encodings + 4, 4 * n);
	target_hear(t, request, 10);
	g_assert_cmpuint(request[0], ==, 3);
	g_assert_cmpuint(request[1], ==, 0); /* all of it */
}

void target_update(struct target *t, unsigned n_rects)
{
	target_say(t, "\0\0", 2);
	target_say_16(t, n_rects);
}

void target_rect(struct target *t, unsigned x, unsigned y, unsigned width, unsigned height,
		 int32_t encoding)
{
	target_say_16(t, x);
	target_say_16(t, y);
	target_say_16(t, width);
	target_say_16(t, height);
	vnc_stream_write_u32(&t->stream, (uint32_t)encoding);
}

void target_raw_rect(struct target *t, unsigned x, unsigned y, unsigned width, unsigned height,
		     uint32_t bgrx)
{
	target_rect(t, x, y, width, height, rfbEncodingRaw);
	for (unsigned i = 0; i < width * height; i++)
		target_say(t, &bgrx, 4);
}

void target_copy_rect(struct target *t, unsigned from_x, unsigned from_y, unsigned width,
		      unsigned height, unsigned x, unsigned y)
{
	target_rect(t, x, y, width, height, rfbEncodingCopyRect);
	target_say_16(t, from_x);
	target_say_16(t, from_y);
}

void target_open_desktop(struct target *t)
{
	target_let_in(t);
	target_server_init(t, 64, 48);
	target_hear_setup(t);
}

void target_linger(struct target *t)
{
	uint8_t byte;

	while (vnc_stream_read(&t->stream, &byte, 1) == 0)
		;
}
