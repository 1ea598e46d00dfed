/** The cage of vitrine-session: entered before the first hostile byte, never left.
 *
 *  What stays possible: reading and writing the descriptors the process was born with or was
 * handed, memory, threads, clocks, random numbers. What ends: opening files, new sockets,
 * connecting, executing programs, tracing or signalling other processes, executable memory, every
 *  capability. */
#pragma once

#include <stdbool.h>

enum sandbox_error {
	SANDBOX_ERROR_SECCOMP = 1, /**< the filter could not be built or loaded: do not go on */
	SANDBOX_ERROR_LANDLOCK,	   /**< the kernel has Landlock but refused the ruleset */
	SANDBOX_ERROR_LIMITS,
};

/** Confines the calling thread and all threads and children it makes later; call while there is
 * only one thread. *ret_landlock_abi tells the kernel's Landlock version; 0: the kernel has none
 * and the system-call filter stands alone. Returns 0 or a negative enum sandbox_error. */
int sandbox_enter(int *ret_landlock_abi);

/** A sentence for a result of sandbox_enter. */
const char *sandbox_error_text(int error);
