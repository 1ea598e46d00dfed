/* doctor: places outside the installation that make its evidence worth something: where heads of
 * the node log are kept, who stamps the time. It tells them nothing. */
#include "cli/doctor.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#define ANSWER_S 3

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static void check_url(struct doctor *doctor, const char *what, const char *url)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GError) error = NULL;
	guint16 port = g_str_has_prefix(url, "https:") ? 443 : 80;

	g_socket_client_set_timeout(client, ANSWER_S);
	g_autoptr(GSocketConnection) connection =
		g_socket_client_connect_to_uri(client, url, port, NULL, &error);
	if (connection != NULL)
		doctor_ok(doctor, "%s: %s can be reached from here", what, url);
	else
		doctor_warn(doctor, "%s: %s cannot be reached from here (%s); it is tried again",
			    what, url, error->message);
}

static void check_syslog(struct doctor *doctor, const char *path)
{
	struct stat found;

	if (stat(path, &found) == 0 && S_ISSOCK(found.st_mode))
		doctor_ok(doctor, "node log: heads go to syslog, %s", path);
	else
		doctor_fail(doctor,
			    "node log: recorder.log.syslog_socket %s is no socket: start a syslog "
			    "service or name its socket",
			    path);
}

static void check_head_file(struct doctor *doctor, const char *path, const char *store)
{
	g_autofree char *folder = g_path_get_dirname(path);
	struct stat there, here;

	if (stat(folder, &there) != 0 || !S_ISDIR(there.st_mode))
		doctor_fail(doctor,
			    "node log: %s is no directory: mount it, or change "
			    "recorder.log.head_file",
			    folder);
	else if (store != NULL && stat(store, &here) == 0 && here.st_dev == there.st_dev)
		doctor_warn(doctor,
			    "node log: %s lies on the file system of the store: who can rewrite "
			    "one can rewrite the other",
			    path);
	else
		doctor_ok(doctor, "node log: heads go to %s", path);
}

static void check_log(struct doctor *doctor)
{
	const struct config_log *log = &doctor->config->recorder.log;

	if (is_set(log->syslog_socket))
		check_syslog(doctor, log->syslog_socket);
	if (is_set(log->head_file))
		check_head_file(doctor, log->head_file, doctor->config->recorder.store_dir);
	if (is_set(log->witness_url))
		check_url(doctor, "node log: witness", log->witness_url);
	if (!is_set(log->syslog_socket) && !is_set(log->head_file) && !is_set(log->witness_url))
		doctor_warn(doctor, "node log: its heads are kept nowhere else, so who owns disk "
				    "and database can take a recording away unnoticed: set "
				    "recorder.log.syslog_socket, head_file or witness_url");
}

void doctor_check_outside(struct doctor *doctor)
{
	const struct config_time_stamp *stamp = &doctor->config->recorder.time_stamp;

	check_log(doctor);
	if (is_set(stamp->url))
		check_url(doctor, "time stamps", stamp->url);
	else
		doctor_ok(doctor, "time stamps are switched off");
	if (is_set(stamp->url) && is_set(stamp->ca_file) &&
	    !g_file_test(stamp->ca_file, G_FILE_TEST_IS_REGULAR))
		doctor_fail(doctor, "time stamps: recorder.time_stamp.ca_file %s is not there",
			    stamp->ca_file);
}
