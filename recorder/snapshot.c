/* From canvas tiles to NV12. It must not know encoders or time.
 *
 * Of each tile only the box around its damage is read: what a small picture costs is the memory it
 * touches, which has gone cold since the one before. */
#include "recorder/snapshot.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define TILE RING_TILE_PX
#define MB 16u
#define BLOCKS_PER_TILE (TILE / MB)
#define LOOKS_MAX 254u
#define FETCH_ROWS                                                                                 \
	(TILE / (BLOCKS_PER_TILE * BLOCKS_PER_TILE)) /* with each macroblock, of the next tile */

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
	snapshot->tiles = g_new0(struct snapshot_tile, (size_t)snapshot->columns * snapshot->rows);
	snapshot_mark_all(snapshot);
	return 0;
}

void snapshot_finish(struct snapshot *snapshot)
{
	nv12_finish(&snapshot->picture);
	macroblocks_finish(&snapshot->blocks);
	cursor_finish(&snapshot->cursor);
	g_clear_pointer(&snapshot->tiles, g_free);
}

static struct rect tile_at(const struct snapshot *s, uint32_t column, uint32_t row)
{
	return (struct rect){column * TILE, row * TILE, MIN(TILE, s->picture.width - column * TILE),
			     MIN(TILE, s->picture.height - row * TILE)};
}

/* As coarse as the conversion: columns of macroblocks, even rows, and macroblocks that hang over
 * the picture's edge as a whole. `right` and `bottom` may lie behind the picture then. */
static void mark_tile(struct snapshot *s, uint32_t column, uint32_t row, const struct rect *r)
{
	const struct rect tile = tile_at(s, column, row);
	struct snapshot_tile *t = &s->tiles[row * s->columns + column];
	uint32_t step = (tile.width | tile.height) % MB != 0 ? MB : 2;
	uint32_t left = MAX(r->x, tile.x) - tile.x, top = MAX(r->y, tile.y) - tile.y;
	uint32_t right = MIN(r->x + r->width, tile.x + TILE) - tile.x;
	uint32_t bottom = MIN(r->y + r->height, tile.y + TILE) - tile.y;
	bool clean = t->right == 0;

	t->untold = false;
	left = left / MB * MB;
	top = top / step * step;
	right = (right + MB - 1) / MB * MB;
	bottom = (bottom + step - 1) / step * step;
	s->n_dirty += clean;
	t->left = (uint8_t)(clean ? left : MIN(t->left, left));
	t->top = (uint8_t)(clean ? top : MIN(t->top, top));
	t->right = (uint8_t)MAX(t->right, right);
	t->bottom = (uint8_t)MAX(t->bottom, bottom);
}

void snapshot_mark(struct snapshot *snapshot, const struct rect *area)
{
	struct rect r = *area;

	if (!rect_clip(&r, snapshot->picture.width, snapshot->picture.height))
		return;
	for (uint32_t row = r.y / TILE; row <= (r.y + r.height - 1) / TILE; row++)
		for (uint32_t column = r.x / TILE; column <= (r.x + r.width - 1) / TILE; column++)
			mark_tile(snapshot, column, row, &r);
}

void snapshot_mark_all(struct snapshot *snapshot)
{
	const struct rect all = {0, 0, snapshot->picture.width, snapshot->picture.height};

	snapshot_mark(snapshot, &all);
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

/* What waits in the tile, in pixels of the picture. */
static struct rect part_of(const struct snapshot *s, uint32_t column, uint32_t row)
{
	const struct snapshot_tile *t = &s->tiles[row * s->columns + column];
	struct rect part = {column * TILE + t->left, row * TILE + t->top,
			    (uint32_t)t->right - t->left, (uint32_t)t->bottom - t->top};

	rect_clip(&part, s->picture.width, s->picture.height);
	return part;
}

/* The part of a tile that comes next: a share of it is asked for with every macroblock that is
 * converted, because its rows lie a picture's width apart, where no processor looks ahead by
 * itself, and because more lines at a time than it can wait for stop it. */
struct next_part {
	const struct ring_reader *reader;
	struct rect rows; /* not asked for yet */
};

static void fetch_share(const struct snapshot *s, struct next_part *next)
{
	const size_t stride = s->picture.stride_bytes;
	struct rect *rest = &next->rows;
	const struct rect share = {rest->x, rest->y, rest->width, MIN(rest->height, FETCH_ROWS)};
	const uint8_t *luma = s->picture.luma + share.y * stride + share.x;
	const uint8_t *chroma = s->picture.chroma + share.y / 2 * stride + share.x;

	ring_reader_fetch(next->reader, &share);
	for (uint32_t y = 0; y < share.height; y++)
		__builtin_prefetch(luma + y * stride, 1);
	for (uint32_t y = 0; y < share.height / 2; y++)
		__builtin_prefetch(chroma + y * stride, 1);
	rest->y += share.height;
	rest->height -= share.height;
}

/* The tile's part of the planes and of the map, seen as a picture of its own. */
static void convert_tile(struct snapshot *s, const struct rect *tile, const struct rect *part,
			 const uint8_t *bgrx, struct next_part *next)
{
	const struct rect inner = {part->x - tile->x, part->y - tile->y, part->width, part->height};
	size_t stride = s->picture.stride_bytes;
	struct nv12 planes = {s->picture.luma + tile->y * stride + tile->x,
			      s->picture.chroma + tile->y / 2 * stride + tile->x, stride,
			      tile->width, tile->height};
	uint32_t block_row = tile->y / TILE * BLOCKS_PER_TILE;
	struct macroblocks blocks = {s->blocks.changed + (size_t)block_row * s->blocks.columns +
					     tile->x / TILE * BLOCKS_PER_TILE,
				     s->blocks.columns, s->blocks.rows - block_row};

	for (uint32_t y = inner.y; y < inner.y + inner.height; y = (y / MB + 1) * MB)
		for (uint32_t x = inner.x; x < inner.x + inner.width; x += MB) {
			const struct rect block = {
				x, y, MB, MIN((y / MB + 1) * MB, inner.y + inner.height) - y};
			fetch_share(s, next);
			s->n_changed +=
				convert_bgrx_nv12(bgrx, TILE * 4, &block, false, &planes, &blocks);
		}
}

static bool update_tile(struct snapshot *s, struct ring_reader *reader, uint32_t column,
			uint32_t row, struct next_part *next)
{
	uint8_t bgrx[TILE * TILE * 4] __attribute__((aligned(32))) WRITTEN_FIRST;
	const struct rect tile = tile_at(s, column, row), part = part_of(s, column, row);

	if (ring_reader_copy_tile(reader, column, row, &part, bgrx, TILE * 4) < 0)
		return false;
	cursor_blend(&s->cursor, &part,
		     bgrx + (part.y - tile.y) * TILE * 4 + (size_t)(part.x - tile.x) * 4, TILE * 4);
	convert_tile(s, &tile, &part, bgrx, next);
	return true;
}

/* The first tile from `i` on that something waits in; the number of tiles when there is none. */
static uint32_t next_dirty(const struct snapshot *s, uint32_t i)
{
	while (i < s->columns * s->rows && s->tiles[i].right == 0)
		i++;
	return i;
}

bool snapshot_update(struct snapshot *snapshot, struct ring_reader *reader)
{
	const uint32_t columns = snapshot->columns, end = columns * snapshot->rows;
	bool stuck = false;

	if (snapshot->n_dirty == 0)
		return false;
	for (uint32_t i = next_dirty(snapshot, 0), after; i < end; i = after) {
		struct snapshot_tile *t = &snapshot->tiles[i];
		struct next_part next = {.reader = reader};
		after = next_dirty(snapshot, i + 1);
		if (after < end)
			next.rows = part_of(snapshot, after % columns, after / columns);
		if (!update_tile(snapshot, reader, i % columns, i / columns, &next)) {
			t->looks = (uint8_t)MIN(t->looks + 1, LOOKS_MAX);
			stuck |= t->looks == LOOKS_MAX;
			continue;
		}
		*t = (struct snapshot_tile){0};
		snapshot->n_dirty--;
	}
	return stuck;
}

/* Whole, and without a mark that would say that somebody told. */
static bool compare_tile(struct snapshot *s, struct ring_reader *reader, uint32_t column,
			 uint32_t row)
{
	struct snapshot_tile *t = &s->tiles[row * s->columns + column];
	const struct rect tile = tile_at(s, column, row);
	unsigned before = s->n_changed;
	bool untold = t->untold;
	struct next_part none = {.reader = reader};

	mark_tile(s, column, row, &tile);
	bool read = update_tile(s, reader, column, row, &none);
	s->n_dirty--;
	*t = (struct snapshot_tile){.untold = untold || (read && s->n_changed > before)};
	return read && s->n_changed > before;
}

bool snapshot_compare(struct snapshot *snapshot, struct ring_reader *reader)
{
	bool found = false;

	for (uint32_t row = 0; row < snapshot->rows; row++)
		for (uint32_t column = 0; column < snapshot->columns; column++)
			if (snapshot->tiles[row * snapshot->columns + column].right == 0)
				found |= compare_tile(snapshot, reader, column, row);
	return found;
}

unsigned snapshot_take_untold(struct snapshot *snapshot)
{
	unsigned n = 0;

	for (size_t i = 0; i < (size_t)snapshot->columns * snapshot->rows; i++) {
		n += snapshot->tiles[i].untold;
		snapshot->tiles[i].untold = false;
	}
	return n;
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
