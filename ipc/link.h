/** Links: SOCK_SEQPACKET sockets between our own processes, one typed message per
 *  packet, descriptors beside it.
 *
 *  A packet is {u16 type, u16 version, u32 reserved = 0} and then the message's fields
 *  (ipc/message.h). Everything that arrives is checked before use; a bad packet is the peer's fault
 *  and ends the link, never the process. */
#pragma once

#include "ipc/message.h"

#include <glib.h>
#include <stddef.h>

#define LINK_VERSION 1u
/** Largest packet; the longest field (a PEM chain, an NTLM proof) fits several times. */
#define LINK_MAX_BYTES 65536u
#define LINK_MAX_FDS 4u

/** A received packet. `fds` are owned by whoever received it; message_take_fd hands one on,
 *  packet_clear closes the rest. */
struct packet {
	uint16_t type;
	uint32_t length;
	uint8_t bytes[LINK_MAX_BYTES];
	int fds[LINK_MAX_FDS];
	unsigned n_fds;
};

/** Sends one message. `fds` are borrowed (the kernel duplicates them). Blocks only when the peer is
 *  full and the socket blocking.
 *  Returns 0, -EPIPE when the peer is gone, -EAGAIN on a full non-blocking socket,
 *  -EMSGSIZE, or another -errno. */
int link_send(int socket_fd, const struct message_type *type, const void *message, const int *fds,
	      unsigned n_fds);

/** Receives one packet into `ret` (overwritten). `timeout_ms` < 0 waits for ever, 0 does not wait.
 *  Returns 0, -ECONNRESET at end of file, -ETIMEDOUT, -EPROTO for a malformed packet or wrong
 *  version, or another -errno. */
int link_receive(int socket_fd, struct packet *ret, int timeout_ms);

/** Takes descriptor `index` out of a packet: the caller owns it. -1 when there is none. */
int packet_take_fd(struct packet *packet, unsigned index);

/** Closes descriptors nobody took and wipes the bytes (they may have held a secret). */
void packet_clear(struct packet *packet);

/** A connected pair of close-on-exec links. Returns 0 or -errno. */
int link_pair(int ret_fds[2]);

/** Listens on / connects to a unix socket path (SOCK_SEQPACKET or SOCK_STREAM). A stale socket file
 *  is replaced only when nobody answers on it. `mode` are the file's permission bits. Return the
 *  descriptor or -errno. */
int link_listen(const char *path, int socket_type, unsigned mode);
int link_connect(const char *path, int socket_type);

/** uid of the process at the other end of a connected unix socket, or -errno. */
int link_peer_uid(int socket_fd, uint32_t *ret_uid);
