/* vitrine-gateway as a daemon. What the gateway consists of stands in gateway.c. */
#include "base/daemon.h"
#include "gateway/gateway.h"

static void *create(const struct config *config, GError **error)
{
	return gateway_create(config, error);
}

static void stop(void *instance, daemon_stopped stopped, void *user_data)
{
	gateway_stop(instance, stopped, user_data);
}

static void destroy(void *instance)
{
	gateway_destroy(instance);
}

int main(int argc, char **argv)
{
	static const struct daemon daemon = {
		.program = "vitrine-gateway",
		.summary = "Admits RDP and VNC viewers, decides where they may go and has their "
			   "sessions recorded.",
		.check = gateway_check_config,
		.create = create,
		.stop = stop,
		.destroy = destroy,
	};

	return daemon_main(&daemon, argc, argv);
}
