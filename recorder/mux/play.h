/** Plays a segment as any player would, from its init segment and its bytes, and gives every
 *  picture away. Bytes come from a disk and are not trusted. Any thread.
 *  A library of its own: only who looks at pictures needs a decoder. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct play_source {
	const uint8_t *init;
	size_t init_bytes;
	/** Bytes of the segment from `offset`: how many, 0 at the end, -errno: playing ends with
	 *  that. Offsets only ever go on where the last read ended. */
	ssize_t (*read)(void *user, void *buffer, size_t length, uint64_t offset);
	void *user;
};

/** A decoded picture, 4:2:0 planar: Y, Cb, Cr, each side of the latter two half as long, rounded
 *  up. Borrowed until the callback returns. */
struct play_picture {
	const uint8_t *planes[3];
	size_t strides_bytes[3];
	uint32_t width, height;
	int64_t time_us; /**< decode time, as its fragment says */
};

/** 0: go on; -errno: playing ends with that. */
typedef int (*play_picture_fn)(const struct play_picture *picture, void *user);

/** Returns 0; -EBADMSG: it does not play to its end; -ENOTSUP: there is no decoder; what
 *  `read` or `show` said. */
int play(const struct play_source *source, play_picture_fn show, void *user);
