/* GET /healthz: 200 when database, recorder and store are there, 503 otherwise; says which. It
 * tells nothing about sessions, because it asks for no login. */
#include "web/routes/health.h"

#include "web/live/live_socket.h"

#include <sys/statvfs.h>
#include <unistd.h>

/* Connecting is enough: the recorder's listener has to be alive for that, and it drops a
 * peer that asks nothing. */
static bool recorder_answers(const char *socket_path)
{
	int fd = live_socket_connect(socket_path);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool store_is_there(const char *store_dir, struct health *health)
{
	struct statvfs info;

	if (access(store_dir, R_OK | X_OK) < 0 || statvfs(store_dir, &info) < 0)
		return false;
	health->store_free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
	health->store_bytes = (uint64_t)info.f_blocks * info.f_frsize;
	return true;
}

void health_ask(struct route_call *call, struct health *ret)
{
	const struct config_recorder *recorder = &call->web->config->recorder;
	g_autoptr(GError) error = NULL;

	*ret = (struct health){.database = db_ping(call->db, &error)};
	ret->recorder = recorder_answers(recorder->live_socket_path);
	ret->store = store_is_there(recorder->store_dir, ret);
}

static const char *word(bool there)
{
	return there ? "ok" : "away";
}

void route_health(struct route_call *call)
{
	struct health health;

	health_ask(call, &health);
	bool all = health.database && health.recorder && health.store;
	route_json(call, all ? 200 : 503,
		   json_pack("{s:s, s:s, s:s, s:s}", "status", word(all), "database",
			     word(health.database), "recorder", word(health.recorder), "store",
			     word(health.store)));
}
