/* Key to picture, as the person at a viewer has it: presses a key on the viewer's display (XTEST),
 * watches a region of the same display until a pixel changes, prints one line of microseconds per
 * key. The viewer under test and the terminal it shows must have the focus already. */
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GIVE_UP_US 2000000
/* The echo of a key, the cursor that follows it and a late second update belong to one picture. */
#define SETTLE_US 60000

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

struct region {
	int x, y;
	unsigned width, height;
};

static uint64_t digest(Display *display, const struct region *r)
{
	XImage *image = XGetImage(display, DefaultRootWindow(display), r->x, r->y, r->width,
				  r->height, AllPlanes, ZPixmap);
	uint64_t sum = 1469598103934665603u, word;

	if (image == NULL)
		return 0;
	/* Looking must cost far less than what is measured: eight bytes at a time. */
	for (size_t i = 0; i + sizeof word <= (size_t)image->bytes_per_line * r->height;
	     i += sizeof word) {
		memcpy(&word, image->data + i, sizeof word);
		sum = (sum ^ word) * 1099511628211u;
	}
	XDestroyImage(image);
	return sum;
}

/* Waits until the region has been still for a while; returns what it shows then. */
static uint64_t settle(Display *display, const struct region *r)
{
	uint64_t seen = digest(display, r), since = now_us();

	while (now_us() - since < SETTLE_US) {
		uint64_t next = digest(display, r);
		if (next != seen)
			since = now_us();
		seen = next;
	}
	return seen;
}

static int64_t measure(Display *display, const struct region *r, KeySym key)
{
	KeyCode code = XKeysymToKeycode(display, key);
	uint64_t before = settle(display, r);
	uint64_t began = now_us();

	XTestFakeKeyEvent(display, code, True, 0);
	XTestFakeKeyEvent(display, code, False, 0);
	XFlush(display);
	while (digest(display, r) == before)
		if (now_us() - began > GIVE_UP_US)
			return -1;
	return (int64_t)(now_us() - began);
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: typing_latency X Y WIDTH HEIGHT KEYS (on $DISPLAY)\n");
		return 2;
	}
	Display *display = XOpenDisplay(NULL);
	if (display == NULL) {
		fprintf(stderr, "typing_latency: no display\n");
		return 1;
	}
	const struct region r = {atoi(argv[1]), atoi(argv[2]), (unsigned)atoi(argv[3]),
				 (unsigned)atoi(argv[4])};
	for (int i = 0; i < atoi(argv[5]); i++) {
		/* Letters in turn, so that each key makes a new picture. */
		int64_t us = measure(display, &r, (KeySym)(XK_a + i % 26));
		if (us < 0) {
			fprintf(stderr, "typing_latency: no picture within %d us\n", GIVE_UP_US);
			return 1;
		}
		printf("%lld\n", (long long)us);
	}
	XCloseDisplay(display);
	return 0;
}
