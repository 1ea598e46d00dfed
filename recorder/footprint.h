/** How much memory the recorder's process takes for what it holds. */
#pragma once

/** Before anything large is allocated: no huge pages, and planes go back to the system when their
 *  session ends. Any thread.
 *  A kernel that cannot be told so is warned about, an allocator noted: the recorder takes
 *  some megabytes more then. */
void footprint_limit(void);
