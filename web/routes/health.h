/** Whether the parts this service stands on are there. */
#pragma once

#include "web/routes/route.h"

struct health {
	bool database, recorder, store;
	uint64_t store_free_bytes, store_bytes;
};

/** Asks all three; blocks at most as long as the database may. */
void health_ask(struct route_call *call, struct health *ret);
