/* The RDP client towards a target: connects on the socket it is given, proves who the target is,
 * logs in, and relays until somebody leaves.
 * Must not know viewers, recorders or where the account came from. Opens no file and no socket: it
 * runs inside the sandbox. */
#include "gateway/rdp/rdp_back_certificate.h"
#include "gateway/rdp/rdp_back_errors.h"
#include "gateway/rdp/rdp_back_guard.h"
#include "gateway/rdp/rdp_back_internal.h"
#include "gateway/rdp/rdp_glue.h"

#include "base/secret.h"

#include <errno.h>
#include <freerdp/channels/cliprdr.h>
#include <freerdp/channels/disp.h>
#include <freerdp/channels/rdpgfx.h>
#include <freerdp/transport_io.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** From the connected socket to an active desktop; a target may be silent at any step of it. Also
 *  how long a lost graphics channel may stay away. */
#define PATIENCE_MS 15000u
/** Unanswered bytes mean that the target is gone. */
#define USER_TIMEOUT_MS 20000

void rdp_back_refuse(struct rdp_back *back, enum end_reason reason, const char *detail_format, ...)
{
	va_list arguments;

	if (back->refusal != END_NONE)
		return;
	va_start(arguments, detail_format);
	back->refusal = reason;
	back->refusal_detail = g_strdup_vprintf(detail_format, arguments);
	va_end(arguments);
	freerdp_abort_connect_context(rdp_back_context(back));
}

/* ---- What FreeRDP asks while it connects ---- */

static void set_number_option(int fd, int level, int option, int value, const char *what)
{
	/* A target reached through a unix socket in tests has no TCP options; a slow or late
	 * end is all that is lost. */
	if (setsockopt(fd, level, option, &value, sizeof value) != 0)
		g_debug("%s is not set on the target's socket: %s", what, g_strerror(errno));
}

/* FreeRDP sets these only on sockets it opened itself. */
static void tune_socket(int fd)
{
	set_number_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
	set_number_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS, "TCP_USER_TIMEOUT");
	set_number_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
	set_number_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10, "TCP_KEEPIDLE");
	set_number_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5, "TCP_KEEPINTVL");
	set_number_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3, "TCP_KEEPCNT");
}

/* The gateway dialled already. FreeRDP comes again to try another security, or after a redirection:
 * there is nothing to give then. */
static int hand_over_socket(rdpContext *context, rdpSettings *settings, const char *host, int port,
			    DWORD timeout_ms)
{
	struct rdp_back *back = rdp_back_of(context);
	int fd = back->target->fd;

	if (fd < 0) {
		rdp_back_refuse(
			back, END_TARGET_PROTOCOL,
			back->certificate_accepted
				? "target closed the connection before the desktop was there"
				: "target closed the connection, or offers neither TLS nor NLA");
		return -1;
	}
	back->target->fd = -1;
	tune_socket(fd);
	return fd;
}

/* The one place where the password enters the library: the target is known to be the right one, and
 * FreeRDP has taken its spare copy of the settings long before. */
static bool release_password(struct rdp_back *back)
{
	char *password = back->target->password;

	if (!password)
		return true;
	bool good = freerdp_settings_set_string(rdp_back_context(back)->settings, FreeRDP_Password,
						password);
	secret_wipe(password, strlen(password));
	return good;
}

static int verify_certificate(freerdp *instance, const BYTE *pem, size_t length, const char *host,
			      UINT16 port, DWORD flags)
{
	struct rdp_back *back = rdp_back_of(instance->context);
	g_autofree char *detail = NULL;

	if (rdp_certificate_check(back->target, pem, length, &detail) != 0) {
		rdp_back_refuse(back, END_TARGET_CERTIFICATE, "%s",
				detail ? detail : "target's certificate cannot be checked");
		return 0;
	}
	back->certificate_accepted = true;
	return release_password(back) ? 1 : 0;
}

/* FreeRDP would prompt on a terminal. With TLS it asks always and too early: the password follows
 * behind the certificate check, and an empty one at this point keeps the library from filing a
 * second copy. With NLA it asks only when account or password is empty. */
static BOOL answer_nothing(freerdp *instance, char **user, char **password, char **domain,
			   rdp_auth_reason reason)
{
	if (reason == AUTH_TLS)
		return TRUE;
	rdp_back_refuse(rdp_back_of(instance->context), END_TARGET_LOGIN,
			"account or password is missing");
	return FALSE;
}

/* [MS-RDPBCGR] 2.2.13: the verdict of the gateway was for this host and no other. */
static BOOL refuse_redirection(freerdp *instance)
{
	rdp_back_refuse(rdp_back_of(instance->context), END_TARGET_PROTOCOL,
			"target redirects to another host, which is not followed");
	return FALSE;
}

static void channel_connected(void *context, const ChannelConnectedEventArgs *event)
{
	struct rdp_back *back = rdp_back_of(context);

	if (strcmp(event->name, RDPGFX_DVC_CHANNEL_NAME) == 0)
		rdp_picture_open_gfx(back, event->pInterface);
	else if (strcmp(event->name, DISP_DVC_CHANNEL_NAME) == 0)
		rdp_display_open(back, event->pInterface);
	else if (strcmp(event->name, CLIPRDR_SVC_CHANNEL_NAME) == 0)
		rdp_clipboard_open(back, event->pInterface);
}

static void channel_disconnected(void *context, const ChannelDisconnectedEventArgs *event)
{
	struct rdp_back *back = rdp_back_of(context);

	if (strcmp(event->name, RDPGFX_DVC_CHANNEL_NAME) == 0)
		rdp_picture_close_gfx(back, event->pInterface);
	else if (strcmp(event->name, DISP_DVC_CHANNEL_NAME) == 0)
		rdp_display_close(back);
	else if (strcmp(event->name, CLIPRDR_SVC_CHANNEL_NAME) == 0)
		rdp_clipboard_close(back);
}

static BOOL pre_connect(freerdp *instance)
{
	rdpContext *context = instance->context;

	return rdp_back_limit_orders(context->settings) &&
	       PubSub_SubscribeChannelConnected(context->pubSub, channel_connected) >= 0 &&
	       PubSub_SubscribeChannelDisconnected(context->pubSub, channel_disconnected) >= 0;
}

/* Two sides of one setting: heartbeats bring the message channel, without which FreeRDP 3.10 loses
 * its place in the multitransport step ([MS-RDPBCGR] 1.3.1.1) of a FreeRDP target; but the library
 * also takes them as a wish for the device channel, which we do not load. */
static BOOL load_channels(freerdp *instance)
{
	rdpSettings *settings = instance->context->settings;

	return freerdp_settings_set_bool(settings, FreeRDP_SupportHeartbeatPdu, FALSE) &&
	       freerdp_client_load_channels(instance) &&
	       freerdp_settings_set_bool(settings, FreeRDP_SupportHeartbeatPdu, TRUE);
}

static BOOL post_connect(freerdp *instance)
{
	struct rdp_back *back = rdp_back_of(instance->context);

	rdp_settings_wipe_passwords(instance->context->settings);
	if (!rdp_picture_start(back))
		return FALSE;
	rdp_cursor_register(back);
	rdp_logon_register(back);
	return TRUE;
}

static void post_disconnect(freerdp *instance)
{
	if (instance->context->gdi)
		gdi_free(instance);
}

/* ---- Life ---- */

static BOOL set_callbacks(freerdp *instance, rdpContext *context)
{
	instance->PreConnect = pre_connect;
	instance->PostConnect = post_connect;
	instance->PostDisconnect = post_disconnect;
	instance->LoadChannels = load_channels;
	instance->VerifyX509Certificate = verify_certificate;
	instance->AuthenticateEx = answer_nothing;
	instance->Redirect = refuse_redirection;
	/* The library's defaults ask on the terminal. */
	instance->ChooseSmartcard = NULL;
	instance->GetAccessToken = NULL;
	instance->RetryDialog = NULL;
	instance->PresentGatewayMessage = NULL;
	instance->LogonErrorInfo = NULL;
	return TRUE;
}

static bool divert_connect(rdpContext *context)
{
	rdpTransportIo io = *freerdp_get_io_callbacks(context);

	io.TCPConnect = hand_over_socket;
	return freerdp_set_io_callbacks(context, &io);
}

static struct rdp_back *back_create(struct session *session, struct back_target *target)
{
	RDP_CLIENT_ENTRY_POINTS entry = {.Size = sizeof entry,
					 .Version = RDP_CLIENT_INTERFACE_VERSION,
					 .ContextSize = sizeof(struct rdp_back),
					 .ClientNew = set_callbacks};
	rdpContext *context = freerdp_client_context_new(&entry);

	if (!context)
		return NULL;
	struct rdp_back *back = rdp_back_of(context);
	back->session = session;
	back->target = target;
	g_queue_init(&back->held);
	if (rdp_back_configure(back) && divert_connect(context))
		return back;
	freerdp_client_context_free(context);
	return NULL;
}

static void forget_password(struct rdp_back *back, struct back_target *target)
{
	if (target->password)
		secret_wipe(target->password, strlen(target->password));
	if (back)
		rdp_settings_wipe_passwords(rdp_back_context(back)->settings);
}

/* Connects under the eyes of the guard. Whatever went wrong is in `back` or in
 * FreeRDP's last error. */
static bool connect_target(struct rdp_back *back, uint32_t deadline_ms)
{
	rdpContext *context = rdp_back_context(back);
	struct back_command size = {0}, clipboard = {0};
	struct rdp_guard *guard =
		rdp_guard_start(back->session, context, back->target->fd, deadline_ms);

	if (!guard) {
		rdp_back_refuse(back, END_FAULT, "no guard for the connection: %s",
				g_strerror(errno));
		return false;
	}
	bool connected = freerdp_connect(context->instance);
	enum rdp_guard_outcome outcome = rdp_guard_finish(guard, &size, &clipboard);
	if (outcome == RDP_GUARD_STOPPED)
		back->stopped = true;
	if (outcome == RDP_GUARD_LATE)
		rdp_back_refuse(back, END_TARGET_UNREACHABLE,
				"target did not finish connecting within %u ms", deadline_ms);
	connected = connected && outcome == RDP_GUARD_QUIET && back->refusal == END_NONE &&
		    rdp_picture_publish(back);
	rdp_relay_command(back, &size);
	rdp_relay_command(back, &clipboard);
	return connected;
}

/* Our own reason, or the target's Set Error Info, or what FreeRDP makes of the failure. */
static enum end_reason conclude(struct rdp_back *back, bool connected, char **ret_detail)
{
	rdpContext *context = rdp_back_context(back);
	uint32_t code = freerdp_get_last_error(context);
	uint32_t info = freerdp_error_info(context->instance);

	if (back->stopped)
		return END_NONE;
	if (back->refusal != END_NONE) {
		*ret_detail = g_steal_pointer(&back->refusal_detail);
		return back->refusal;
	}
	if (info != ERRINFO_SUCCESS && info != ERRINFO_NONE)
		code = MAKE_FREERDP_ERROR(ERRINFO, info);
	const struct rdp_back_error *error = rdp_back_error(code);
	*ret_detail = g_strdup_printf("%s (%s, 0x%08x)", error->text,
				      freerdp_get_last_error_name(code), code);
	/* Nobody is unreachable who was there a moment ago. */
	if (connected && error->reason == END_TARGET_UNREACHABLE)
		return END_TARGET_CLOSED;
	return error->reason;
}

static enum end_reason converse(struct rdp_back *back, char **ret_detail)
{
	rdpContext *context = rdp_back_context(back);
	bool connected = connect_target(back, back->patience_ms);

	forget_password(back, back->target);
	if (connected)
		rdp_relay_run(back);
	enum end_reason reason = conclude(back, connected, ret_detail);
	freerdp_disconnect(context->instance);
	return reason;
}

enum end_reason rdp_back_run_within(struct session *session, struct back_target *target,
				    uint32_t patience_ms, char **ret_detail)
{
	struct rdp_back *back = back_create(session, target);
	enum end_reason reason = END_FAULT;

	if (back) {
		back->patience_ms = patience_ms;
		reason = converse(back, ret_detail);
		g_queue_clear_full(&back->held, g_free);
		g_free(back->refusal_detail);
		g_free(back->clipboard.offered);
		freerdp_client_context_free(rdp_back_context(back));
	} else {
		*ret_detail = g_strdup("no memory for the connection to the target");
	}
	forget_password(NULL, target);
	if (target->fd >= 0)
		close(target->fd);
	target->fd = -1;
	return reason;
}

static enum end_reason rdp_back_run(struct session *session, struct back_target *target,
				    char **ret_detail)
{
	return rdp_back_run_within(session, target, PATIENCE_MS, ret_detail);
}

const struct back_ops rdp_back = {
	.name = "rdp",
	.keys = BACK_KEYS_SCANCODE,
	.prepare = rdp_glue_prepare,
	.run = rdp_back_run,
};
