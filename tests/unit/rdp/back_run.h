/** The whole RDP back in a test: its session core (session_double.h), its target (fake_target.h),
 *  and waiting for what it does. */
#pragma once

#include "tests/support/patience.h"
#include "tests/support/session_double.h"
#include "tests/unit/rdp/fake_target.h"

#define WIDTH 640u
#define HEIGHT 480u

/** One back with the target it talks to; zeroed before its start. */
struct run {
	struct session *session;
	struct back_target target;
	char password[16];
	GThread *thread;
	uint32_t deadline_ms; /**< to an active desktop; 0: PATIENCE_MS */
	enum end_reason reason;
	char *detail;
	struct fake_target *fake; /**< NULL: the test holds the target's end itself */
	char *pin;
};

void run_start(struct run *run, const struct fake_target_plan *plan);
/** On the back's end of a connection, with this fingerprint of the target's certificate. */
void run_start_on(struct run *run, int fd, const char *pin);
/** Waits for the back's end; its password must be wiped then and not be in the detail. */
void run_join(struct run *run);
/** Asks it to stop, which must not take PROMPT_US, and joins. */
void run_stop(struct run *run);
void run_clear(struct run *run);
/** Joins; the back must have ended for this reason, with `detail` in its words. */
void run_assert_end(struct run *run, enum end_reason reason, const char *detail);

void run_await_size(struct run *run, uint32_t width, uint32_t height);
struct area {
	uint32_t x, y, width, height;
	fake_picture picture;
};
/** Until the canvas shows it at the end of a frame; no frame may have been torn. */
void run_await_picture(struct run *run, struct area area);
void run_press(struct run *run, enum key_kind kind, uint32_t code, enum key_prefix prefix,
	       bool down);
/** Until the target has got so many inputs. */
void run_await_inputs(struct run *run, unsigned n);

uint32_t gradient(uint32_t x, uint32_t y);
uint32_t red(uint32_t x, uint32_t y);
uint32_t black(uint32_t x, uint32_t y);
/* Scripts: the gradient over the whole desktop, as surface bits or on a surface of
 * the graphics channel. */
void paint_gradient(struct fake_target *target);
void gfx_gradient(struct fake_target *target);
