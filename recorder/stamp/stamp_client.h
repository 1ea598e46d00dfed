/** Asks a time stamp authority over HTTP or HTTPS (RFC 3161 section 3.4). Blocking. Any thread;
 *  http_init must have run. */
#pragma once

#include "base/config.h"
#include "recorder/http_client/http_post.h"
#include "recorder/stamp/stamp.h"

struct stamp_authority {
	const char *url;
	const char *ca_file; /**< PEM: whom its stamps' certificate must lead to */
	struct http_tls tls;
};

/** The configured one; borrows its texts. Its `url` is NULL or empty where none is. */
struct stamp_authority stamp_authority_of(const struct config_time_stamp *config);

/** Gets a stamp over the SHA-256 in hex and checks it (stamp_answers). The DER form of the answer,
 *  as ts-SEQ.tsr and manifest.tsr hold it (g_bytes_unref), or NULL and an error in HTTP_POST_ERROR
 *  or STAMP_ERROR. `stop` as in http_post. */
GBytes *stamp_fetch(const struct stamp_authority *authority, const char *sha256,
		    unsigned timeout_ms, const bool *stop, GError **error);
