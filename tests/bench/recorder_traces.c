/* Painters of the traces. Text is made of fixed random glyphs: an encoder cannot tell it from
 * letters. */
#include "tests/bench/recorder_traces.h"

#include <string.h>

#define GLYPH_WIDTH 9u
#define GLYPH_HEIGHT 18u

static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352du;
	x ^= x >> 15;
	x *= 0x846ca68bu;
	return x ^ x >> 16;
}

static uint32_t *pixel(struct ring_writer *w, uint32_t x, uint32_t y)
{
	return (uint32_t *)(void *)(ring_writer_pixels(w) + y * ring_writer_stride_bytes(w)) + x;
}

static uint32_t photo(uint32_t x, uint32_t y)
{
	uint32_t noise = mix(x * 7919u + y) % 7;

	return ((60 + y / 12 + noise) << 16) | ((90 + (x + y) / 24 + noise) << 8) |
	       (140 - x / 24 + noise);
}

static void begin(struct ring_writer *w, const struct rect *r)
{
	ring_writer_begin(w, r);
}

static void end(struct ring_writer *w, uint64_t now_us, const struct rect *r)
{
	ring_writer_end(w, r);
	ring_writer_paint(w, now_us, r);
}

static void fill(struct ring_writer *w, const struct rect *r, uint32_t bgrx)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++)
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			*pixel(w, x, y) = bgrx;
}

static void wallpaper(struct ring_writer *w, const struct rect *r)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++)
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			*pixel(w, x, y) = photo(x, y);
}

/* One letter of 26; strokes are two pixels wide, as antialiased text looks to an encoder. */
static void glyph(struct ring_writer *w, uint32_t x0, uint32_t y0, uint32_t letter, uint32_t ink,
		  uint32_t paper)
{
	for (uint32_t y = 0; y < GLYPH_HEIGHT; y++)
		for (uint32_t x = 0; x < GLYPH_WIDTH; x++) {
			bool inside = x > 0 && y > 2 && y < 15;
			bool on = inside && mix(letter % 26 * 64 + x / 2 * 8 + y / 2) % 3 == 0;
			*pixel(w, x0 + x, y0 + y) = on ? ink : paper;
		}
}

static void text_line(struct ring_writer *w, uint32_t x, uint32_t y, uint32_t columns,
		      uint32_t seed, uint32_t ink, uint32_t paper)
{
	uint32_t used = columns / 3 + mix(seed) % (columns - columns / 3);

	for (uint32_t i = 0; i < columns; i++) {
		uint32_t letter = mix(seed * 131 + i);
		bool blank = i >= used || letter % 6 == 0;
		if (blank)
			fill(w, &(struct rect){x + i * GLYPH_WIDTH, y, GLYPH_WIDTH, GLYPH_HEIGHT},
			     paper);
		else
			glyph(w, x + i * GLYPH_WIDTH, y, letter, ink, paper);
	}
}

void trace_background(struct ring_writer *w, uint64_t now_us)
{
	const struct rect all = {0, 0, TRACE_WIDTH, TRACE_HEIGHT};

	begin(w, &all);
	wallpaper(w, &all);
	end(w, now_us, &all);
	ring_writer_frame(w, now_us);
}

static void paint_clock(struct ring_writer *w, uint64_t now_us, uint32_t step)
{
	const struct rect r = {1780, 20, 8 * GLYPH_WIDTH, GLYPH_HEIGHT};

	begin(w, &r);
	for (uint32_t i = 0; i < 8; i++)
		glyph(w, r.x + i * GLYPH_WIDTH, r.y, i < 6 ? i : step + i, 0xffffff, 0x202020);
	end(w, now_us, &r);
	ring_writer_frame(w, now_us);
}

/* The toolkit repaints the whole line at each key. */
static void paint_typing(struct ring_writer *w, uint64_t now_us, uint32_t step)
{
	uint32_t column = step % 100, line = step / 100 % 40;
	const struct rect r = {300, 120 + line * 20, 110 * GLYPH_WIDTH, GLYPH_HEIGHT};

	begin(w, &r);
	if (column == 0)
		fill(w, &r, 0xffffff);
	glyph(w, r.x + column * GLYPH_WIDTH, r.y, mix(step), 0x101010, 0xffffff);
	end(w, now_us, &r);
	ring_writer_frame(w, now_us);
}

static void move_up(struct ring_writer *w, const struct rect *r, uint32_t by)
{
	for (uint32_t y = r->y; y + by < r->y + r->height; y++)
		memmove(pixel(w, r->x, y), pixel(w, r->x, y + by), r->width * 4);
}

static void paint_scroll(struct ring_writer *w, uint64_t now_us, uint32_t step)
{
	const struct rect r = {100, 60, 170 * GLYPH_WIDTH, 52 * GLYPH_HEIGHT};
	const struct rect last = {r.x, r.y + r.height - GLYPH_HEIGHT, r.width, GLYPH_HEIGHT};

	begin(w, &r);
	move_up(w, &r, GLYPH_HEIGHT);
	ring_writer_end(w, &r);
	ring_writer_copy(w, now_us, &(struct rect){r.x, r.y, r.width, r.height - GLYPH_HEIGHT}, r.x,
			 r.y + GLYPH_HEIGHT);
	begin(w, &last);
	text_line(w, last.x, last.y, 170, step, 0xd0d0d0 ^ (mix(step) & 0x3f3f3f), 0x101018);
	end(w, now_us, &last);
	ring_writer_frame(w, now_us);
}

static void paint_drag(struct ring_writer *w, uint64_t now_us, uint32_t step)
{
	uint32_t x = 200 + step * 6 % 1000, y = 150 + step * 2 % 400;
	const struct rect window = {x, y, 600, 400}, old = {x - 6, y >= 2 ? y - 2 : 0, 606, 404};

	begin(w, &old);
	wallpaper(w, &old);
	fill(w, &window, 0xe8e8e8);
	for (uint32_t line = 0; line < 20; line++)
		text_line(w, x + 10, y + 10 + line * 19, 60, line, 0x101010, 0xe8e8e8);
	end(w, now_us, &old);
	ring_writer_frame(w, now_us);
}

static void paint_video(struct ring_writer *w, uint64_t now_us, uint32_t step)
{
	const struct rect r = {600, 300, 640, 360};

	begin(w, &r);
	for (uint32_t y = r.y; y < r.y + r.height; y++)
		for (uint32_t x = r.x; x < r.x + r.width; x++)
			*pixel(w, x, y) = photo(x * 2 + step * 3, y * 2 + step) ^
					  (mix(x ^ y << 11 ^ step << 22) & 0x030303);
	end(w, now_us, &r);
	ring_writer_frame(w, now_us);
}

static void paint_page(struct ring_writer *w, uint64_t now_us, uint32_t seed)
{
	const struct rect r = {200, 40, 1500, 1000};

	begin(w, &r);
	fill(w, &r, 0xffffff);
	for (uint32_t line = 0; line < 48; line++)
		text_line(w, r.x + 20, r.y + 20 + line * 20, 160, seed * 64 + line, 0x202020,
			  0xffffff);
	end(w, now_us, &r);
	ring_writer_frame(w, now_us);
}

static void paint_page_scroll(struct ring_writer *w, uint64_t now_us, uint32_t step)
{
	const struct rect r = {200, 40, 1500, 1000};

	begin(w, &r);
	move_up(w, &r, 60);
	for (uint32_t line = 0; line < 3; line++)
		text_line(w, r.x + 20, r.y + 940 + line * 20, 160, step * 3 + line, 0x202020,
			  0xffffff);
	end(w, now_us, &r);
	ring_writer_frame(w, now_us);
}

/* Ten seconds of work, again and again: a window comes up, a page is scrolled, text is typed, a
 * picture plays. Steps of 100 ms. */
static void paint_office(struct ring_writer *w, uint64_t now_us, uint32_t step)
{
	uint32_t phase = step % 100;

	if (phase == 0 || phase == 70)
		paint_page(w, now_us, step);
	else if (phase >= 10 && phase < 30 && phase % 2 == 0)
		paint_page_scroll(w, now_us, step);
	else if (phase >= 30 && phase < 65)
		paint_typing(w, now_us, step);
	else if (phase % 10 == 0)
		paint_clock(w, now_us, step);
}

const struct trace traces[] = {
	{"static", 1800, 0, true, NULL},
	{"idle clock", 1800, 1000, false, paint_clock},
	{"typing", 120, 100, false, paint_typing},
	{"office mix", 60, 100, false, paint_office},
	{"scrolling log", 30, 50, false, paint_scroll},
	{"window drag", 30, 40, false, paint_drag},
	{"video region", 30, 40, true, paint_video},
};
const unsigned n_traces = sizeof traces / sizeof traces[0];
