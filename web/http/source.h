/** An answer body of known length whose bytes are made where they are needed: the server asks
 *  for them while it sends. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct http_source;

struct http_source_ops {
	/** Copies up to `length` bytes from `offset` of the whole body, at least one. Returns their
	 *  number; -errno: the connection is cut, as nothing else tells a browser that a body is
	 *  not whole. On a server thread, one call at a time. */
	ssize_t (*pread)(void *user, void *buffer, size_t length, uint64_t offset);
	void (*destroy)(void *user);
};

/** `ops` is borrowed for ever; takes `user`. */
struct http_source *http_source_create(const struct http_source_ops *ops, void *user);
/** NULL is fine. */
void http_source_destroy(struct http_source *source);
