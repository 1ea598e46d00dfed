/** Back-off after failed logins, per pair of source address and user name: somebody who guesses a name's password from elsewhere
 *  does not lock its owner out. Bounded in memory. Any thread. */
#pragma once

#include <stdint.h>

struct throttle;

/** Failures that cost nothing: people mistype. */
#define THROTTLE_FREE_FAILURES 3u
#define THROTTLE_MAX_WAIT_S 60u
/** Pairs remembered; beyond that the one that failed longest ago is forgotten. */
#define THROTTLE_MAX_PAIRS 4096u

struct throttle *throttle_create(void);
void throttle_destroy(struct throttle *throttle);

/** Seconds until this pair may try again; 0: now. Names differ only by case count as one. */
uint32_t throttle_wait_s(struct throttle *throttle, const char *source, const char *user);
void throttle_failed(struct throttle *throttle, const char *source, const char *user);
void throttle_passed(struct throttle *throttle, const char *source, const char *user);
