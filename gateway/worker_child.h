/** What a session process is before its program runs: identity, limits, environment. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct worker_identity {
	bool switch_user;
	uid_t uid; /**< and gid */
};

/** Whether this process may give its children another uid (root, or CAP_SETUID and CAP_SETGID). */
bool worker_child_may_switch(void);

/** Runs in the child between fork and exec: only async-signal-safe calls. `identity` is a struct
 *  worker_identity. Ends the child when it cannot take the identity. */
void worker_child_setup(void *identity);

/** The whole environment of a session process. g_strfreev it. */
char **worker_child_environment(void);
