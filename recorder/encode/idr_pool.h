/** libx264 instances that write single IDRs, shared between sessions: one needs about 16 MB, and an
 *  IDR needs nothing of what came before.
 *  Any thread. */
#pragma once

#include "recorder/encode/encoder.h"

/** max_idle: so many instances are kept for the next who comes. As many as there are
 *  encoding threads is enough. */
struct idr_pool *idr_pool_create(unsigned max_idle);
/** No encoder may use it any more. */
void idr_pool_destroy(struct idr_pool *pool);

/** An encoder for these settings that nobody else uses meanwhile. Without a pool it is made and,
 *  put back, destroyed. Errors as encoder_create.
 *  Private to recorder/encode, as is idr_pool_put. */
int idr_pool_take(struct idr_pool *pool, const struct encoder_settings *settings,
		  struct encoder **ret_encoder);
void idr_pool_put(struct idr_pool *pool, const struct encoder_settings *settings,
		  struct encoder *encoder);
