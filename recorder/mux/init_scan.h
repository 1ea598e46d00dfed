/** What an init segment says about its pictures, for recovery: the sizes and the codec string.
 *  Bytes are not trusted. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct init_scan {
	uint32_t width, height;
	char codec[16]; /**< "avc1.42c028" */
};

/** False when it is not a whole init segment of ours. */
bool init_scan(const uint8_t *bytes, size_t length, struct init_scan *ret);
