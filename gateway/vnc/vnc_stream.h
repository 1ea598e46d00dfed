/** A peer's socket during its handshake: exact reads and writes under one deadline, first
 *  plain, later inside TLS.
 *
 *  Both sides of the VNC room speak the RFB handshake themselves on it, so that LibVNC* never sees
 *  a byte of anybody who is not let in, and a silent peer costs a poll, not a thread
 *  that hangs in a library. */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct vnc_stream {
	int fd;		      /**< non-blocking; owned */
	SSL *ssl;	      /**< NULL while plain; owned */
	uint64_t deadline_us; /**< CLOCK_MONOTONIC; everything is over by then */
	int wake_fd;	      /**< -1, or looked at while waiting */
	/** asked when wake_fd is readable; must make it unreadable. True ends the wait with
	 *  -ECANCELED */
	bool (*stopped)(void *user);
	void *user;
};

/** Takes `fd` and makes it non-blocking. */
void vnc_stream_init(struct vnc_stream *stream, int fd, uint32_t timeout_ms);
/** Says goodbye inside TLS where it can without waiting, and closes. Harmless after the
 *  pump took fd and ssl. */
void vnc_stream_finish(struct vnc_stream *stream);

/** All of `bytes` or nothing. Returns 0; -ETIMEDOUT; -ECONNRESET: the peer is gone; -EPROTO: TLS
 *  is broken; -ECANCELED. */
int vnc_stream_read(struct vnc_stream *stream, void *bytes, size_t length);
int vnc_stream_write(struct vnc_stream *stream, const void *bytes, size_t length);

/** Big-endian numbers of RFB. */
int vnc_stream_read_u8(struct vnc_stream *stream, uint8_t *ret);
int vnc_stream_read_u32(struct vnc_stream *stream, uint32_t *ret);
int vnc_stream_write_u8(struct vnc_stream *stream, uint8_t value);
int vnc_stream_write_u32(struct vnc_stream *stream, uint32_t value);

/** Runs the TLS handshake of stream->ssl (accept or connect state set). Errors as above. */
int vnc_stream_handshake(struct vnc_stream *stream);
