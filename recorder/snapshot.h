/** The recorder's own picture of a canvas, in NV12: what is damaged of its tiles is copied out of
 *  the canvas, the pointer drawn over them, and converted with comparison.
 *  There is no BGRX copy of the whole picture. One thread at a time. */
#pragma once

#include "recorder/cursor.h"
#include "recorder/encode/convert.h"
#include "recorder/ring/ring_reader.h"

/** More copies than this between two pictures are not worth following. */
#define SNAPSHOT_MAX_HINTS 64u

/** What waits to be read of a tile, in its own pixels: from left, top to right,
 *  bottom. `right` 0: nothing. */
struct snapshot_tile {
	uint8_t left, top, right, bottom;
	uint8_t looks; /**< that found the writer in it */
	bool untold;   /**< snapshot_compare found it changed, and nobody has told of it yet */
};

struct snapshot {
	struct nv12 picture;
	struct macroblocks blocks; /**< changed since snapshot_taken */
	unsigned n_changed;	   /**< macroblocks set in `blocks`, at most */
	struct snapshot_tile *tiles;
	uint32_t columns, rows, n_dirty; /**< n_dirty: tiles that something waits in */
	struct cursor cursor;
	struct motion_hint hints[SNAPSHOT_MAX_HINTS]; /**< copies since snapshot_taken, in order */
	unsigned n_hints;
	bool hints_lost; /**< there were too many: none is kept */
};

/** All tiles dirty. Returns 0 or -ENOMEM. */
int snapshot_init(struct snapshot *snapshot, uint32_t width, uint32_t height);
void snapshot_finish(struct snapshot *snapshot);

void snapshot_mark(struct snapshot *snapshot, const struct rect *r); /**< clipped */
void snapshot_mark_all(struct snapshot *snapshot);

/** Takes a picture or cursor record over into marks, a copy into hints, too; others are ignored. */
void snapshot_record(struct snapshot *snapshot, const struct ring_record *record);

/** Reads what is damaged. Tiles the writer is inside of stay dirty. Afterwards blocks and n_changed
 *  tell what differs from before.
 *  Returns whether the writer was found inside a tile 254 times in a row. */
bool snapshot_update(struct snapshot *snapshot, struct ring_reader *reader);

/** Reads all tiles that nothing waits in and that nobody writes just now. Returns whether some had
 *  changed: their pixels are taken, and they stay noted until something is told of them. */
bool snapshot_compare(struct snapshot *snapshot, struct ring_reader *reader);
/** How many tiles are noted so; none is afterwards. */
unsigned snapshot_take_untold(struct snapshot *snapshot);

/** The changes were encoded: forget them, and the hints. */
void snapshot_taken(struct snapshot *snapshot);
