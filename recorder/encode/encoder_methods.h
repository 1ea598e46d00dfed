/** What an encoder implementation provides behind encoder.h. Private to recorder/encode. */
#pragma once

#include "recorder/encode/encoder.h"

struct encoder_input {
	const struct nv12 *picture;
	const struct macroblocks *blocks; /**< NULL: all changed */
	const struct motion_hint *hints;
	unsigned n_hints;
	bool key;
};

/** As the functions of encoder.h say. */
struct encoder_methods {
	int (*encode)(struct encoder *encoder, const struct encoder_input *input,
		      struct access_unit *ret);
	const struct nv12 *(*shown)(const struct encoder *encoder);
	const char *(*codec)(const struct encoder *encoder);
	void (*destroy)(struct encoder *encoder);
};

/** The first member of every implementation. */
struct encoder {
	const struct encoder_methods *methods;
};
