/* Paints shades of grey and counts them again in the recording. */
#include "tests/unit/recorder/shade_session.h"

#include "tests/support/patience.h"
#include "tests/unit/recorder/recording_reader.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define WIDTH 128u
#define HEIGHT 96u
#define N_SHADES 40u
#define SHADE_STEP 5u
#define SHADE_FIRST_LUMA 20u

/* Grey g becomes Y = 16 + 219 g / 255 (BT.709, limited range). */
static uint32_t grey(unsigned n)
{
	unsigned luma = SHADE_FIRST_LUMA + n % N_SHADES * SHADE_STEP;
	uint32_t g = ((luma - 16) * 255 + 109) / 219;

	return g << 16 | g << 8 | g;
}

static unsigned shade_of(uint8_t luma)
{
	return (luma - SHADE_FIRST_LUMA + SHADE_STEP / 2) / SHADE_STEP % N_SHADES;
}

void shade_session_finish(struct shade_session *session)
{
	painter_finish(&session->painter);
}

void shade_session_paint(struct shade_session *session)
{
	const struct rect whole = {0, 0, ring_writer_width(session->painter.writer),
				   ring_writer_height(session->painter.writer)};

	painter_fill(&session->painter, &whole, grey(session->n_painted++));
}

/* Dead, but not yet reaped: whoever expected it does that. */
static bool is_dead(const struct recorder_process *p)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == p->pid;
}

/* The recorder closes the link when it cannot go on; that freezes a session. */
static bool is_frozen(const struct shade_session *session)
{
	struct pollfd link = {session->painter.link_fd, 0, 0};

	return poll(&link, 1, 0) == 1 && (link.revents & POLLHUP) != 0;
}

static bool wait_for_more(const struct shade_session *session, uint64_t before)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

	/* Less is no more: a failed write is cut back, a file may be between two names. */
	while (recorder_process_video_bytes(session->process) <= before) {
		if (is_dead(session->process) || is_frozen(session))
			return false;
		g_assert_cmpint(g_get_monotonic_time(), <, until_us);
		g_usleep(2000);
	}
	return true;
}

bool shade_session_open(struct shade_session *session, struct recorder_process *p)
{
	*session = (struct shade_session){.process = p};
	painter_connect(&session->painter, p, false);
	g_assert_cmpint(ring_writer_create(WIDTH, HEIGHT, &session->painter.writer), ==, 0);
	shade_session_paint(session);
	return painter_offer(&session->painter) && wait_for_more(session, 0);
}

bool shade_session_paint_and_wait(struct shade_session *session)
{
	uint64_t before = recorder_process_video_bytes(session->process);

	shade_session_paint(session);
	return wait_for_more(session, before);
}

bool shade_session_resize(struct shade_session *session, uint32_t width, uint32_t height)
{
	struct painter *painter = &session->painter;

	ring_writer_destroy(painter->writer);
	g_assert_cmpint(ring_writer_create(width, height, &painter->writer), ==, 0);
	/* What the session shows when it resizes is the picture it had. */
	session->n_painted--;
	shade_session_paint(session);
	return painter_offer(painter);
}

bool shade_session_close(struct shade_session *session)
{
	const struct recorder_close message = {(char *)(uintptr_t)TEST_SESSION, END_VIEWER_LEFT,
					       NULL};
	struct recorder_sealed sealed;

	recorder_process_send(session->process, RECORDER_CLOSE, &message, NULL, 0);
	if (!recorder_process_hear(session->process, RECORDER_SEALED, &sealed))
		return false;
	bool ok = sealed.ok;
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	return ok;
}

unsigned shade_session_count_lost(const struct shade_session *session)
{
	g_autofree char *dir = recorder_process_recording(session->process);
	struct recording_reader reader;
	unsigned next = 0, lost = 0;

	recording_reader_open(&reader, dir);
	for (unsigned i = 0; i < reader.corners->len; i++) {
		unsigned shade = shade_of(reader.corners->data[i]);
		/* The same again: a picture without changes, or an IDR behind a kill. */
		if (next > 0 && shade == (next - 1) % N_SHADES)
			continue;
		unsigned skipped = (shade + N_SHADES - next % N_SHADES) % N_SHADES;
		lost += skipped;
		next += skipped + 1;
	}
	recording_reader_close(&reader);
	g_assert_cmpuint(next, <=, session->n_painted);
	return lost + session->n_painted - next;
}
