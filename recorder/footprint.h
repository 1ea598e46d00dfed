/** How much memory the recorder's process takes for what it holds. */
#pragma once

/** Before anything large is allocated: no huge pages, and planes go back to the system when their session ends. Any thread.
 *  A system that cannot be told so is warned about; the recorder then takes some megabytes more. */
void footprint_limit(void);
