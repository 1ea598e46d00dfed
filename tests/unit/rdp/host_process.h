/** A front host (front_host.h) as a child process of a test. */
#pragma once

#include "tests/unit/rdp/front_client.h"

#include <glib.h>

struct host {
	GPid pid;
	int in, out;
	uint16_t port;
	GString *said; /**< everything it wrote so far, lines with '\n' in front and behind */
};

/** The program to start; borrowed. Once, first. */
void host_use(const char *program);
/** With command-line options, separated by blanks; returns when it listens. */
struct host *host_start(const char *options);
/** Whether it has written a line that begins so; waits for one, at most about 10 s. */
bool host_said(struct host *host, const char *start);
bool host_says(struct host *host, const char *start);
void host_obey(struct host *host, const char *command);
/** Waits for its end and frees; it must have ended by itself and in order. */
void host_close(struct host *host);

/** A viewer of this host: 800x600, with graphics, right password. */
struct front_client_options host_viewer(const struct host *host);
