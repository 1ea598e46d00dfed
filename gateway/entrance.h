/** Connections that have not said anything useful yet: waits for the first bytes of a viewer
 *  without spending a process on it. */
#pragma once

#include "gateway/peek.h"

#include <stdint.h>

struct entrance;
struct entrance_wait;

/** `request` is NULL when the connection was no use: `why` says so and `fd` is -1 (closed already).
 *  Else `fd` is the callee's, positioned behind the preconnection blob. Main loop;
 *  may call entrance_wait. */
typedef void (*entrance_heard)(int fd, const struct peek_request *request, const char *why,
			       void *user_data);

/** peek_parse or peek_parse_rfb. */
typedef enum peek_result (*entrance_parse)(const uint8_t *bytes, size_t length,
					   struct peek_request *ret);

/** Waits for nobody yet. */
struct entrance *entrance_create(void);
/** Closes everything that waits without calling back. NULL is fine. */
void entrance_destroy(struct entrance *entrance);

/** Takes `fd` and waits for a whole request as `parse` sees it, at most `deadline_ms`. */
struct entrance_wait *entrance_listen(struct entrance *entrance, int fd, entrance_parse parse,
				      uint32_t deadline_ms, entrance_heard heard, void *user_data);
/** Closes the connection; `heard` is not called any more. */
void entrance_cancel(struct entrance_wait *wait);
