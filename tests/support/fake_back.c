/* A back whose "protocol" is the test's own list of steps over a SOCK_SEQPACKET pair. What the core
 * sends as input goes back the same way. */
#include "tests/support/fake_back.h"
#include "tests/support/patience.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX_BYTES 1024

/* What the back writes: a step done, or a command it got. */
struct fake_report {
	bool is_command;
	struct back_command command;
	char text[TEXT_MAX_BYTES];
};

struct fake_screen {
	struct session *session;
	uint8_t *pixels;
	uint32_t width, height;
};

static uint32_t *row_of(struct fake_screen *s, uint32_t y)
{
	return (uint32_t *)(void *)s->pixels + (size_t)y * s->width;
}

static void resize(struct fake_screen *s, const struct fake_step *step)
{
	g_free(s->pixels);
	s->width = step->rect.width;
	s->height = step->rect.height;
	s->pixels = g_malloc0_n((size_t)s->width * s->height, 4);
	int result = session_resize(s->session, s->width, s->height);
	g_assert_true(result == 0 || result == -ECANCELED);
}

static void paint(struct fake_screen *s, const struct fake_step *step, bool solid)
{
	struct rect r = step->rect;

	g_assert_true(rect_clip(&r, s->width, s->height));
	for (uint32_t y = r.y; y < r.y + r.height; y++)
		for (uint32_t x = r.x; x < r.x + r.width; x++)
			row_of(s, y)[x] = solid ? step->seed : fake_pattern(step->seed, x, y);
	if (solid)
		session_fill(s->session, &r, step->seed);
	else
		session_paint(s->session, s->pixels, (size_t)s->width * 4, &r, 1);
}

static void copy(struct fake_screen *s, const struct fake_step *step)
{
	const struct rect *to = &step->rect;
	g_autofree uint32_t *moved = g_malloc_n((size_t)to->width * to->height, 4);

	for (uint32_t y = 0; y < to->height; y++)
		memcpy(moved + (size_t)y * to->width, row_of(s, step->from_y + y) + step->from_x,
		       (size_t)to->width * 4);
	for (uint32_t y = 0; y < to->height; y++)
		memcpy(row_of(s, to->y + y) + to->x, moved + (size_t)y * to->width,
		       (size_t)to->width * 4);
	session_copy(s->session, to, step->from_x, step->from_y);
}

static void set_cursor(struct fake_screen *s, const struct fake_step *step)
{
	uint32_t width = step->rect.width, height = step->rect.height;
	g_autofree uint32_t *bgra = g_malloc_n((size_t)width * height, 4);

	for (uint32_t i = 0; i < width * height; i++)
		bgra[i] = fake_pattern(step->seed, i % width, i / width) | 0xff000000u;
	const struct cursor_shape shape = {width, height, step->from_x, step->from_y,
					   (uint8_t *)bgra};
	session_set_cursor(s->session, &shape);
}

static void act(struct fake_screen *s, const struct fake_step *step)
{
	g_autofree char *text = NULL;

	switch (step->kind) {
	case FAKE_SIZE:
		resize(s, step);
		break;
	case FAKE_PAINT:
	case FAKE_FILL:
		paint(s, step, step->kind == FAKE_FILL);
		break;
	case FAKE_COPY:
		copy(s, step);
		break;
	case FAKE_FRAME:
		session_frame(s->session);
		break;
	case FAKE_CURSOR:
		set_cursor(s, step);
		break;
	case FAKE_POINTER:
		session_set_pointer(s->session, (int32_t)step->rect.x, (int32_t)step->rect.y, true);
		break;
	case FAKE_CLIPBOARD:
		text = g_strdup_printf("clip %u", step->seed);
		session_target_clipboard(s->session, text);
		break;
	case FAKE_HOLD:
	case FAKE_CLOSE:
		break;
	}
}

static void report(int fd, const struct fake_report *report)
{
	/* A test that closed its end is not interested. */
	g_assert_true(send(fd, report, sizeof *report, MSG_NOSIGNAL) == sizeof *report ||
		      errno == EPIPE || errno == ECONNRESET);
}

/* Returns false at BACK_STOP. */
static bool pass_commands(struct session *session, int fd)
{
	struct fake_report r = {.is_command = true};

	while (session_back_next(session, &r.command)) {
		if (r.command.kind == BACK_CLIPBOARD) {
			g_strlcpy(r.text, r.command.clipboard, sizeof r.text);
			g_free(r.command.clipboard);
		}
		report(fd, &r);
		if (r.command.kind == BACK_STOP)
			return false;
	}
	return true;
}

static enum end_reason serve(struct fake_screen *s, int fd)
{
	const struct fake_report done = {.is_command = false};
	struct fake_step step = {.kind = FAKE_FRAME};

	for (;;) {
		int input = step.kind == FAKE_HOLD ? -1 : session_back_fd(s->session);
		struct pollfd fds[] = {{fd, POLLIN, 0}, {input, POLLIN, 0}};
		g_assert_cmpint(poll(fds, 2, -1), >=, 1);
		if (fds[1].revents != 0 && !pass_commands(s->session, fd))
			return END_NONE;
		if (fds[0].revents == 0)
			continue;
		if (recv(fd, &step, sizeof step, 0) != sizeof step)
			return END_TARGET_CLOSED;
		if (step.kind == FAKE_CLOSE)
			return (enum end_reason)step.seed;
		act(s, &step);
		report(fd, &done);
	}
}

static int prepare(void)
{
	return 0;
}

static enum end_reason run(struct session *session, struct back_target *target, char **ret_detail)
{
	struct fake_screen screen = {.session = session};
	enum end_reason reason = serve(&screen, target->fd);

	close(target->fd);
	g_free(screen.pixels);
	*ret_detail = g_strdup("the script says so");
	return reason;
}

const struct back_ops fake_back_rdp = {"rdp", BACK_KEYS_SCANCODE, prepare, run};
const struct back_ops fake_back_vnc = {"vnc", BACK_KEYS_KEYSYM, prepare, run};
const struct back_ops *const fake_backs[] = {&fake_back_rdp, &fake_back_vnc, NULL};

/* ---- The test's end ---- */

struct fake_target {
	int fd;
	GQueue commands; /* came while a step was awaited */
};

struct fake_target *fake_target_create(int *ret_session_fd)
{
	struct fake_target *target = g_new0(struct fake_target, 1);
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
	target->fd = pair[0];
	*ret_session_fd = pair[1];
	return target;
}

void fake_target_close(struct fake_target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	target->fd = -1;
}

void fake_target_destroy(struct fake_target *target)
{
	fake_target_close(target);
	g_queue_clear_full(&target->commands, g_free);
	g_free(target);
}

static struct fake_report *receive(struct fake_target *target)
{
	struct pollfd p = {target->fd, POLLIN, 0};
	g_autofree struct fake_report *got = g_new(struct fake_report, 1);

	if (poll(&p, 1, PATIENCE_MS) != 1 || recv(target->fd, got, sizeof *got, 0) != sizeof *got)
		return NULL;
	return g_steal_pointer(&got);
}

bool fake_target_start(struct fake_target *target, const struct fake_step *step)
{
	return send(target->fd, step, sizeof *step, MSG_NOSIGNAL) == sizeof *step;
}

bool fake_target_finish(struct fake_target *target)
{
	struct fake_report *got;

	while ((got = receive(target)) != NULL && got->is_command)
		g_queue_push_tail(&target->commands, got);
	bool done = got != NULL;
	g_free(got);
	return done;
}

bool fake_target_step(struct fake_target *target, const struct fake_step *step)
{
	return fake_target_start(target, step) && fake_target_finish(target);
}

bool fake_target_input(struct fake_target *target, struct back_command *ret)
{
	g_autofree struct fake_report *got = g_queue_pop_head(&target->commands);

	if (got == NULL)
		got = receive(target);
	if (got == NULL || !got->is_command)
		return false;
	*ret = got->command;
	if (ret->kind == BACK_CLIPBOARD)
		ret->clipboard = g_strdup(got->text);
	return true;
}
