/* The places themselves. They must not decide when. */
#include "recorder/notary/head_places.h"

#include "recorder/http_client/http_post.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WITNESS_TIMEOUT_MS 15000u
#define WITNESS_ANSWER_MAX_BYTES 65536u
/* authpriv.notice (RFC 5424 section 6.2.1). */
#define SYSLOG_PRIORITY (10 * 8 + 5)

static bool fail(GError **error, const char *what)
{
	int number = errno;

	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(number), "%s: %s", what,
		    g_strerror(number));
	return false;
}

/* ---- A file, best on another mount ---- */

static const char *file_address(const struct config_log *settings)
{
	return settings->head_file;
}

static bool file_tell(const struct config_log *settings, const char *line, const bool *stop,
		      GError **error)
{
	g_autofree char *text = g_strconcat(line, "\n", NULL);
	size_t length = strlen(text);
	int fd = open(settings->head_file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		      0644);

	(void)stop;
	if (fd < 0)
		return fail(error, settings->head_file);
	/* Half a line is told again as a whole one; a reader skips what is not a head. */
	bool ok = write(fd, text, length) == (ssize_t)length && fdatasync(fd) == 0;
	if (!ok)
		fail(error, settings->head_file);
	close(fd);
	return ok;
}

/* ---- The system's log, by its own socket: syslog(3) does not say whether anybody listened ---- */

static const char *syslog_address(const struct config_log *settings)
{
	return settings->syslog_socket;
}

static bool syslog_tell(const struct config_log *settings, const char *line, const bool *stop,
			GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *time = g_date_time_format(now, "%b %e %H:%M:%S");
	g_autofree char *text = g_strdup_printf("<%d>%s vitrine-recorder[%d]: node log head %s",
						SYSLOG_PRIORITY, time, (int)getpid(), line);

	(void)stop;
	if (g_strlcpy(address.sun_path, settings->syslog_socket, sizeof address.sun_path) >=
	    sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return fail(error, settings->syslog_socket);
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(error, "a socket");
	bool ok = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
		  send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
	if (!ok)
		fail(error, settings->syslog_socket);
	close(fd);
	return ok;
}

/* ---- A witness ---- */

static const char *witness_address(const struct config_log *settings)
{
	return settings->witness_url;
}

static bool witness_tell(const struct config_log *settings, const char *line, const bool *stop,
			 GError **error)
{
	g_autofree char *text = g_strconcat(line, "\n", NULL);
	const struct http_post post = {.url = settings->witness_url,
				       .content_type = "text/plain; charset=utf-8",
				       .tls = {settings->witness_ca_file,
					       settings->witness_certificate_file,
					       settings->witness_key_file},
				       .body = text,
				       .body_bytes = strlen(text),
				       .answer_max_bytes = WITNESS_ANSWER_MAX_BYTES,
				       .timeout_ms = WITNESS_TIMEOUT_MS,
				       .stop = stop};
	GByteArray *answer = http_post(&post, error);

	if (answer == NULL)
		return false;
	g_byte_array_unref(answer);
	return true;
}

const struct head_place head_places[] = {
	{"file", file_address, file_tell},
	{"syslog", syslog_address, syslog_tell},
	{"witness", witness_address, witness_tell},
};
const unsigned n_head_places = G_N_ELEMENTS(head_places);
G_STATIC_ASSERT(G_N_ELEMENTS(head_places) <= HEAD_PLACES_MAX);
