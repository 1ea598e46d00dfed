/** Private to web/http: how a source becomes a response. */
#pragma once

#include "web/http/source.h"

#include <microhttpd.h>

/** `length` bytes from `offset`; takes the source. NULL: out of memory. */
struct MHD_Response *http_source_response(struct http_source *source, uint64_t offset,
					  uint64_t length);
