/** Plays a segment as any player would, from its init segment and its bytes, and says what was seen. Bytes come from a disk and are not trusted. Any thread. A
 *  library of its own: only the recorder needs a decoder. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct play_source {
	const uint8_t *init;
	size_t init_bytes;
	/** Bytes of the segment from `offset`: how many, 0 at the end, -errno: playing ends with that. */
	ssize_t (*read)(void *user, void *buffer, size_t length, uint64_t offset);
	void *user;
};

struct play_result {
	uint32_t n_pictures;
	uint32_t width, height; /**< of the last one */
	uint8_t brightest;	/**< luma, over all pictures; 16 is black */
};

/** Returns 0; -EBADMSG: it does not play to its end; -ENOTSUP: there is no decoder; what `read` said. */
int play_check(const struct play_source *source, struct play_result *ret);
