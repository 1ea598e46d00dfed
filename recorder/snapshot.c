/* From canvas tiles to NV12. It must not know encoders or time. */
#include "recorder/snapshot.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define TILE RING_TILE_PX
#define BLOCKS_PER_TILE (TILE / 16u)

int snapshot_init(struct snapshot *snapshot, uint32_t width, uint32_t height)
{
	*snapshot = (struct snapshot){0};
	if (nv12_init(&snapshot->picture, width, height) < 0)
		return -ENOMEM;
	if (macroblocks_init(&snapshot->blocks, width, height) < 0) {
		nv12_finish(&snapshot->picture);
		return -ENOMEM;
	}
	snapshot->columns = (width + TILE - 1) / TILE;
	snapshot->rows = (height + TILE - 1) / TILE;
	snapshot->dirty = g_malloc0((size_t)snapshot->columns * snapshot->rows);
	snapshot_mark_all(snapshot);
	return 0;
}

void snapshot_finish(struct snapshot *snapshot)
{
	nv12_finish(&snapshot->picture);
	macroblocks_finish(&snapshot->blocks);
	cursor_finish(&snapshot->cursor);
	g_clear_pointer(&snapshot->dirty, g_free);
}

void snapshot_mark_all(struct snapshot *snapshot)
{
	snapshot->n_dirty = snapshot->columns * snapshot->rows;
	memset(snapshot->dirty, 1, snapshot->n_dirty);
}

void snapshot_mark(struct snapshot *snapshot, const struct rect *area)
{
	struct rect r = *area;

	if (!rect_clip(&r, snapshot->picture.width, snapshot->picture.height))
		return;
	for (uint32_t row = r.y / TILE; row <= (r.y + r.height - 1) / TILE; row++) {
		for (uint32_t column = r.x / TILE; column <= (r.x + r.width - 1) / TILE; column++) {
			uint8_t *mark = &snapshot->dirty[row * snapshot->columns + column];
			snapshot->n_dirty += *mark == 0;
			*mark = MAX(*mark, 1);
		}
	}
}

static void mark_cursor(struct snapshot *s)
{
	struct rect area;

	if (cursor_area(&s->cursor, s->picture.width, s->picture.height, &area))
		snapshot_mark(s, &area);
}

static void move_cursor(struct snapshot *s, const struct ring_record *record)
{
	struct cursor *c = &s->cursor;

	if (c->x == record->cursor_move.x && c->y == record->cursor_move.y &&
	    c->visible == record->cursor_move.visible)
		return;
	mark_cursor(s);
	c->x = record->cursor_move.x;
	c->y = record->cursor_move.y;
	c->visible = record->cursor_move.visible;
	mark_cursor(s);
}

/* Copies build on each other, so a list with a hole is worth nothing. */
static void note_copy(struct snapshot *s, const struct ring_record *record)
{
	const struct rect *to = &record->copy.to;

	if (s->n_hints == SNAPSHOT_MAX_HINTS) {
		s->hints_lost = true;
		s->n_hints = 0;
	}
	if (!s->hints_lost)
		s->hints[s->n_hints++] = (struct motion_hint){(int32_t)record->copy.from_x,
							      (int32_t)record->copy.from_y,
							      (int32_t)to->x,
							      (int32_t)to->y,
							      to->width,
							      to->height};
}

void snapshot_record(struct snapshot *snapshot, const struct ring_record *record)
{
	switch (record->kind) {
	case RING_PAINT:
		snapshot_mark(snapshot, &record->paint);
		break;
	case RING_COPY:
		snapshot_mark(snapshot, &record->copy.to);
		note_copy(snapshot, record);
		break;
	case RING_FILL:
		snapshot_mark(snapshot, &record->fill.rect);
		break;
	case RING_CURSOR_SHAPE:
		mark_cursor(snapshot);
		cursor_set_shape(&snapshot->cursor, record);
		mark_cursor(snapshot);
		break;
	case RING_CURSOR_MOVE:
		move_cursor(snapshot, record);
		break;
	case RING_FRAME:
	case RING_EVENT:
		break;
	}
}

/* The tile's part of the planes and of the map, seen as a picture of its own. */
static unsigned convert_tile(struct snapshot *s, const struct rect *tile, const uint8_t *bgrx,
			     size_t stride_bytes)
{
	const struct rect whole = {0, 0, tile->width, tile->height};
	size_t stride = s->picture.stride_bytes;
	struct nv12 part = {s->picture.luma + tile->y * stride + tile->x,
			    s->picture.chroma + tile->y / 2 * stride + tile->x, stride, tile->width,
			    tile->height};
	uint32_t block_row = tile->y / TILE * BLOCKS_PER_TILE;
	struct macroblocks blocks = {s->blocks.changed + (size_t)block_row * s->blocks.columns +
					     tile->x / TILE * BLOCKS_PER_TILE,
				     s->blocks.columns, s->blocks.rows - block_row};

	return convert_bgrx_nv12(bgrx, stride_bytes, &whole, false, &part, &blocks);
}

static bool update_tile(struct snapshot *s, struct ring_reader *reader, uint32_t column,
			uint32_t row)
{
	uint8_t bgrx[TILE * TILE * 4] __attribute__((aligned(32)));
	const struct rect tile = {column * TILE, row * TILE,
				  MIN(TILE, s->picture.width - column * TILE),
				  MIN(TILE, s->picture.height - row * TILE)};

	if (ring_reader_copy_tile(reader, column, row, bgrx, TILE * 4) < 0)
		return false;
	cursor_blend(&s->cursor, &tile, bgrx, TILE * 4);
	s->n_changed += convert_tile(s, &tile, bgrx, TILE * 4);
	return true;
}

bool snapshot_update(struct snapshot *snapshot, struct ring_reader *reader)
{
	bool stuck = false;

	for (uint32_t row = 0; row < snapshot->rows && snapshot->n_dirty > 0; row++) {
		for (uint32_t column = 0; column < snapshot->columns; column++) {
			uint8_t *mark = &snapshot->dirty[row * snapshot->columns + column];
			if (*mark == 0)
				continue;
			if (!update_tile(snapshot, reader, column, row)) {
				*mark = (uint8_t)MIN(*mark + 1, UINT8_MAX);
				stuck |= *mark == UINT8_MAX;
				continue;
			}
			*mark = 0;
			snapshot->n_dirty--;
		}
	}
	return stuck;
}

void snapshot_taken(struct snapshot *snapshot)
{
	if (snapshot->n_changed > 0)
		memset(snapshot->blocks.changed, 0,
		       (size_t)snapshot->blocks.columns * snapshot->blocks.rows);
	snapshot->n_changed = 0;
	snapshot->n_hints = 0;
	snapshot->hints_lost = false;
}
