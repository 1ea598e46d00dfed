/** From struct http_answer to an MHD response; only inside web/http. */
#pragma once

#include "web/http/exchange.h"

#include <microhttpd.h>

/** Queues `answer`, with the security headers that every answer carries. Takes its
 *  body, file and stream. */
enum MHD_Result reply_send(struct MHD_Connection *connection, struct http_answer *answer);
