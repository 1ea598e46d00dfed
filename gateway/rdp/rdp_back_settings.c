/* What we ask of a target and what we switch off. Must not know how the connection runs. The
 * password is not among the settings: FreeRDP copies them before it connects, so it enters only
 * behind the certificate check (rdp_back.c). */
#include "gateway/rdp/rdp_back_internal.h"

#include <freerdp/channels/disp.h>
#include <freerdp/client/cmdline.h>
#include <freerdp/pointer.h>
#include <string.h>

#define KEYBOARD_LAYOUT_US 0x409u
/** TLS 1.2 */
#define TLS_VERSION_MIN 0x0303u
#define ORDER_SUPPORT_BYTES 32u

struct bool_row {
	FreeRDP_Settings_Keys_Bool key;
	BOOL value;
};
static const struct bool_row bools[] = {
	/* Security: TLS or NLA, never the old RDP layer; NTLM, because Kerberos needs
	 * files and more sockets. */
	{FreeRDP_RdpSecurity, FALSE},
	{FreeRDP_TlsSecurity, TRUE},
	{FreeRDP_NlaSecurity, TRUE},
	{FreeRDP_ExtSecurity, FALSE}, /* on by default since 3.31 */
	{FreeRDP_NegotiateSecurityLayer, TRUE},
	{FreeRDP_ExternalCertificateManagement, TRUE},
	{FreeRDP_AutoReconnectionEnabled, FALSE},
	{FreeRDP_AutoLogonEnabled, TRUE},

	/* Pictures */
	{FreeRDP_SupportGraphicsPipeline, TRUE},
	{FreeRDP_GfxProgressive, TRUE},
	{FreeRDP_GfxPlanar, TRUE},
	{FreeRDP_GfxH264, TRUE},
	{FreeRDP_GfxAVC444, FALSE},
	{FreeRDP_GfxAVC444v2, FALSE},
	{FreeRDP_GfxSendQoeAck, FALSE},
	{FreeRDP_RemoteFxCodec, TRUE},
	{FreeRDP_NSCodec, TRUE},
	{FreeRDP_JpegCodec, FALSE},
	{FreeRDP_SurfaceCommandsEnabled, TRUE},
	{FreeRDP_FrameMarkerCommandEnabled, TRUE},
	{FreeRDP_SurfaceFrameMarkerEnabled, TRUE},
	{FreeRDP_FastPathOutput, TRUE},
	{FreeRDP_DesktopResize, TRUE},
	{FreeRDP_BitmapCacheEnabled, FALSE},
	{FreeRDP_BitmapCachePersistEnabled, FALSE},
	{FreeRDP_DrawAllowDynamicColorFidelity, FALSE},
	{FreeRDP_CompressionEnabled, FALSE}, /* one decoder less in front of a hostile target */
	{FreeRDP_AllowFontSmoothing, TRUE},

	/* Input */
	{FreeRDP_FastPathInput, TRUE},
	{FreeRDP_UnicodeInput, TRUE},
	{FreeRDP_HasExtendedMouseEvent, TRUE},
	{FreeRDP_HasHorizontalWheel, TRUE},
	{FreeRDP_MultiTouchInput, FALSE},
	{FreeRDP_GrabMouse, TRUE}, /* else the library swallows pointer positions of the target */

	/* Channels: graphics, display control and text clipboard; nothing that opens a file or a
	 * device. Synchronous, because the library otherwise decodes on a thread of its own. */
	{FreeRDP_SynchronousDynamicChannels, TRUE},
	{FreeRDP_SupportDisplayControl, TRUE},
	{FreeRDP_RedirectClipboard, TRUE},
	{FreeRDP_DeviceRedirection, FALSE},
	{FreeRDP_RedirectDrives, FALSE},
	{FreeRDP_RedirectPrinters, FALSE},
	{FreeRDP_RedirectSmartCards, FALSE},
	{FreeRDP_RedirectSerialPorts, FALSE},
	{FreeRDP_AudioPlayback, FALSE},
	{FreeRDP_AudioCapture, FALSE},
	{FreeRDP_RemoteConsoleAudio, TRUE}, /* sound stays at the target */

	/* Each of these would make the library load the device channel. */
	{FreeRDP_NetworkAutoDetect, FALSE},
	{FreeRDP_SupportMultitransport, FALSE},
};

struct number_row {
	FreeRDP_Settings_Keys_UInt32 key;
	UINT32 value;
};
static const struct number_row numbers[] = {
	{FreeRDP_ThreadingFlags, THREADING_FLAGS_DISABLE_THREADS},
	{FreeRDP_TlsSecLevel, 2},
	{FreeRDP_ColorDepth, 32},
	{FreeRDP_OffscreenSupportLevel, 0},
	{FreeRDP_GlyphSupportLevel, GLYPH_SUPPORT_NONE},
	{FreeRDP_LargePointerFlag, LARGE_POINTER_FLAG_96x96 | LARGE_POINTER_FLAG_384x384},
	{FreeRDP_ProxyType, PROXY_TYPE_IGNORE}, /* else the environment decides */
	{FreeRDP_ClipboardFeatureMask, CLIPRDR_FLAG_LOCAL_TO_REMOTE | CLIPRDR_FLAG_REMOTE_TO_LOCAL},
	{FreeRDP_TcpAckTimeout, 15000}, /* in fact: how long activation may take */
};

static bool set_tables(rdpSettings *settings)
{
	bool good = true;

	for (unsigned i = 0; i < G_N_ELEMENTS(bools); i++)
		good &= freerdp_settings_set_bool(settings, bools[i].key, bools[i].value);
	for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
		good &= freerdp_settings_set_uint32(settings, numbers[i].key, numbers[i].value);
	return good &&
	       freerdp_settings_set_uint16(settings, FreeRDP_TLSMinVersion, TLS_VERSION_MIN);
}

static bool set_desktop(rdpSettings *settings, const struct back_target *target)
{
	uint32_t layout = target->keyboard_layout ? target->keyboard_layout : KEYBOARD_LAYOUT_US;
	uint32_t width = CLAMP(target->width_px, DISPLAY_CONTROL_MIN_MONITOR_WIDTH,
			       DISPLAY_CONTROL_MAX_MONITOR_WIDTH);
	uint32_t height = CLAMP(target->height_px, DISPLAY_CONTROL_MIN_MONITOR_HEIGHT,
				DISPLAY_CONTROL_MAX_MONITOR_HEIGHT);

	return freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth, width & ~1u) &&
	       freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight, height) &&
	       freerdp_settings_set_uint32(settings, FreeRDP_KeyboardLayout, layout) &&
	       freerdp_set_connection_type(settings, CONNECTION_TYPE_LAN);
}

static bool set_identity(rdpSettings *settings, const struct back_target *target)
{
	bool good = freerdp_settings_set_string(settings, FreeRDP_ServerHostname, target->host) &&
		    freerdp_settings_set_uint32(settings, FreeRDP_ServerPort, target->port) &&
		    freerdp_settings_set_string(settings, FreeRDP_Username, target->account) &&
		    freerdp_settings_set_string(settings, FreeRDP_ClientHostname, "vitrine") &&
		    freerdp_settings_set_string(settings, FreeRDP_AuthenticationPackageList,
						"!kerberos");

	/* Empty, not missing: a missing one makes the library ask before the
	 * certificate was seen. */
	good = good && freerdp_settings_set_string(settings, FreeRDP_Password, "");
	if (target->domain && target->domain[0])
		good = good &&
		       freerdp_settings_set_string(settings, FreeRDP_Domain, target->domain);
	return good;
}

bool rdp_back_configure(struct rdp_back *back)
{
	rdpSettings *settings = rdp_back_context(back)->settings;

	/* The connection type first: it sets some of what the table then decides. */
	return set_desktop(settings, back->target) && set_tables(settings) &&
	       set_identity(settings, back->target);
}

bool rdp_back_limit_orders(rdpSettings *settings)
{
	BYTE *orders = freerdp_settings_get_pointer_writable(settings, FreeRDP_OrderSupport);

	if (!orders)
		return false;
	memset(orders, 0, ORDER_SUPPORT_BYTES);
	orders[NEG_SCRBLT_INDEX] = TRUE;
	return true;
}
