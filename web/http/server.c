/* The HTTPS server over libmicrohttpd: network threads here, work on a pool. It must not
 * know what any path means. */
#include "web/http/server.h"

#include "web/http/intake.h"
#include "web/http/reply.h"
#include "web/http/socket.h"

#include <microhttpd.h>
#include <unistd.h>

#define SERVER_THREADS 2u
#define SERVER_CONNECTIONS 512u
#define SERVER_CONNECTIONS_PER_ADDRESS 128u
#define SERVER_TIMEOUT_S 30u
#define SERVER_HEADER_BYTES 32768u
/* Waiting for a worker: beyond this the answer is 503 at once. */
#define SERVER_QUEUE 128u
#define SERVER_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

G_DEFINE_QUARK(vitrine - http - error - quark, http_error)

struct http_server {
	struct http_settings settings;
	struct MHD_Daemon *daemon;
	int socket_fd;	   /* ours again after MHD_quiesce_daemon, -1 before */
	GMutex pool_lock;  /* guards pool against network threads while the server quiesces */
	GThreadPool *pool; /* NULL: no more work is taken */
	uint64_t requests; /* atomic */
};

/* One request on its way through the server; MHD's per-request pointer. */
struct exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_request request;
	struct http_answer answer;
	bool answered;
};

static void exchange_free(struct exchange *exchange)
{
	http_request_finish(&exchange->request);
	http_answer_finish(&exchange->answer);
	g_free(exchange);
}

/* On a worker thread; afterwards MHD calls `access` again, which finds the answer. */
static void work(void *item, void *user_data)
{
	struct exchange *exchange = item;
	struct http_server *server = user_data;

	server->settings.handle(&exchange->request, &exchange->answer, server->settings.user_data);
	exchange->answered = true;
	MHD_resume_connection(exchange->connection);
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
	__atomic_add_fetch(&exchange->server->requests, 1, __ATOMIC_RELAXED);
	return reply_send(exchange->connection, &exchange->answer);
}

static enum MHD_Result refuse(struct exchange *exchange, unsigned status, const char *text)
{
	http_answer_text(&exchange->answer, status, "text/plain; charset=utf-8", text);
	return send_answer(exchange);
}

static enum MHD_Result hand_to_worker(struct exchange *exchange)
{
	struct http_server *server = exchange->server;

	g_mutex_lock(&server->pool_lock);
	bool taken = server->pool != NULL && g_thread_pool_unprocessed(server->pool) < SERVER_QUEUE;
	if (taken) {
		MHD_suspend_connection(exchange->connection);
		g_thread_pool_push(server->pool, exchange, NULL);
	}
	g_mutex_unlock(&server->pool_lock);
	if (taken)
		return MHD_YES;
	exchange->answer.retry_after_s = 2;
	return refuse(exchange, 503, "too many requests are waiting, or the service is stopping\n");
}

/* MHD calls this when the headers are there, for each piece of the body, when the body is complete,
 * and again after a resume. */
static enum MHD_Result access_request(void *user_data, struct MHD_Connection *connection,
				      const char *url, const char *method, const char *version,
				      const char *upload, size_t *upload_bytes, void **state)
{
	struct exchange *exchange = *state;

	if (exchange == NULL) {
		const char *refusal = NULL;
		exchange = g_new0(struct exchange, 1);
		exchange->server = user_data;
		exchange->connection = connection;
		http_answer_init(&exchange->answer);
		*state = exchange;
		unsigned status =
			intake_headers(connection, url, method, &exchange->request, &refusal);
		return status == 0 ? MHD_YES : refuse(exchange, status, refusal);
	}
	if (*upload_bytes > 0) {
		/* a chunked body past the bound: MHD cannot answer in the middle of one */
		if (!intake_body(&exchange->request, upload, *upload_bytes))
			return MHD_NO;
		*upload_bytes = 0;
		return MHD_YES;
	}
	return exchange->answered ? send_answer(exchange) : hand_to_worker(exchange);
}

static void request_completed(void *user_data, struct MHD_Connection *connection, void **state,
			      enum MHD_RequestTerminationCode code)
{
	if (*state != NULL)
		exchange_free(*state);
	*state = NULL;
}

/* Without this MHD would hand out a query or path with a decoded NUL as if it ended there. */
static size_t unescape(void *user_data, struct MHD_Connection *connection, char *text)
{
	return intake_unescape(text);
}

G_GNUC_PRINTF(2, 0)
static void daemon_log(void *user_data, const char *format, va_list args)
{
	g_autofree char *line = g_strchomp(g_strdup_vprintf(format, args));

	/* Peers cause most of these (broken handshakes), so they are for debugging only. */
	g_debug("http: %s", line);
}

static bool start_daemon(struct http_server *server, int socket_fd)
{
	const struct http_settings *s = &server->settings;

	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_TLS | MHD_USE_ERROR_LOG,
		0, NULL, NULL, access_request, server, MHD_OPTION_EXTERNAL_LOGGER, daemon_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, socket_fd, MHD_OPTION_THREAD_POOL_SIZE, SERVER_THREADS,
		MHD_OPTION_HTTPS_MEM_CERT, s->certificate_pem, MHD_OPTION_HTTPS_MEM_KEY,
		s->private_key_pem, MHD_OPTION_HTTPS_PRIORITIES, SERVER_PRIORITIES,
		MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		SERVER_CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT, SERVER_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEADER_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, request_completed, NULL, MHD_OPTION_END);
	return server->daemon != NULL;
}

struct http_server *http_server_create(const struct http_settings *settings, GError **error)
{
	int socket_fd = socket_listen(settings->address, settings->port, error);

	if (socket_fd < 0)
		return NULL;
	struct http_server *server = g_new0(struct http_server, 1);
	server->settings = *settings;
	server->socket_fd = -1;
	g_mutex_init(&server->pool_lock);
	server->pool = g_thread_pool_new(work, server, (int)settings->workers, TRUE, error);
	if (server->pool == NULL) {
		close(socket_fd);
	} else if (start_daemon(server, socket_fd)) {
		return server;
	} else {
		close(socket_fd);
		g_set_error(error, HTTP_ERROR, HTTP_ERROR_TLS,
			    "the HTTPS service cannot start: web.certificate_file and "
			    "web.private_key_file must be PEM and belong together");
	}
	http_server_destroy(server);
	return NULL;
}

void http_server_quiesce(struct http_server *server)
{
	if (server->daemon != NULL && server->socket_fd < 0)
		server->socket_fd = MHD_quiesce_daemon(server->daemon);
	g_mutex_lock(&server->pool_lock);
	GThreadPool *pool = g_steal_pointer(&server->pool);
	g_mutex_unlock(&server->pool_lock);
	if (pool != NULL)
		g_thread_pool_free(pool, FALSE, TRUE);
}

void http_server_destroy(struct http_server *server)
{
	if (server == NULL)
		return;
	http_server_quiesce(server);
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	/* Only now: MHD's threads may look at the listening socket until they are gone. */
	if (server->socket_fd >= 0)
		close(server->socket_fd);
	g_mutex_clear(&server->pool_lock);
	g_free(server);
}

uint64_t http_server_requests(const struct http_server *server)
{
	return __atomic_load_n(&server->requests, __ATOMIC_RELAXED);
}
