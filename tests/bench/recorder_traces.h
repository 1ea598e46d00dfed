/** Deterministic desktop traces: what a session paints into its canvas, step by step. No files, no
 *  clock. */
#pragma once

#include "recorder/ring/ring_writer.h"

#include <glib.h>
#include <stdint.h>

#define TRACE_WIDTH 1920u
#define TRACE_HEIGHT 1080u

struct trace {
	const char *name;
	uint32_t seconds; /**< how long to replay */
	uint32_t step_ms; /**< between two calls of paint; 0: nothing ever happens */
	bool wordless;	  /**< what has contrast in it are no letters */
	void (*paint)(struct ring_writer *writer, uint64_t now_us, uint32_t step);
};

extern const struct trace traces[];
extern const unsigned n_traces;

/** Wallpaper like a photograph: smooth, with a little noise. */
void trace_background(struct ring_writer *writer, uint64_t now_us);
