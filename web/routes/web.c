/* The state all routes share. It answers no request. */
#include "web/routes/web.h"

#include "web/export/export_worker.h"

#define AUDIT_SPAN_US (15u * 60u * (uint64_t)G_USEC_PER_SEC)

static bool open_handles(struct web *web, GError **error)
{
	const struct config_database *database = &web->config->database;

	for (unsigned i = 0; i < WEB_WORKERS; i++) {
		struct db *db =
			db_open(database->conninfo, database->web_role, "vitrine-web", error);
		if (db == NULL)
			return false;
		g_async_queue_push(web->handles, db);
	}
	return true;
}

static bool open_archive(struct web *web, GError **error)
{
	const char *path = web->config->web.archive_key_file;

	if (path != NULL)
		web->archive = archive_key_load(path, error);
	return path == NULL || web->archive != NULL;
}

struct web *web_create(const struct config *config, GError **error)
{
	struct web *web = g_new0(struct web, 1);

	web->config = config;
	web->handles = g_async_queue_new();
	web->hub = live_hub_create(config->recorder.live_socket_path);
	web->throttle = throttle_create();
	web->audited = once_create(AUDIT_SPAN_US);
	g_mutex_init(&web->password_lock);
	g_cond_init(&web->password_free);
	if (open_archive(web, error) && open_handles(web, error) &&
	    export_worker_create(config, &web->exports, error))
		return web;
	web_destroy(web);
	return NULL;
}

void web_destroy(struct web *web)
{
	struct db *db;

	if (web == NULL)
		return;
	export_worker_destroy(web->exports);
	while ((db = g_async_queue_try_pop(web->handles)) != NULL)
		db_close(db);
	g_async_queue_unref(web->handles);
	live_hub_destroy(web->hub);
	archive_key_destroy(web->archive);
	throttle_destroy(web->throttle);
	once_destroy(web->audited);
	g_mutex_clear(&web->password_lock);
	g_cond_clear(&web->password_free);
	g_free(web);
}

struct db *web_db_take(struct web *web)
{
	return g_async_queue_pop(web->handles);
}

void web_db_put(struct web *web, struct db *db)
{
	g_async_queue_push(web->handles, db);
}

bool web_password_enter(struct web *web)
{
	g_mutex_lock(&web->password_lock);
	bool room = web->password_checks < WEB_PASSWORD_CHECKS ||
		    web->password_waiting < WEB_PASSWORD_WAITING;
	if (room) {
		web->password_waiting++;
		while (web->password_checks >= WEB_PASSWORD_CHECKS)
			g_cond_wait(&web->password_free, &web->password_lock);
		web->password_waiting--;
		web->password_checks++;
	}
	g_mutex_unlock(&web->password_lock);
	return room;
}

void web_password_leave(struct web *web)
{
	g_mutex_lock(&web->password_lock);
	web->password_checks--;
	g_cond_signal(&web->password_free);
	g_mutex_unlock(&web->password_lock);
}
