/* vitrine-recorder as a daemon. What the recorder consists of stands in recorder.c. */
#include "base/daemon.h"
#include "recorder/recorder.h"

static void *create(const struct config *config, GError **error)
{
	return recorder_create(config, error);
}

static void stop(void *instance, daemon_stopped stopped, void *user_data)
{
	recorder_stop(instance, stopped, user_data);
}

static void destroy(void *instance)
{
	recorder_destroy(instance);
}

int main(int argc, char **argv)
{
	static const struct daemon daemon = {
		.program = "vitrine-recorder",
		.summary = "Records sessions: H.264 in fragmented MP4, each segment hashed and "
			   "signed as it is written.",
		.check = recorder_check_config,
		.create = create,
		.stop = stop,
		.destroy = destroy,
	};

	return daemon_main(&daemon, argc, argv);
}
