/* Reads the configuration file and secret files. It checks form, defaults and ranges; what a path
 * or a role is good for is the program's business. */
#include "base/config.h"

#include "base/config_schema.h"
#include "base/rect.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_MAX_BYTES (1u << 20)
#define SECRET_MAX_BYTES 16384u

G_DEFINE_QUARK(vitrine - config - error - quark, config_error)

/* libcyaml tells where a value stands only through its log. */
G_GNUC_PRINTF(3, 0)
static void collect_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
	g_autofree char *line = g_strdup_vprintf(format, args);

	if (level < CYAML_LOG_WARNING)
		return;
	const char *text = g_strstrip(line);
	if (g_str_has_prefix(text, "Load:"))
		text = g_strchug(line + strlen("Load:"));
	if (strcmp(text, "Backtrace:") != 0)
		g_string_append_printf(context, "%s%s", ((GString *)context)->len ? "; " : "",
				       text);
}

static const cyaml_config_t *cyaml_settings(GString *log, cyaml_config_t *ret)
{
	*ret = (cyaml_config_t){
		.log_fn = collect_log,
		.log_ctx = log,
		.log_level = CYAML_LOG_WARNING,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_DEFAULT,
	};
	return ret;
}

void config_free(struct config *config)
{
	cyaml_config_t settings;
	g_autoptr(GString) log = g_string_new(NULL);

	if (config != NULL)
		cyaml_free(cyaml_settings(log, &settings), &config_schema, config, 0);
}

/* cyaml_free releases with cyaml_mem, so defaults must come from there too. */
static void default_text(char **text, const char *value)
{
	if (*text == NULL) {
		size_t bytes = strlen(value) + 1;
		*text = cyaml_mem(NULL, NULL, bytes);
		if (*text == NULL)
			g_error("out of memory for the configuration");
		memcpy(*text, value, bytes);
	}
}

static void default_number(uint32_t *number, uint32_t value)
{
	if (*number == 0)
		*number = value;
}

static void default_switch(bool **on, bool value)
{
	if (*on != NULL)
		return;
	*on = cyaml_mem(NULL, NULL, sizeof **on);
	if (*on == NULL)
		g_error("out of memory for the configuration");
	**on = value;
}

static void fill_recorder(struct config_recorder *recorder)
{
	default_text(&recorder->quality, "standard");
	default_number(&recorder->reserve_mib, 1024);
	default_number(&recorder->session_mib_per_hour, 8192);
	default_number(&recorder->session_mib, 65536);
	default_number(&recorder->canvas_mib, 8192);
	default_number(&recorder->session_canvas_mib, 512);
	default_number(&recorder->self_check_every, 100);
	default_number(&recorder->log.head_seconds, 10);
	default_number(&recorder->log.publish_seconds, 900);
	default_switch(&recorder->encryption, true);
	if (recorder->socket_path != NULL) {
		g_autofree char *dir = g_path_get_dirname(recorder->socket_path);
		default_text(&recorder->running_key_dir, dir);
	}
}

static void fill_gateway(struct config_gateway *gateway)
{
	default_text(&gateway->rdp.address, "127.0.0.1");
	default_text(&gateway->vnc.address, "127.0.0.1");
	default_number(&gateway->max_sessions, 200);
	default_number(&gateway->max_per_address, 32);
	default_number(&gateway->handshake_deadline_ms, 120000);
	default_number(&gateway->dial_timeout_ms, 10000);
	default_number(&gateway->spare_sessions, 2);
	default_number(&gateway->unrecorded_limit_s, 30);
	default_number(&gateway->max_width_px, 4096);
	default_number(&gateway->max_height_px, 4096);
}

static void fill_defaults(struct config *config)
{
	default_text(&config->node, "node1");
	fill_gateway(&config->gateway);
	fill_recorder(&config->recorder);
	default_text(&config->web.https.address, "127.0.0.1");
	default_number(&config->export.keep_hours, 24);
	default_text(&config->export.timelines, "auditor");
	default_text(&config->database.gateway_role, "vitrine_gateway");
	default_text(&config->database.recorder_role, "vitrine_recorder");
	default_text(&config->database.web_role, "vitrine_web");
	default_text(&config->database.admin_role, "vitrine_admin");
}

static bool in_range(const char *path, const char *key, uint32_t value, uint32_t low, uint32_t high,
		     GError **error)
{
	if (value >= low && value <= high)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
		    "%s: %s is %u; write a number from %u to %u", path, key, value, low, high);
	return false;
}

static bool one_of(const char *path, const char *key, const char *value, const char *const *known,
		   GError **error)
{
	if (g_strv_contains(known, value))
		return true;
	g_autoptr(GString) choice = g_string_new(NULL);
	for (unsigned i = 0; known[i] != NULL; i++)
		g_string_append_printf(choice, "%s%s",
				       i == 0		      ? ""
				       : known[i + 1] != NULL ? ", "
							      : " or ",
				       known[i]);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID, "%s: %s is \"%s\"; write %s", path,
		    key, value, choice->str);
	return false;
}

static bool check_words(const char *path, const struct config *config, GError **error)
{
	static const char *const qualities[] = {"evidence", "standard", "economy", NULL};
	static const char *const roles[] = {"auditor", "admin", "nobody", NULL};

	return one_of(path, "recorder.quality", config->recorder.quality, qualities, error) &&
	       one_of(path, "export.timelines", config->export.timelines, roles, error);
}

static bool check_ranges(const char *path, const struct config *config, GError **error)
{
	const struct config_gateway *g = &config->gateway;

	return in_range(path, "gateway.max_sessions", g->max_sessions, 1, 10000, error) &&
	       in_range(path, "gateway.max_per_address", g->max_per_address, 1, 10000, error) &&
	       in_range(path, "gateway.handshake_deadline_ms", g->handshake_deadline_ms, 1000,
			600000, error) &&
	       in_range(path, "gateway.dial_timeout_ms", g->dial_timeout_ms, 100, 120000, error) &&
	       in_range(path, "gateway.spare_sessions", g->spare_sessions, 1, 64, error) &&
	       in_range(path, "gateway.unrecorded_limit_s", g->unrecorded_limit_s, 1, 600, error) &&
	       in_range(path, "gateway.max_width_px", g->max_width_px, 640, PICTURE_MAX_PX,
			error) &&
	       in_range(path, "gateway.max_height_px", g->max_height_px, 480, PICTURE_MAX_PX,
			error) &&
	       in_range(path, "export.keep_hours", config->export.keep_hours, 1, 24 * 365, error) &&
	       in_range(path, "recorder.workers", config->recorder.workers, 0, 256, error) &&
	       in_range(path, "recorder.log.head_seconds", config->recorder.log.head_seconds, 1,
			3600, error) &&
	       in_range(path, "recorder.log.publish_seconds", config->recorder.log.publish_seconds,
			1, 86400, error) &&
	       check_words(path, config, error);
}

struct config *config_load(const char *path, GError **error)
{
	struct config *config = NULL;
	cyaml_config_t settings;
	g_autofree char *text = NULL;
	gsize length;
	g_autoptr(GString) log = g_string_new(NULL);

	if (!g_file_get_contents(path, &text, &length, error))
		return NULL;
	if (length > CONFIG_MAX_BYTES) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ, "%s: larger than %u bytes",
			    path, CONFIG_MAX_BYTES);
		return NULL;
	}
	cyaml_err_t result =
		cyaml_load_data((const uint8_t *)text, length, cyaml_settings(log, &settings),
				&config_schema, (cyaml_data_t **)&config, NULL);
	if (result != CYAML_OK) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID, "%s: %s (%s)", path,
			    log->len > 0 ? log->str : "not understood", cyaml_strerror(result));
		return NULL;
	}
	/* What libcyaml makes of a file without a single key. */
	if (config == NULL) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
			    "%s: nothing is set in it; write at least one section", path);
		return NULL;
	}
	fill_defaults(config);
	if (check_ranges(path, config, error))
		return config;
	config_free(config);
	return NULL;
}

static bool secret_file_safe(int fd, const char *path, mode_t forbidden, GError **error)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ, "%s is not a regular file",
			    path);
		return false;
	}
	/* root (the command line) may read the secrets of the user a program runs as. */
	bool foreign = st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0;
	if (foreign || (st.st_mode & forbidden) != 0) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ,
			    "%s can be read by others than its user (mode %04o, uid %u): run "
			    "chmod 600 on it and give it to the user this program runs as",
			    path, (unsigned)(st.st_mode & 07777), (unsigned)st.st_uid);
		return false;
	}
	return true;
}

bool config_require(const char *value, const char *key, GError **error)
{
	if (value != NULL && value[0] != '\0')
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
		    "%s is not set, and this program needs it", key);
	return false;
}

static char *read_secret(const char *path, mode_t forbidden, GError **error)
{
	char buffer[SECRET_MAX_BYTES];
	size_t length = 0;
	ssize_t n = 0;
	char *secret = NULL;

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ, "cannot open %s: %s", path,
			    g_strerror(errno));
		return NULL;
	}
	if (secret_file_safe(fd, path, forbidden, error)) {
		while (length < sizeof buffer &&
		       (n = read(fd, buffer + length, sizeof buffer - length)) > 0)
			length += (size_t)n;
		if (n < 0 || length == sizeof buffer)
			g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ, "cannot read %s: %s",
				    path, n < 0 ? g_strerror(errno) : "it is too large");
		else
			secret = secret_new(buffer, length > 0 && buffer[length - 1] == '\n'
							    ? length - 1
							    : length);
		secret_wipe(buffer, sizeof buffer);
	}
	close(fd);
	return secret;
}

char *config_read_secret_file(const char *path, GError **error)
{
	return read_secret(path, 077, error);
}

char *config_read_credential(const char *name, GError **error)
{
	const char *dir = g_getenv("CREDENTIALS_DIRECTORY");

	if (dir == NULL || strchr(name, '/') != NULL || name[0] == '.') {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ, "credential %s: %s", name,
			    dir == NULL ? "systemd gave this program none (LoadCredential=)"
					: "that is not the name of one");
		return NULL;
	}
	g_autofree char *path = g_build_filename(dir, name, NULL);
	return read_secret(path, 027, error);
}
