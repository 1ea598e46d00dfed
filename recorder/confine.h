/** Takes from vitrine-recorder what it never needs: new programs, other processes, writing outside
 *  its store and its socket directories. */
#pragma once

/** After the sockets listen and before the first connection; all threads made later inherit it.
 *  writable  directories, NULL-ended
 *  Returns 0; -errno when seccomp refuses. A kernel without Landlock is logged and
 *  goes without that half. */
int confine(const char *const *writable);
