/** The recorder's live socket. */
#pragma once

/** Connects without blocking. A non-blocking, close-on-exec descriptor, or -errno. Any thread. */
int live_socket_connect(const char *path);
