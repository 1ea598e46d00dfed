/** The link to one session process: canvases come in, CANVAS_READY goes out. Main thread. */
#pragma once

#include "recorder/recording.h"

struct session_link;

/** Takes `fd`; shares `recording`, which must outlive it. */
struct session_link *session_link_create(int fd, struct recording *recording);
void session_link_destroy(struct session_link *link);

void session_link_canvas_ready(struct session_link *link, enum end_reason reason);
