/** TLS of the VNC room, on both sides, with keys and certificates that are already in memory: the
 *  sandbox lets nothing be opened, and both LibVNC libraries would read them from paths. */
#pragma once

#include "gateway/vnc/vnc_stream.h"

/** Loads what OpenSSL loads lazily, before the sandbox. Returns 0 or -EIO. */
int vnc_tls_prepare(void);

/** Puts the server side on `stream` and shakes hands. Returns 0; -EINVAL when certificate or key
 *  are unusable; or as vnc_stream_read. */
int vnc_tls_accept(struct vnc_stream *stream, const char *certificate_pem,
		   const char *private_key_pem);

/** How a target proves who it is. Empty and NULL are the same; what is given must all hold. */
struct vnc_tls_identity {
	const char *host;		/**< checked against the certificate when ca_pem is given */
	const char *certificate_sha256; /**< hex, colons and case do not matter */
	const char *ca_pem;
};
/** False when nothing is given that a certificate could be checked against. */
bool vnc_tls_identity_given(const struct vnc_tls_identity *identity);

/** Puts the client side on `stream`, shakes hands and checks the certificate before
 *  anything is sent through it.
 *  Returns 0; -EACCES: no identity to check against or the certificate is another one; -EINVAL:
 *  ca_pem is unreadable; or as vnc_stream_read.
 *  *ret_detail says more after -EACCES, -EINVAL and -EPROTO (g_free). */
int vnc_tls_connect(struct vnc_stream *stream, const struct vnc_tls_identity *identity,
		    char **ret_detail);
