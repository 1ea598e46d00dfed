/** An answer body whose length nobody knows yet: the server pulls bytes from a source, and sleeps
 *  while the source has none.
 *
 *  Two parties hold a stream: the server, which reads, and the producer, which wakes. Counted,
 *  because either may go first. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct http_stream;

struct http_stream_ops {
	/** Copies up to max_bytes into `buffer`. Returns their number; 0: nothing now,
	 *  http_stream_wake will say when; -1: the end.
	 *  On a server thread, one call at a time; must not block for long. */
	ssize_t (*read)(void *source, char *buffer, size_t max_bytes);
	/** The browser is gone or everything was sent: nothing will be read again. On
	 *  a server thread, once. */
	void (*closed)(void *source);
	/** The last reference is gone. */
	void (*destroy)(void *source);
};

/** `ops` is borrowed for ever; takes `source`. One reference, the caller's. */
struct http_stream *http_stream_create(const struct http_stream_ops *ops, void *source);
/** One reference more, and one less. Any thread. */
struct http_stream *http_stream_ref(struct http_stream *stream);
void http_stream_unref(struct http_stream *stream);

/** Drops the reference an answer held. When no response was ever made of it (the browser left
 *  before), `closed` runs. */
void http_stream_release(struct http_stream *stream);

/** Reads as the server does, for tests: see `read` above. */
ssize_t http_stream_read(struct http_stream *stream, char *buffer, size_t max_bytes);

/** Says that read would return something else than 0. Any thread; harmless after `closed`. Must not
 *  be called while holding a lock that `read` takes. */
void http_stream_wake(struct http_stream *stream);
