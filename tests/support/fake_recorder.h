/** A recorder for unit tests: takes canvases, reads their rings, keeps events and counts in
 *  memory. It records nothing.
 *
 *  fake_gateway makes one and links it to the session; tests ask it what a real recorder would have
 *  seen. All functions: any thread. */
#pragma once

#include "recorder/ring/ring_reader.h"

struct fake_recorder;

struct fake_recorder *fake_recorder_create(void);
void fake_recorder_destroy(struct fake_recorder *recorder);

/** Opens a (new) link; an older one is closed. Returns the session's end, owned by the caller. */
int fake_recorder_link(struct fake_recorder *recorder);
/** The recorder dies: its link closes. */
void fake_recorder_drop(struct fake_recorder *recorder);
/** A recorder that hangs: canvases are taken, rings are not read until `paused` is false again. */
void fake_recorder_pause(struct fake_recorder *recorder, bool paused);
/** Canvases from now on get this enum end_reason as answer; END_NONE accepts. */
void fake_recorder_answer(struct fake_recorder *recorder, uint32_t reason);

/** Waits up to 10 s for the next timeline event that contains `part`, looking at each event once.
 *  g_free it; NULL: none came. */
char *fake_recorder_wait_event(struct fake_recorder *recorder, const char *part);
/** Waits up to 10 s until at least `n` records of this kind were read (over all canvases);
 *  false: they did not come. */
bool fake_recorder_wait_records(struct fake_recorder *recorder, enum ring_kind kind, unsigned n);
unsigned fake_recorder_records(struct fake_recorder *recorder, enum ring_kind kind);
/** Waits up to 10 s until the recorder's canvas shows this picture. */
bool fake_recorder_wait_picture(struct fake_recorder *recorder, const uint8_t *pixels,
				size_t stride_bytes, uint32_t width, uint32_t height);
/** Waits up to 10 s until the ring told that the cursor is there. */
bool fake_recorder_wait_cursor(struct fake_recorder *recorder, int32_t x, int32_t y);
/** Width of the newest cursor shape. */
uint32_t fake_recorder_cursor_width(struct fake_recorder *recorder);
