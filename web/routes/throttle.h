/** Back-off after failed logins, per pair of source address and user name: somebody who guesses a
 *  name's password from elsewhere does not lock its owner out. Bounded in memory. Any thread. */
#pragma once

#include <stdint.h>

struct throttle;

/** Failures that cost nothing: people mistype. */
#define THROTTLE_FREE_FAILURES 3u
#define THROTTLE_MAX_WAIT_S 60u
/** Pairs remembered; beyond that the one that failed longest ago is forgotten. */
#define THROTTLE_MAX_PAIRS 4096u

/** Knows of no failure yet. */
struct throttle *throttle_create(void);
/** NULL is fine. */
void throttle_destroy(struct throttle *throttle);

/** Asks to try a password. 0: go on; the try counts as failed from now on, so that guesses made at
 *  the same moment wait for each other's count. Otherwise seconds until this pair may try again.
 *  Names differ only by case count as one. */
uint32_t throttle_begin(struct throttle *throttle, const char *source, const char *user);
/** The password was right: the pair's failures are forgotten. */
void throttle_passed(struct throttle *throttle, const char *source, const char *user);
/** The password was not looked at after all: takes the last throttle_begin back. */
void throttle_withdraw(struct throttle *throttle, const char *source, const char *user);
