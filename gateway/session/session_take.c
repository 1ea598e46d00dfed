/* What a front has not seen yet, and how it is brought up to date. The canvas holds the result of
 * all operations; the shadow holds the picture at the last take. Between them stand the copies made
 * since, in order, and `dirty`: everything that is still wrong after those copies.
 *
 * Invariant: shadow, then the copies, differs from the canvas only inside `dirty`. A paint adds its
 * rectangle. A copy made in both pictures makes its destination exactly as right or
 * wrong as its source was. */
#include "gateway/session/session_priv.h"

#include <errno.h>

/* A picture in the making is held back this long, so that viewers see whole frames; then
 * they see what there is. */
#define FRAME_HOLD_US (50u * 1000u)
/* Past this many rectangles a region costs more than the pixels it spares. */
#define DIRTY_RECTS_MAX 512
#define DIRTY_GRID_PX 64

void pending_init(struct pending_picture *pending)
{
	*pending = (struct pending_picture){0};
	pixman_region32_init(&pending->dirty);
}

void pending_finish(struct pending_picture *pending)
{
	pixman_region32_fini(&pending->dirty);
}

void pending_reset(struct pending_picture *pending, uint32_t width, uint32_t height)
{
	pending_finish(pending);
	pending_init(pending);
	pixman_region32_union_rect(&pending->dirty, &pending->dirty, 0, 0, width, height);
}

/* ---- Keeping the region small ---- */

static void add_on_grid(pixman_region32_t *region, const pixman_box32_t *b)
{
	int x1 = b->x1 / DIRTY_GRID_PX * DIRTY_GRID_PX, y1 = b->y1 / DIRTY_GRID_PX * DIRTY_GRID_PX;
	int x2 = (b->x2 + DIRTY_GRID_PX - 1) / DIRTY_GRID_PX * DIRTY_GRID_PX;
	int y2 = (b->y2 + DIRTY_GRID_PX - 1) / DIRTY_GRID_PX * DIRTY_GRID_PX;

	pixman_region32_union_rect(region, region, x1, y1, (unsigned)(x2 - x1),
				   (unsigned)(y2 - y1));
}

/* Rounds outward to tiles; more dirty is never wrong, and never larger than the picture the region
 * lay in, which the caller clips. */
static void coarsen(pixman_region32_t *region)
{
	int n;
	const pixman_box32_t *boxes = pixman_region32_rectangles(region, &n);
	const pixman_box32_t extents = *pixman_region32_extents(region);
	pixman_region32_t coarse;

	if (n <= DIRTY_RECTS_MAX)
		return;
	pixman_region32_init(&coarse);
	for (int i = 0; i < n; i++)
		add_on_grid(&coarse, &boxes[i]);
	pixman_region32_intersect_rect(region, &coarse, extents.x1, extents.y1,
				       (unsigned)(extents.x2 - extents.x1),
				       (unsigned)(extents.y2 - extents.y1));
	pixman_region32_fini(&coarse);
	if (pixman_region32_n_rects(region) > DIRTY_RECTS_MAX)
		pixman_region32_reset(region, &extents);
}

/* ---- Operations ---- */

void pending_paint(struct pending_picture *pending, const struct rect *r)
{
	pixman_region32_union_rect(&pending->dirty, &pending->dirty, (int)r->x, (int)r->y, r->width,
				   r->height);
	coarsen(&pending->dirty);
}

/* Gives up the copies: without them the shadow is wrong wherever one of them wrote. */
static void collapse_copies(struct pending_picture *p)
{
	for (unsigned i = 0; i < p->n_copies; i++) {
		const struct rect *to = &p->copies[i].to;
		pixman_region32_union_rect(&p->dirty, &p->dirty, (int)to->x, (int)to->y, to->width,
					   to->height);
	}
	p->n_copies = 0;
	coarsen(&p->dirty);
}

void pending_copy(struct pending_picture *pending, const struct rect *to, uint32_t from_x,
		  uint32_t from_y)
{
	pixman_box32_t from = {(int)from_x, (int)from_y, (int)(from_x + to->width),
			       (int)(from_y + to->height)};
	pixman_region32_t moved, target;

	if (pixman_region32_contains_rectangle(&pending->dirty, &from) == PIXMAN_REGION_IN) {
		pending_paint(pending, to);
		return;
	}
	if (pending->n_copies == COPIES_MAX)
		collapse_copies(pending);
	pixman_region32_init(&moved);
	pixman_region32_intersect_rect(&moved, &pending->dirty, from.x1, from.y1, to->width,
				       to->height);
	pixman_region32_translate(&moved, (int)to->x - from.x1, (int)to->y - from.y1);
	pixman_region32_init_rect(&target, (int)to->x, (int)to->y, to->width, to->height);
	pixman_region32_subtract(&pending->dirty, &pending->dirty, &target);
	pixman_region32_union(&pending->dirty, &pending->dirty, &moved);
	pixman_region32_fini(&target);
	pixman_region32_fini(&moved);
	coarsen(&pending->dirty);
	pending->copies[pending->n_copies++] = (struct picture_copy){*to, from_x, from_y};
}

bool pending_waits(const struct pending_picture *pending)
{
	/* pixman's prototypes take no const; asking does not change the region. */
	pixman_region32_t *dirty = (pixman_region32_t *)(uintptr_t)&pending->dirty;

	return pending->n_copies > 0 || pixman_region32_not_empty(dirty);
}

/* ---- Taking ---- */

void picture_update_init(struct picture_update *update)
{
	*update = (struct picture_update){0};
	pixman_region32_init(&update->painted);
}

void picture_update_finish(struct picture_update *update)
{
	g_free(update->copies);
	pixman_region32_fini(&update->painted);
	*update = (struct picture_update){0};
}

static void replay(const struct pending_picture *pending, struct ring_writer *writer,
		   struct shadow *shadow)
{
	int n;
	pixman_region32_t *dirty = (pixman_region32_t *)(uintptr_t)&pending->dirty;
	const pixman_box32_t *boxes = pixman_region32_rectangles(dirty, &n);

	for (unsigned i = 0; i < pending->n_copies; i++)
		pixels_move(shadow->pixels, shadow->stride_bytes, &pending->copies[i].to,
			    pending->copies[i].from_x, pending->copies[i].from_y);
	for (int i = 0; i < n; i++) {
		const pixman_box32_t *b = &boxes[i];
		const struct rect r = {(uint32_t)b->x1, (uint32_t)b->y1, (uint32_t)(b->x2 - b->x1),
				       (uint32_t)(b->y2 - b->y1)};
		pixels_copy(shadow->pixels, shadow->stride_bytes, ring_writer_pixels(writer),
			    ring_writer_stride_bytes(writer), &r);
	}
}

static void hand_over(struct pending_picture *pending, struct picture_update *ret)
{
	picture_update_finish(ret);
	picture_update_init(ret);
	ret->n_copies = pending->n_copies;
	ret->copies = g_memdup2(pending->copies, pending->n_copies * sizeof pending->copies[0]);
	ret->newest_us = pending->newest_us;
	pixman_region32_copy(&ret->painted, &pending->dirty);
	pixman_region32_clear(&pending->dirty);
	pending->n_copies = 0;
}

static bool in_the_making(const struct pending_picture *pending)
{
	return pending->frame_began_us != 0 &&
	       clock_now_us() < pending->frame_began_us + FRAME_HOLD_US;
}

/* The picture is the same, the shadow is not. */
static void start_over(struct pending_picture *pending, uint32_t width, uint32_t height)
{
	uint64_t newest_us = pending->newest_us;

	pending_reset(pending, width, height);
	pending->newest_us = newest_us;
}

static int take_locked(struct session *s, struct shadow *shadow, struct picture_update *ret)
{
	if (!s->running || session_frozen_locked(s))
		return -EAGAIN;
	if (shadow->width != s->width || shadow->height != s->height) {
		start_over(&s->pending, s->width, s->height);
		return -ESTALE;
	}
	/* A canvas on which nothing was shown yet is no picture: its black would only cost the
	 * viewer a whole picture's work. */
	if (s->pending.newest_us == 0)
		return -EAGAIN;
	if (!pending_waits(&s->pending) || in_the_making(&s->pending))
		return -EAGAIN;
	replay(&s->pending, s->writer, shadow);
	hand_over(&s->pending, ret);
	return 0;
}

int session_take_picture(struct session *session, struct shadow *shadow, struct picture_update *ret)
{
	monitor_enter(&session->monitor);
	int result = take_locked(session, shadow, ret);
	monitor_leave(&session->monitor);
	return result;
}

void session_repaint_locked(struct session *session, const struct rect *r)
{
	struct rect clipped = *r;

	if (session->writer == NULL || !rect_clip(&clipped, ring_writer_width(session->writer),
						  ring_writer_height(session->writer)))
		return;
	pending_paint(&session->pending, &clipped);
	front_raise_locked(session, FRONT_PICTURE);
}

void session_repaint(struct session *session, const struct rect *r)
{
	monitor_enter(&session->monitor);
	session_repaint_locked(session, r);
	monitor_leave(&session->monitor);
}
