/** A back and its target for unit tests of fronts and of the session core. The test plays the
 *  target: it holds one end of a socketpair, the gateway hands the other one to the session, and
 *  the back does the steps that the test writes into it.
 *
 *      struct fake_target *target = fake_target_create(&settings.target_fd);
 *      fake_target_step(target, &(struct fake_step){FAKE_SIZE, .rect = {0, 0, 640, 480}});
 *      fake_target_step(target, &(struct fake_step){FAKE_PAINT, .rect = {0, 0, 640, 480}, .seed =
 *      7}); fake_target_step(target, &(struct fake_step){FAKE_FRAME});
 *      ...                                          // the front now shows
 *                                                   fake_pattern(7, x, y) at each pixel
 *      fake_target_input(target, &command);         // what the viewer's input became
 *
 *      fake_target_close(target);                   // the target ends the session */
#pragma once

#include "gateway/session/back.h"

/** Named "rdp" and "vnc", wanting scancodes and keysyms. */
extern const struct back_ops fake_back_rdp, fake_back_vnc;
/** The list for session_create. */
extern const struct back_ops *const fake_backs[];

enum fake_step_kind {
	FAKE_SIZE,  /**< session_resize to rect.width x rect.height */
	FAKE_PAINT, /**< rect gets fake_pattern(seed, x, y) */
	FAKE_COPY,  /**< rect gets what is at from_x, from_y */
	FAKE_FILL,  /**< rect gets colour `seed` */
	FAKE_FRAME,
	/** rect.width x rect.height pixels of fake_pattern(seed), hot spot from_x, from_y */
	FAKE_CURSOR,
	FAKE_POINTER,	/**< the target puts the pointer to rect.x, rect.y */
	FAKE_CLIPBOARD, /**< the target copies the text "clip <seed>" */
	FAKE_HOLD,	/**< the back takes no input until the next step */
	FAKE_CLOSE,	/**< the back returns the end reason `seed` */
};

struct fake_step {
	enum fake_step_kind kind;
	struct rect rect;
	uint32_t from_x, from_y, seed;
};

struct fake_target;

/** `*ret_session_fd` is for fake_gateway_settings.target_fd. One thread of the test uses a
 *  target. */
struct fake_target *fake_target_create(int *ret_session_fd);
/** Closes the test's end (when fake_target_close did not) and frees. */
void fake_target_destroy(struct fake_target *target);
/** The target closes the session. */
void fake_target_close(struct fake_target *target);

/** Does one step and waits (10 s) until it is done. False: the back is gone or stuck. */
bool fake_target_step(struct fake_target *target, const struct fake_step *step);
/** The two halves of fake_target_step. */
bool fake_target_start(struct fake_target *target, const struct fake_step *step);
bool fake_target_finish(struct fake_target *target);
/** The next command that the back got from the core, up to 10 s. A clipboard text is the
 *  caller's. False: none came. */
bool fake_target_input(struct fake_target *target, struct back_command *ret);

/** A pixel, different at every place and for every seed. */
static inline uint32_t fake_pattern(uint32_t seed, uint32_t x, uint32_t y)
{
	uint32_t v = (x * 0x9e3779b1u) ^ (y * 0x85ebca77u) ^ (seed * 0xc2b2ae3du);

	return (v ^ v >> 15) & 0x00ffffffu;
}
