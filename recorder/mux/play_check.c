/* Looks at the pictures of a segment. It must not know how they come out of it. */
#include "recorder/mux/play_check.h"

#include <glib.h>

/* Every so many-th sample is looked at: letters are wider than that. */
#define SAMPLE_STEP 4

static int look(const struct play_picture *picture, void *user)
{
	struct play_result *ret = user;

	ret->n_pictures++;
	ret->width = picture->width;
	ret->height = picture->height;
	for (uint32_t y = 0; y < picture->height; y += SAMPLE_STEP) {
		const uint8_t *row = picture->planes[0] + y * picture->strides_bytes[0];
		for (uint32_t x = 0; x < picture->width; x += SAMPLE_STEP)
			ret->brightest = MAX(ret->brightest, row[x]);
	}
	return 0;
}

int play_check(const struct play_source *source, struct play_result *ret)
{
	*ret = (struct play_result){0};
	return play(source, look, ret);
}
