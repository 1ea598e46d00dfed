/** The server's half of a stream; only inside web/http. */
#pragma once

#include "web/http/stream.h"

#include <microhttpd.h>

/** Makes the response that pulls from `stream` on `connection`; holds its own reference.
 *  NULL when memory is out. */
struct MHD_Response *http_stream_response(struct http_stream *stream,
					  struct MHD_Connection *connection);
