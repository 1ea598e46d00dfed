/* Lends libx264 instances. It must not know what is encoded with them. */
#include "recorder/encode/idr_pool.h"

#include "recorder/encode/encoder_x264.h"

#include <glib.h>

struct idle {
	struct encoder_settings settings;
	struct encoder *encoder;
};

struct idr_pool {
	GMutex lock;
	GQueue idle; /**< struct idle, used last in front */
	unsigned max_idle;
};

struct idr_pool *idr_pool_create(unsigned max_idle)
{
	struct idr_pool *pool = g_new0(struct idr_pool, 1);

	g_mutex_init(&pool->lock);
	g_queue_init(&pool->idle);
	pool->max_idle = max_idle;
	return pool;
}

static void idle_free(gpointer data)
{
	struct idle *idle = data;

	encoder_destroy(idle->encoder);
	g_free(idle);
}

void idr_pool_destroy(struct idr_pool *pool)
{
	if (pool == NULL)
		return;
	g_queue_clear_full(&pool->idle, idle_free);
	g_mutex_clear(&pool->lock);
	g_free(pool);
}

static bool same_stream(const struct encoder_settings *a, const struct encoder_settings *b)
{
	return a->width == b->width && a->height == b->height && a->qp == b->qp &&
	       a->full_range == b->full_range;
}

static struct encoder *take_idle(struct idr_pool *pool, const struct encoder_settings *settings)
{
	struct encoder *encoder = NULL;

	g_mutex_lock(&pool->lock);
	for (GList *l = pool->idle.head; l != NULL; l = l->next) {
		struct idle *idle = l->data;
		if (!same_stream(&idle->settings, settings))
			continue;
		encoder = idle->encoder;
		g_queue_delete_link(&pool->idle, l);
		g_free(idle);
		break;
	}
	g_mutex_unlock(&pool->lock);
	return encoder;
}

int idr_pool_take(struct idr_pool *pool, const struct encoder_settings *settings,
		  struct encoder **ret_encoder)
{
	*ret_encoder = pool != NULL ? take_idle(pool, settings) : NULL;
	return *ret_encoder != NULL ? 0 : encoder_x264_create(settings, true, ret_encoder);
}

void idr_pool_put(struct idr_pool *pool, const struct encoder_settings *settings,
		  struct encoder *encoder)
{
	struct idle *idle, *surplus = NULL;

	if (pool == NULL) {
		encoder_destroy(encoder);
		return;
	}
	idle = g_new(struct idle, 1);
	*idle = (struct idle){*settings, encoder};
	g_mutex_lock(&pool->lock);
	g_queue_push_head(&pool->idle, idle);
	if (g_queue_get_length(&pool->idle) > pool->max_idle)
		surplus = g_queue_pop_tail(&pool->idle);
	g_mutex_unlock(&pool->lock);
	if (surplus != NULL)
		idle_free(surplus);
}
