/* Waits until a viewer's display shows what its target's display shows, and prints the moment
 * (microseconds of CLOCK_MONOTONIC). It looks at some rows only, so that looking does not take the
 * processor away from what is measured. */
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROW_STEP_PX 60
#define PAUSE_NS 2000000
#define GIVE_UP_US 60000000u
#define TOLERANCE 24
/* Clocks tick and cursors lie over pictures. */
#define SAME_PERCENT 98

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static bool alike(unsigned long a, unsigned long b)
{
	for (int shift = 0; shift < 24; shift += 8)
		if (labs((long)(a >> shift & 0xff) - (long)(b >> shift & 0xff)) > TOLERANCE)
			return false;
	return true;
}

static XImage *row_of(Display *display, int y, unsigned width)
{
	XImage *row =
		XGetImage(display, DefaultRootWindow(display), 0, y, width, 1, AllPlanes, ZPixmap);

	if (row == NULL) {
		fprintf(stderr, "first_picture: a display gives no picture\n");
		exit(1);
	}
	return row;
}

static bool shows(Display *viewer, Display *target)
{
	unsigned width = (unsigned)DisplayWidth(target, DefaultScreen(target));
	int height = DisplayHeight(target, DefaultScreen(target));
	unsigned long same = 0, all = 0;

	for (int y = ROW_STEP_PX / 2; y < height; y += ROW_STEP_PX) {
		XImage *a = row_of(viewer, y, width), *b = row_of(target, y, width);
		for (unsigned x = 0; x < width; x++)
			same += alike(XGetPixel(a, (int)x, 0), XGetPixel(b, (int)x, 0));
		all += width;
		XDestroyImage(a);
		XDestroyImage(b);
	}
	return same * 100 >= all * SAME_PERCENT;
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t until_us = now_us() + GIVE_UP_US;

	if (argc != 3) {
		fprintf(stderr, "usage: first_picture VIEWER_DISPLAY TARGET_DISPLAY\n");
		return 2;
	}
	Display *viewer = XOpenDisplay(argv[1]), *target = XOpenDisplay(argv[2]);
	if (viewer == NULL || target == NULL) {
		fprintf(stderr, "first_picture: no display\n");
		return 1;
	}
	while (!shows(viewer, target)) {
		if (now_us() > until_us) {
			fprintf(stderr, "first_picture: no picture within %u us\n", GIVE_UP_US);
			return 1;
		}
		nanosleep(&pause, NULL);
	}
	printf("%llu\n", (unsigned long long)now_us());
	XCloseDisplay(viewer);
	XCloseDisplay(target);
	return 0;
}
