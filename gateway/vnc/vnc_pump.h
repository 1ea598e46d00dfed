/** A thread that carries bytes between a peer (plain or TLS) and a LibVNC library on a socket pair.
 *
 *      peer <== TCP, TLS ==> pump <== AF_UNIX, plain RFB ==> LibVNCServer or LibVNCClient
 *
 *  Why: both libraries want a file descriptor they may block on, read certificates from paths, and
 *  would hang with a silent peer. With the pump TLS is ours, a slow viewer's bytes queue here
 *  instead of stopping the front, and a library that waits in the middle of a message is
 *  freed by closing the pair. */
#pragma once

#include "gateway/vnc/vnc_stream.h"

struct vnc_pump;

struct vnc_pump_options {
	const char *name; /**< of the thread; static */
	/** what the library reads first, before anything of the peer; borrowed */
	const void *greeting;
	size_t greeting_bytes; /**< at most 4096 */
	size_t discard_bytes;  /**< so many first bytes of the library never reach the peer */
	/** how much may wait for a slow peer before the library has to wait too */
	size_t queue_max_bytes;
	/** 0, or how long the peer may be silent while the library waits inside a message */
	uint32_t silence_ms;
	bool (*cancelled)(void *user); /**< true once the session is over; any thread */
	void *user;
};

/** Takes fd and ssl out of `stream`. *ret_library_fd is non-blocking and the caller's. Returns NULL
 *  when no pair can be made. */
struct vnc_pump *vnc_pump_start(struct vnc_stream *stream, const struct vnc_pump_options *options,
				int *ret_library_fd);

/** Lets the pump sleep: `delivered` is what vnc_pump_delivered said before the caller saw that its
 *  end of the pair is empty. As long as bytes went to the library after that, or wait for the peer
 *  in a full queue, somebody may be blocked inside the library; the pump then asks `cancelled` ten
 *  times a second and closes the pair when it says yes. */
void vnc_pump_set_idle(struct vnc_pump *pump, uint64_t delivered);
/** While true the library waits for our own side, not for the peer: silence is not counted. Any
 *  thread. */
void vnc_pump_set_patient(struct vnc_pump *pump, bool patient);
/** Bytes given to the library so far. Any thread. */
uint64_t vnc_pump_delivered(struct vnc_pump *pump);

/** Bytes that wait for a slow peer. Any thread. */
size_t vnc_pump_queued_bytes(struct vnc_pump *pump);

enum vnc_pump_end {
	VNC_PUMP_RUNNING,
	VNC_PUMP_PEER_CLOSED,
	VNC_PUMP_LIBRARY_CLOSED,
	VNC_PUMP_BROKEN, /**< TLS of the peer is damaged */
	VNC_PUMP_SILENT, /**< the peer stopped in the middle of a message */
	VNC_PUMP_CANCELLED,
};
/** Why bytes stopped flowing. Any thread. */
enum vnc_pump_end vnc_pump_ended(struct vnc_pump *pump);

/** Closes towards the library, gives queued bytes up to `linger_ms` to reach the peer, says goodbye
 *  inside TLS, joins the thread and frees. NULL is fine. */
void vnc_pump_stop(struct vnc_pump *pump, uint32_t linger_ms);
