/** The certificate a target shows, fetched for pinning. The fetched bytes are the target's and
 *  prove nothing: the operator compares. */
#pragma once

#include <glib.h>
#include <stdint.h>

struct peer_certificate {
	char *subject, *issuer; /**< RFC 2253 text as the certificate says */
	char *expires;		/**< "2027-05-01 12:00:00" UTC */
	char *sha256;		/**< of the DER bytes, 64 lower-case hex digits */
};
void peer_certificate_free(struct peer_certificate *certificate);

/** Connects, speaks `protocol` ("rdp" or "vnc") up to TLS and closes again; at most ten seconds.
 *  NULL and an error in an operator's words. */
struct peer_certificate *peer_certificate_fetch(const char *protocol, const char *host,
						uint16_t port, GError **error);

/** Reads a PEM file that must hold at least one certificate and nothing secret; g_free it. */
char *peer_read_ca_file(const char *path, GError **error);
