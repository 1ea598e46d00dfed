/* FreeRDP as a library: what must be loaded before the sandbox closes, and where its log lines go.
 * Knows neither side of a session. */
#include "gateway/rdp/rdp_glue.h"

#include "base/secret.h"

#include <errno.h>
#include <freerdp/channels/channels.h>
#include <freerdp/error.h>
#include <freerdp/freerdp.h>
#include <freerdp/primitives.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <winpr/ntlm.h>
#include <winpr/ssl.h>
#include <winpr/string.h>
#include <winpr/wlog.h>
#include <winpr/wtsapi.h>

#define LOG_LINE_MAX_BYTES 300u
/** A peer can make FreeRDP complain about every packet it sends; the log of one
 *  process stays bounded. */
#define LOG_LINES_MAX 200

static const uint32_t error_infos[END_REASON_COUNT] = {
	[END_TARGET_CLOSED] = ERRINFO_LOGOFF_BY_USER,
	[END_REFUSED] = ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES,
	[END_BUSY] = ERRINFO_SERVER_DENIED_CONNECTION,
	[END_UNAVAILABLE] = ERRINFO_SERVER_DENIED_CONNECTION,
	[END_TARGET_UNREACHABLE] = ERRINFO_CB_DESTINATION_NOT_FOUND,
	[END_TARGET_CERTIFICATE] = ERRINFO_CB_CONNECTION_ERROR_INVALID_SETTINGS,
	[END_TARGET_LOGIN] = ERRINFO_CB_CONNECTION_ERROR_INVALID_SETTINGS,
	[END_TARGET_PROTOCOL] = ERRINFO_CLOSE_STACK_ON_DRIVER_FAILURE,
	[END_VIEWER_PROTOCOL] = ERRINFO_DATA_PDU_SEQUENCE,
	[END_TERMINATED] = ERRINFO_RPC_INITIATED_DISCONNECT,
	[END_IDLE] = ERRINFO_IDLE_TIMEOUT,
	[END_DEADLINE] = ERRINFO_LOGON_TIMEOUT,
	[END_RECORDER_LOST] = ERRINFO_RPC_INITIATED_LOGOFF,
	[END_STORAGE_FULL] = ERRINFO_SERVER_DENIED_CONNECTION,
	[END_GATEWAY_STOPPED] = ERRINFO_RPC_INITIATED_LOGOFF,
	[END_TOO_MUCH] = ERRINFO_RPC_INITIATED_LOGOFF,
	[END_UNRECORDABLE] = ERRINFO_SERVER_DENIED_CONNECTION,
	[END_FAULT] = ERRINFO_CLOSE_STACK_ON_DRIVER_FAILURE,
};

uint32_t rdp_error_info(enum end_reason reason)
{
	return (unsigned)reason < G_N_ELEMENTS(error_infos) ? error_infos[reason] : 0;
}

char *rdp_log_scrub(const char *text)
{
	static const char *const secrets[] = {"password", "passwd", "pin:", "secret", "cookie"};
	g_autofree char *line = g_strndup(text, LOG_LINE_MAX_BYTES);
	g_autofree char *lower = g_ascii_strdown(line, -1);
	size_t end = strlen(line);

	for (unsigned i = 0; i < G_N_ELEMENTS(secrets); i++) {
		const char *found = strstr(lower, secrets[i]);
		if (found)
			end = MIN(end, (size_t)(found - lower) + strlen(secrets[i]));
	}
	line[end] = 0;
	for (char *c = line; *c; c++)
		if (!g_ascii_isprint(*c))
			*c = ' ';
	return g_strdup(g_strchomp(line));
}

static BOOL take_log_line(const wLogMessage *message)
{
	static int lines;

	if (!message->TextString)
		return TRUE;
	int line = g_atomic_int_add(&lines, 1);
	if (line > LOG_LINES_MAX)
		return TRUE;
	if (line == LOG_LINES_MAX) {
		g_message("FreeRDP says more; the rest of this session's lines is dropped");
		return TRUE;
	}
	g_autofree char *text = rdp_log_scrub(message->TextString);
	if (message->Level >= WLOG_ERROR)
		g_message("FreeRDP: %s", text);
	else
		g_debug("FreeRDP: %s", text);
	return TRUE;
}

static BOOL ignore_log_data(const wLogMessage *message)
{
	return TRUE;
}

static void route_log(void)
{
	wLog *root = WLog_GetRoot();
	wLogCallbacks callbacks = {.data = ignore_log_data,
				   .image = ignore_log_data,
				   .message = take_log_line,
				   .package = ignore_log_data};

	/* Below warnings FreeRDP prints what a person typed. */
	WLog_SetLogLevel(root, WLOG_WARN);
	if (!WLog_SetLogAppenderType(root, WLOG_APPENDER_CALLBACK))
		return;
	WLog_ConfigureAppender(WLog_GetLogAppender(root), "callbacks", &callbacks);
	WLog_Layout_SetPrefixFormat(root, WLog_GetLogLayout(root), "%mn");
	WLog_OpenAppender(root);
}

/* NTOWFv1W is MD4, which OpenSSL 3 has only in its legacy provider. */
static bool ntlm_works(void)
{
	WCHAR text[] = {'a', 0};
	BYTE hash[16] = {0};
	static const BYTE expected[16] = {0x18, 0x6c, 0xb0, 0x91, 0x81, 0xe2, 0xc2, 0xec,
					  0xaa, 0xc7, 0x68, 0xc4, 0x7c, 0x72, 0x99, 0x04};

	return NTOWFv1W(text, sizeof text[0], hash) && memcmp(hash, expected, sizeof hash) == 0;
}

int rdp_glue_prepare(void)
{
	static bool prepared;

	if (prepared)
		return 0;
	/* FreeRDP asks for the local time with every log line; without TZ that is an
	 * open() the sandbox refuses. */
	g_setenv("TZ", "UTC", TRUE);
	tzset();
	route_log();
	signal(SIGPIPE, SIG_IGN);
	if (!winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT) || !ntlm_works()) {
		g_critical("NTLM does not work: OpenSSL's legacy provider is missing "
			   "(package openssl-provider-legacy)");
		return -ENOSYS;
	}
	/* The default measures every implementation in every process: 0.2 s of CPU. */
	primitives_set_hints(PRIMITIVES_ONLY_CPU);
	if (!primitives_get() || !WTSRegisterWtsApiFunctionTable(FreeRDP_InitWtsApi())) {
		g_critical("FreeRDP's channel table cannot be registered");
		return -ENOSYS;
	}
	prepared = true;
	return 0;
}

SECURITY_STATUS rdp_ntlm_answer(bool accepted)
{
	int major = 0, minor = 0;

	freerdp_get_version(&major, &minor, NULL);
	/* Before 3.24.0 refused on 0 (SEC_E_OK!) and accepted everything else, every
	 * error number included. */
	if (major == 3 && minor < 24)
		return accepted ? 1 : 0;
	return accepted ? SEC_E_OK : SEC_E_LOGON_DENIED;
}

static void wipe_setting(rdpSettings *settings, FreeRDP_Settings_Keys_String key)
{
	char *value = freerdp_settings_get_string_writable(settings, key);

	if (!value)
		return;
	secret_wipe(value, strlen(value));
	if (!freerdp_settings_set_string(settings, key, NULL))
		g_warning("a wiped setting of FreeRDP could not be cleared");
}

void rdp_settings_wipe_passwords(rdpSettings *settings)
{
	wipe_setting(settings, FreeRDP_Password);
	wipe_setting(settings, FreeRDP_PasswordHash);
	wipe_setting(settings, FreeRDP_GatewayPassword);
}
