/* vitrine-web as a daemon. What the service consists of stands in service.c. */
#include "base/daemon.h"
#include "base/secret.h"
#include "web/service.h"

#include <jansson.h>
#include <malloc.h>

/* Bodies with passwords pass through jansson; nothing of them stays behind in freed memory. */
static void free_wiped(void *bytes)
{
	if (bytes != NULL)
		secret_wipe(bytes, malloc_usable_size(bytes));
	free(bytes);
}

static void *create(const struct config *config, GError **error)
{
	return service_create(config, error);
}

static void stop(void *instance, daemon_stopped stopped, void *user_data)
{
	service_stop(instance);
	stopped(user_data);
}

static void destroy(void *instance)
{
	service_destroy(instance);
}

int main(int argc, char **argv)
{
	static const struct daemon daemon = {
		.program = "vitrine-web",
		.summary = "Serves the console: running sessions live, recordings to play and "
			   "search, over HTTPS.",
		.check = service_check_config,
		.create = create,
		.stop = stop,
		.destroy = destroy,
	};

	json_set_alloc_funcs(malloc, free_wiped);
	return daemon_main(&daemon, argc, argv);
}
