/** How many descriptors a daemon may hold. */
#pragma once

/** Raises the soft limit of open descriptors to the hard one. The soft limit is 1024 by custom, for
 *  programs that use select(), and is soon reached by one that serves many sessions; ours use poll.
 *  Main thread, at the start; failure is logged only. */
void open_files_raise(void);
