/** A whole session on one desk for unit tests of the core: fake gateway and recorder, fake back
 *  with its target, and the test as front.
 *
 *      struct desk desk = desk_open(&settings, 640, 480); // logged in, running, first picture
 *      shown ...
 *      desk_close(&desk); */
#pragma once

#include "gateway/session/keyboard.h"
#include "gateway/session/session.h"
#include "tests/support/fake_back.h"
#include "tests/support/fake_gateway.h"

struct desk {
	struct fake_gateway *gateway;
	struct fake_recorder *recorder; /**< the gateway's */
	struct fake_target *target;
	struct session *session;
	struct shadow *shadow;
};

/** The session alone, nobody logged in. settings->target_fd is set by it. */
struct desk desk_create(struct fake_gateway_settings *settings);
void desk_login(struct desk *desk);
/** desk_create, desk_login, session_open_target, the target's first size and a painted
 *  first frame (seed 1). */
struct desk desk_open(struct fake_gateway_settings *settings, uint32_t width, uint32_t height);
void desk_close(struct desk *desk);

/** Waits up to 10 s until all of `flags` were raised (over several looks). */
bool desk_wait(struct desk *desk, unsigned flags);
/** Steps the target, asserting that it went well. */
void desk_step(struct desk *desk, struct fake_step step);
/** Takes pictures into desk->shadow, renewing it as needed, until there is nothing new. Returns
 *  how many updates came. */
unsigned desk_take(struct desk *desk);
