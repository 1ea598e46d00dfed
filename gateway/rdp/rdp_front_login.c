/* Who the viewer is: server settings, the NLA door, the TLS door, the refusal. Decides nothing
 * itself: the gateway does. A password passes through here once and is wiped. */
#include "gateway/rdp/rdp_front.h"

#include "base/secret.h"
#include "gateway/rdp/rdp_glue.h"

#include <freerdp/channels/wtsvc.h>
#include <freerdp/crypto/certificate.h>
#include <freerdp/crypto/privatekey.h>
#include <string.h>
#include <winpr/crypto.h>
#include <winpr/error.h>

/** [MS-RDPBCGR] 2.2.1.11.1.1 allows 512 bytes of UTF-16 in each field; the broker
 *  carries as many of UTF-8. */
#define FIELD_MAX_BYTES 512u
#define TLS1_2_VERSION 0x0303u
#define DESKTOP_MIN_PX 200u

static bool set_certificate(rdpSettings *settings, const struct session_start *start)
{
	rdpPrivateKey *key = freerdp_key_new_from_pem(start->private_key_pem);
	rdpCertificate *certificate = freerdp_certificate_new_from_pem(start->certificate_pem);

	/* The settings own both from here on, also when only one was read. */
	return (!key ||
		freerdp_settings_set_pointer_len(settings, FreeRDP_RdpServerRsaKey, key, 1)) &&
	       (!certificate || freerdp_settings_set_pointer_len(
					settings, FreeRDP_RdpServerCertificate, certificate, 1)) &&
	       key && certificate;
}

static bool set_numbers(rdpSettings *settings)
{
	static const struct {
		FreeRDP_Settings_Keys_UInt32 key;
		UINT32 value;
	} numbers[] = {
		{FreeRDP_TlsSecLevel, 2},
		{FreeRDP_ColorDepth, 32},
		{FreeRDP_MultifragMaxRequestSize, 0xFFFFFF},
		{FreeRDP_PointerCacheSize, 20},
		{FreeRDP_LargePointerFlag, 0x3},
		{FreeRDP_ThreadingFlags, 1}, /* THREADING_FLAGS_DISABLE_THREADS */
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
		if (!freerdp_settings_set_uint32(settings, numbers[i].key, numbers[i].value))
			return false;
	return freerdp_settings_set_uint16(settings, FreeRDP_TLSMinVersion, TLS1_2_VERSION) &&
	       freerdp_settings_set_string(settings, FreeRDP_AuthenticationPackageList,
					   "!kerberos");
}

static bool set_switches(rdpSettings *settings, bool nla)
{
	const struct {
		FreeRDP_Settings_Keys_Bool key;
		BOOL value;
	} switches[] = {
		{FreeRDP_RdpSecurity, FALSE},
		{FreeRDP_UseRdpSecurityLayer, FALSE},
		{FreeRDP_RdstlsSecurity, FALSE},
		{FreeRDP_ExtSecurity, FALSE},
		{FreeRDP_RemoteCredentialGuard, FALSE},
		{FreeRDP_NlaSecurity, nla},
		{FreeRDP_TlsSecurity, !nla},
		{FreeRDP_SupportMultitransport, FALSE},
		{FreeRDP_SupportGraphicsPipeline, TRUE},
		{FreeRDP_SupportErrorInfoPdu, TRUE},
		{FreeRDP_RemoteFxCodec, FALSE},
		{FreeRDP_NSCodec, FALSE},
		{FreeRDP_FrameMarkerCommandEnabled, TRUE},
		{FreeRDP_SurfaceFrameMarkerEnabled, TRUE},
		{FreeRDP_UnicodeInput, TRUE},
		{FreeRDP_HasExtendedMouseEvent, TRUE},
		{FreeRDP_HasHorizontalWheel, TRUE},
		{FreeRDP_HasRelativeMouseEvent, FALSE},
		{FreeRDP_SupportMonitorLayoutPdu, FALSE},
		{FreeRDP_RefreshRect, TRUE},
		{FreeRDP_SuppressOutput, TRUE},
		{FreeRDP_DesktopResize, TRUE},
		/* A write never waits for the viewer; rdp_front_picture.c looks before it
		 * writes. */
		{FreeRDP_WaitForOutputBufferFlush, FALSE},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(switches); i++)
		if (!freerdp_settings_set_bool(settings, switches[i].key, switches[i].value))
			return false;
	return true;
}

bool rdp_front_configure(struct rdp_front *front)
{
	rdpSettings *settings = rdp_front_settings(front);
	void *orders = freerdp_settings_get_pointer_writable(settings, FreeRDP_OrderSupport);

	/* No drawing orders: pictures only. */
	if (orders)
		memset(orders, 0, 32);
	if (orders && set_certificate(settings, front->start) && set_numbers(settings) &&
	    set_switches(settings, front->start->offer_nla))
		return true;
	session_end(front->session, END_FAULT, "certificate or key for RDP viewers is not usable");
	return false;
}

uint32_t rdp_clamp_width(uint32_t width, uint32_t max_width)
{
	return CLAMP(width, DESKTOP_MIN_PX, MAX(max_width, DESKTOP_MIN_PX)) & ~1u;
}

uint32_t rdp_clamp_height(uint32_t height, uint32_t max_height)
{
	return CLAMP(height, DESKTOP_MIN_PX, MAX(max_height, DESKTOP_MIN_PX));
}

/* ---- NLA door ---- */

static char *identity_text(const UINT16 *text, UINT32 length)
{
	/* Absent and empty are the same. */
	g_autofree char *utf8 =
		text ? g_utf16_to_utf8(text, length, NULL, NULL, NULL) : g_strdup("");

	if (!utf8 || strlen(utf8) > FIELD_MAX_BYTES)
		return NULL;
	return g_steal_pointer(&utf8);
}

static bool ask_gateway(struct rdp_front *front, const SecBuffer *proof, const BYTE *session_key,
			const BYTE *mic, const SecBuffer *mic_input, uint8_t ret_key[16])
{
	static const uint8_t empty[16];
	struct broker_nla_proof question = {
		.user = front->proven_user,
		.domain = front->proven_domain,
		.proof_input = {proof->pvBuffer, proof->cbBuffer},
		.mic_input = {mic_input->pvBuffer, mic_input->cbBuffer},
	};

	if (proof->cbBuffer > BROKER_PROOF_INPUT_MAX_BYTES ||
	    mic_input->cbBuffer > BROKER_MIC_INPUT_MAX_BYTES)
		return false;
	memcpy(question.encrypted_session_key, session_key, 16);
	memcpy(question.mic, mic, 16);
	/* An empty verifier is what FreeRDP takes for "none computed yet". */
	return session_nla_proof(front->session, &question, ret_key) && memcmp(ret_key, empty, 16);
}

static void refuse_proof(struct rdp_front *front, uint8_t ret_verifier[16])
{
	if (winpr_RAND(ret_verifier, 16) < 0)
		g_warning("no random numbers for the verifier of a refused login");
	session_end(front->session, END_REFUSED, "NLA proof refused");
}

/* A no leaves a verifier that fits no proof: FreeRDP goes by the one in ret_hash at its next look,
 * whatever was returned at this one, and what a number means has changed once (rdp_ntlm_answer). */
SECURITY_STATUS rdp_front_nla_hash(void *client, const SEC_WINNT_AUTH_IDENTITY *identity,
				   const SecBuffer *proof, const BYTE *session_key, const BYTE *mic,
				   const SecBuffer *mic_input, BYTE *ret_hash)
{
	freerdp_peer *peer = client;
	struct rdp_front *front = rdp_front_of(peer->context);
	uint8_t key[16] = {0};
	bool yes = false;

	if (!front->proof_used) {
		front->proof_used = true;
		front->proven_user = identity_text(identity->User, identity->UserLength);
		front->proven_domain = identity_text(identity->Domain, identity->DomainLength);
		yes = front->proven_user && front->proven_user[0] && front->proven_domain &&
		      ask_gateway(front, proof, session_key, mic, mic_input, key);
	}
	if (yes)
		memcpy(ret_hash, key, sizeof key);
	else
		refuse_proof(front, ret_hash);
	secret_wipe(key, sizeof key);
	/* Becomes the status the viewer sees; otherwise whatever the thread's last error was. */
	SetLastError(ERROR_LOGON_FAILURE);
	return rdp_ntlm_answer(yes);
}

/* ---- Both doors ---- */

void rdp_front_send_error(struct rdp_front *front)
{
	rdpContext *context = front->peer->context;
	uint32_t info = rdp_error_info(session_end_reason(front->session));

	if (front->error_sent || !info)
		return;
	front->error_sent = true;
	/* Also to viewers that did not announce it: FreeRDP 3 does not, but shows it; and the
	 * connection ends here anyway. */
	freerdp_set_error_info(context->rdp, info);
	if (!freerdp_send_error_info(context->rdp))
		g_debug("the viewer was gone before it could be told why");
}

static char *setting_text(rdpSettings *settings, FreeRDP_Settings_Keys_String key)
{
	const char *text = freerdp_settings_get_string(settings, key);

	return g_strdup(text ? text : "");
}

static bool fields_fit(const struct broker_login *login)
{
	const char *fields[] = {login->user, login->domain, login->password, login->alternate_shell,
				login->viewer_name};

	for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
		if (strlen(fields[i]) > FIELD_MAX_BYTES || !g_utf8_validate(fields[i], -1, NULL))
			return false;
	return true;
}

static void fill_login(struct rdp_front *front, struct broker_login *login)
{
	rdpSettings *settings = rdp_front_settings(front);

	login->alternate_shell = setting_text(settings, FreeRDP_AlternateShell);
	login->viewer_name = setting_text(settings, FreeRDP_ClientHostname);
	if (front->start->offer_nla) {
		/* The name that was proven, not the one the viewer may write into
		 * Client Info afterwards. */
		login->door = DOOR_NLA_TICKET;
		login->user = g_strdup(front->proven_user ? front->proven_user : "");
		login->domain = g_strdup(front->proven_domain ? front->proven_domain : "");
		login->password = secret_new("", 0);
	} else {
		const char *password = freerdp_settings_get_string(settings, FreeRDP_Password);
		login->door = DOOR_PASSWORD;
		login->user = setting_text(settings, FreeRDP_Username);
		login->domain = setting_text(settings, FreeRDP_Domain);
		login->password =
			secret_new(password ? password : "", password ? strlen(password) : 0);
	}
	rdp_settings_wipe_passwords(settings);
}

static bool login(struct rdp_front *front)
{
	struct broker_login question = {0};
	struct session_verdict verdict = {0};
	bool allowed = false;

	fill_login(front, &question);
	if (fields_fit(&question)) {
		rdp_watchdog_arm(&front->watchdog, 0);
		session_login(front->session, &question, &verdict);
		rdp_watchdog_arm(&front->watchdog, front->start->handshake_deadline_ms);
		allowed = verdict.allowed;
		if (!allowed)
			session_end(front->session,
				    verdict.reason == END_NONE ? END_REFUSED : verdict.reason,
				    NULL);
	} else {
		session_end(front->session, END_REFUSED, "a login field is longer than allowed");
	}
	session_verdict_clear(&verdict);
	secret_free(question.password);
	g_free(question.user);
	g_free(question.domain);
	g_free(question.alternate_shell);
	g_free(question.viewer_name);
	return allowed;
}

static bool clamp_desktop(struct rdp_front *front)
{
	rdpSettings *settings = rdp_front_settings(front);
	uint32_t width = freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth);
	uint32_t height = freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight);

	return freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth,
					   rdp_clamp_width(width, front->start->max_width_px)) &&
	       freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight,
					   rdp_clamp_height(height, front->start->max_height_px));
}

/* Client Info has been read and nothing was sent that a stranger may not see: the one place where
 * FreeRDP lets a server refuse with an explanation. Runs again at each reactivation. */
BOOL rdp_front_capabilities(freerdp_peer *peer)
{
	struct rdp_front *front = rdp_front_of(peer->context);

	if (front->logged_in)
		return TRUE;
	if (!clamp_desktop(front))
		return FALSE;
	if (front->start->offer_nla &&
	    !freerdp_settings_get_bool(rdp_front_settings(front), FreeRDP_NlaSecurity)) {
		session_end(front->session, END_VIEWER_PROTOCOL, "viewer went around NLA");
		return FALSE;
	}
	front->logged_in = login(front);
	if (!front->logged_in)
		rdp_front_send_error(front);
	return front->logged_in;
}
