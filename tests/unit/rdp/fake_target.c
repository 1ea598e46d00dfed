/* FreeRDP's server role as a puppet. Only tests use it; it trusts everybody. */
#include "tests/unit/rdp/fake_target.h"

#include "gateway/rdp/rdp_glue.h"
#include "tests/support/patience.h"

#include <freerdp/channels/channels.h>
#include <freerdp/channels/wtsvc.h>
#include <freerdp/codec/color.h>
#include <freerdp/crypto/certificate.h>
#include <freerdp/crypto/privatekey.h>
#include <freerdp/input.h>
#include <freerdp/server/disp.h>
#include <freerdp/transport_io.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <winpr/ntlm.h>
#include <winpr/stream.h>
#include <winpr/string.h>
#include <winpr/synch.h>
#include <winpr/wtsapi.h>

static struct fake_target *target_of(const freerdp_peer *peer)
{
	return peer->ContextExtra;
}

static void note_input(rdpInput *input, struct fake_target_input event)
{
	struct fake_target *target = target_of(input->context->peer);

	g_mutex_lock(&target->lock);
	g_array_append_val(target->inputs, event);
	g_cond_broadcast(&target->changed);
	g_mutex_unlock(&target->lock);
}

static BOOL on_key(rdpInput *input, UINT16 flags, UINT8 code)
{
	note_input(input, (struct fake_target_input){.kind = 'k', .flags = flags, .code = code});
	return TRUE;
}

static BOOL on_unicode(rdpInput *input, UINT16 flags, UINT16 code)
{
	note_input(input, (struct fake_target_input){.kind = 'u', .flags = flags, .code = code});
	return TRUE;
}

static BOOL on_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	note_input(input, (struct fake_target_input){.kind = 'm', .flags = flags, .x = x, .y = y});
	return TRUE;
}

static BOOL on_extended_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	note_input(input, (struct fake_target_input){.kind = 'x', .flags = flags, .x = x, .y = y});
	return TRUE;
}

static BOOL on_synchronize(rdpInput *input, UINT32 flags)
{
	note_input(input, (struct fake_target_input){.kind = 's', .flags = (uint16_t)flags});
	return TRUE;
}

static BOOL note_credentials(freerdp_peer *peer)
{
	struct fake_target *target = target_of(peer);
	rdpSettings *settings = peer->context->settings;
	const char *password = freerdp_settings_get_string(settings, FreeRDP_Password);

	g_mutex_lock(&target->lock);
	g_free(target->user);
	target->user = g_strdup(freerdp_settings_get_string(settings, FreeRDP_Username));
	if (password && password[0]) {
		g_free(target->received_password);
		target->received_password = g_strdup(password);
	}
	g_mutex_unlock(&target->lock);
	return TRUE;
}

static BOOL on_logon(freerdp_peer *peer, const SEC_WINNT_AUTH_IDENTITY *identity, BOOL automatic)
{
	return note_credentials(peer);
}

static BOOL on_capabilities(freerdp_peer *peer)
{
	const struct fake_target_plan *plan = target_of(peer)->plan;
	rdpSettings *settings = peer->context->settings;

	if (plan->width != 0) {
		freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth, plan->width);
		freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight, plan->height);
	}
	return TRUE;
}

static BOOL on_activate(freerdp_peer *peer)
{
	target_of(peer)->active = true;
	return TRUE;
}

static SECURITY_STATUS on_ntlm_hash(void *peer, const SEC_WINNT_AUTH_IDENTITY *identity,
				    const SecBuffer *proof, const BYTE *key, const BYTE *mic,
				    const SecBuffer *mic_value, BYTE *ret_hash)
{
	const struct fake_target_plan *plan = target_of(peer)->plan;
	BYTE nt_hash[16];
	size_t n = 0;
	WCHAR *password = ConvertUtf8ToWCharAlloc(plan->password, &n);
	SEC_WINNT_AUTH_IDENTITY who = *identity;

	NTOWFv1W(password, (UINT32)(n * sizeof(WCHAR)), nt_hash);
	NTOWFv2FromHashW(nt_hash, (LPWSTR)who.User, who.UserLength * 2, (LPWSTR)who.Domain,
			 who.DomainLength * 2, ret_hash);
	free(password);
	return rdp_ntlm_answer(true);
}

static UINT on_caps_advertise(RdpgfxServerContext *gfx, const RDPGFX_CAPS_ADVERTISE_PDU *pdu)
{
	struct fake_target *target = gfx->custom;
	RDPGFX_CAPS_CONFIRM_PDU confirm = {.capsSet = &pdu->capsSets[pdu->capsSetCount - 1]};

	target->gfx_ready = true;
	return gfx->CapsConfirm(gfx, &confirm);
}

static UINT on_frame_acknowledge(RdpgfxServerContext *gfx, const RDPGFX_FRAME_ACKNOWLEDGE_PDU *pdu)
{
	return CHANNEL_RC_OK;
}

static UINT on_layout(DispServerContext *display, const DISPLAY_CONTROL_MONITOR_LAYOUT_PDU *pdu)
{
	struct fake_target *target = display->custom;

	g_mutex_lock(&target->lock);
	if (pdu->NumMonitors == 1) {
		target->layout_width = pdu->Monitors[0].Width;
		target->layout_height = pdu->Monitors[0].Height;
	}
	g_cond_broadcast(&target->changed);
	g_mutex_unlock(&target->lock);
	return CHANNEL_RC_OK;
}

static void open_channels(struct fake_target *target)
{
	DispServerContext *display = disp_server_context_new(target->channels);
	RdpgfxServerContext *gfx = rdpgfx_server_context_new(target->channels);

	display->custom = target;
	display->rdpcontext = target->peer->context;
	display->MaxNumMonitors = 1;
	display->MaxMonitorAreaFactorA = display->MaxMonitorAreaFactorB = PICTURE_MAX_PX;
	display->DispMonitorLayout = on_layout;
	target->display = display;
	g_assert_cmpuint(display->Open(display), ==, CHANNEL_RC_OK);
	g_assert_cmpuint(display->DisplayControlCaps(display), ==, CHANNEL_RC_OK);

	gfx->custom = target;
	gfx->rdpcontext = target->peer->context;
	gfx->CapsAdvertise = on_caps_advertise;
	gfx->FrameAcknowledge = on_frame_acknowledge;
	g_assert_true(gfx->Initialize(gfx, TRUE));
	g_assert_true(gfx->Open(gfx));
	target->gfx = gfx;
}

static void close_channels(struct fake_target *target)
{
	fake_target_clipboard_close(target);
	if (target->display) {
		DispServerContext *display = target->display;

		display->Close(display);
		disp_server_context_free(display);
	}
	if (target->gfx) {
		target->gfx->Close(target->gfx);
		rdpgfx_server_context_free(target->gfx);
	}
}

static void configure(struct fake_target *target)
{
	rdpContext *context = target->peer->context;
	rdpSettings *settings = context->settings;

	freerdp_settings_set_pointer_len(settings, FreeRDP_RdpServerRsaKey,
					 freerdp_key_new_from_pem(target->certificate.key_pem), 1);
	freerdp_settings_set_pointer_len(settings, FreeRDP_RdpServerCertificate,
					 freerdp_certificate_new_from_pem(target->certificate.pem),
					 1);
	freerdp_settings_set_bool(settings, FreeRDP_RdpSecurity, FALSE);
	freerdp_settings_set_bool(settings, FreeRDP_TlsSecurity, !target->plan->nla);
	freerdp_settings_set_bool(settings, FreeRDP_NlaSecurity, target->plan->nla);
	freerdp_settings_set_bool(settings, FreeRDP_ExtSecurity, FALSE);
	freerdp_settings_set_string(settings, FreeRDP_AuthenticationPackageList, "!kerberos");
	freerdp_settings_set_bool(settings, FreeRDP_SupportMultitransport, FALSE);
	freerdp_settings_set_bool(settings, FreeRDP_SupportGraphicsPipeline, TRUE);
	freerdp_settings_set_bool(settings, FreeRDP_SupportDisplayControl, TRUE);
	freerdp_settings_set_bool(settings, FreeRDP_UnicodeInput, TRUE);
	freerdp_settings_set_bool(settings, FreeRDP_HasExtendedMouseEvent, TRUE);
	freerdp_settings_set_bool(settings, FreeRDP_HasHorizontalWheel, TRUE);
	freerdp_settings_set_uint32(settings, FreeRDP_ColorDepth, 32);
	target->peer->SspiNtlmHashCallback = on_ntlm_hash;
	target->peer->Logon = on_logon;
	target->peer->PostConnect = note_credentials;
	target->peer->Capabilities = on_capabilities;
	target->peer->Activate = on_activate;
	context->input->KeyboardEvent = on_key;
	context->input->UnicodeKeyboardEvent = on_unicode;
	context->input->MouseEvent = on_mouse;
	context->input->ExtendedMouseEvent = on_extended_mouse;
	context->input->SynchronizeEvent = on_synchronize;
}

static void run_scripts(struct fake_target *target)
{
	void (*script)(struct fake_target *);
	gpointer next;

	while (target->active && (!target->plan->gfx || target->gfx_ready) &&
	       (next = g_async_queue_try_pop(target->scripts))) {
		memcpy(&script, &next, sizeof script);
		script(target);
	}
}

static bool serve_once(struct fake_target *target, HANDLE wake)
{
	HANDLE handles[MAXIMUM_WAIT_OBJECTS];
	freerdp_peer *peer = target->peer;
	DWORD n = peer->GetEventHandles(peer, handles, 32);
	eventfd_t drained;

	handles[n++] = WTSVirtualChannelManagerGetEventHandle(target->channels);
	handles[n++] = wake;
	HANDLE gfx = target->gfx && !target->gfx_broken
			     ? rdpgfx_server_get_event_handle(target->gfx)
			     : NULL;
	if (gfx)
		handles[n++] = gfx;
	WaitForMultipleObjects(n, handles, FALSE, INFINITE);
	(void)eventfd_read(target->wake_fd, &drained); /* empty is fine */
	if (target->stop || !peer->CheckFileDescriptor(peer))
		return false;
	if (peer->connected && !WTSVirtualChannelManagerCheckFileDescriptor(target->channels))
		return false;
	if (target->active && target->plan->gfx && !target->gfx &&
	    WTSVirtualChannelManagerGetDrdynvcState(target->channels) == DRDYNVC_STATE_READY)
		open_channels(target);
	if (target->active && target->plan->clipboard && !target->clipboard)
		fake_target_clipboard_open(target);
	if (gfx && WaitForSingleObject(gfx, 0) == WAIT_OBJECT_0)
		target->gfx_broken = rdpgfx_server_handle_messages(target->gfx) != CHANNEL_RC_OK;
	run_scripts(target);
	return true;
}

/* FreeRDP's server role loses the buffers of a refused NTLM login; the back, on another thread, is
 * what is tested for leaks. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static gpointer serve(gpointer data)
{
	struct fake_target *target = data;

	if (__lsan_disable)
		__lsan_disable();
	HANDLE wake =
		CreateFileDescriptorEventA(NULL, FALSE, FALSE, target->wake_fd, WINPR_FD_READ);

	target->peer = freerdp_peer_new(target->fd);
	target->peer->ContextExtra = target;
	g_assert_true(freerdp_peer_context_new(target->peer));
	configure(target);
	g_assert_true(target->peer->Initialize(target->peer));
	target->channels = WTSOpenServerA((LPSTR)target->peer->context);
	while (serve_once(target, wake))
		;
	close_channels(target);
	target->peer->Disconnect(target->peer);
	WTSCloseServer(target->channels);
	freerdp_peer_context_free(target->peer);
	freerdp_peer_free(target->peer);
	CloseHandle(wake);
	if (__lsan_enable)
		__lsan_enable();
	return NULL;
}

struct fake_target *fake_target_start(const struct fake_target_plan *plan, int *ret_client_fd)
{
	struct fake_target *target = g_new0(struct fake_target, 1);
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	*ret_client_fd = fds[0];
	target->fd = fds[1];
	target->plan = plan;
	target->certificate = test_certificate_make(
		&(struct test_certificate_wish){.name = "target.test", .rsa = true});
	target->scripts = g_async_queue_new();
	target->inputs = g_array_new(FALSE, FALSE, sizeof(struct fake_target_input));
	target->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g_mutex_init(&target->lock);
	g_cond_init(&target->changed);
	target->thread = g_thread_new("target", serve, target);
	return target;
}

static void wake(struct fake_target *target)
{
	g_assert_cmpint(eventfd_write(target->wake_fd, 1), ==, 0);
}

void fake_target_stop(struct fake_target *target)
{
	target->stop = true;
	wake(target);
	g_thread_join(target->thread);
	test_certificate_clear(&target->certificate);
	g_async_queue_unref(target->scripts);
	g_array_unref(target->inputs);
	g_free(target->user);
	g_free(target->received_password);
	g_free(target->copied);
	g_free(target->pasted);
	g_mutex_clear(&target->lock);
	g_cond_clear(&target->changed);
	close(target->wake_fd);
	g_free(target);
}

void fake_target_do(struct fake_target *target, void (*script)(struct fake_target *target))
{
	gpointer pointer;

	memcpy(&pointer, &script, sizeof pointer);
	g_async_queue_push(target->scripts, pointer);
	wake(target);
}

bool fake_target_wait(struct fake_target *target,
		      bool (*check)(struct fake_target *target, void *data), void *data)
{
	gint64 deadline_us = g_get_monotonic_time() + PATIENCE_US;
	bool good;

	g_mutex_lock(&target->lock);
	while (!(good = check(target, data)))
		if (!g_cond_wait_until(&target->changed, &target->lock, deadline_us))
			break;
	g_mutex_unlock(&target->lock);
	return good;
}

static uint8_t *draw(uint32_t x, uint32_t y, uint32_t width, uint32_t height, fake_picture picture,
		     bool upside_down)
{
	uint8_t *pixels = g_malloc((size_t)width * height * 4), *p = pixels;

	for (uint32_t row = 0; row < height; row++)
		for (uint32_t column = 0; column < width; column++, p += 4) {
			uint32_t line = upside_down ? height - 1 - row : row;
			uint32_t rgb = picture(x + column, y + line);

			p[0] = (uint8_t)rgb;
			p[1] = (uint8_t)(rgb >> 8);
			p[2] = (uint8_t)(rgb >> 16);
			p[3] = 0xFF;
		}
	return pixels;
}

/* Raw surface bits ([MS-RDPBCGR] 2.2.9.2.1) in stripes that fit the client's largest update. */
void fake_target_paint(struct fake_target *target, uint32_t x, uint32_t y, uint32_t width,
		       uint32_t height, fake_picture picture)
{
	rdpUpdate *update = target->peer->context->update;
	const uint32_t stripe = 8;

	for (uint32_t top = y; top < y + height; top += stripe) {
		uint32_t rows = MIN(stripe, y + height - top);
		g_autofree uint8_t *pixels = draw(x, top, width, rows, picture, true);
		SURFACE_BITS_COMMAND command = {.cmdType = CMDTYPE_SET_SURFACE_BITS,
						.destLeft = x,
						.destTop = top,
						.destRight = x + width,
						.destBottom = top + rows,
						.bmp = {.bpp = 32,
							.width = (UINT16)width,
							.height = (UINT16)rows,
							.bitmapDataLength = width * rows * 4,
							.bitmapData = pixels},
						.skipCompression = TRUE};

		g_assert_true(update->SurfaceBits(update->context, &command));
	}
}

void fake_target_send_updates(struct fake_target *target, const uint8_t *updates,
			      size_t updates_bytes)
{
	rdpContext *context = target->peer->context;
	wStream *s = Stream_New(NULL, updates_bytes + 3);

	g_assert_cmpuint(updates_bytes + 3, <=, 0x7FFF);
	Stream_Write_UINT8(s, 0); /* fast-path, not encrypted */
	Stream_Write_UINT16_BE(s, (UINT16)(0x8000 | (updates_bytes + 3)));
	Stream_Write(s, updates, updates_bytes);
	g_assert_cmpint(
		freerdp_get_io_callbacks(context)->WritePdu(freerdp_get_transport(context), s), >,
		0);
	Stream_Free(s, TRUE);
}

void fake_target_gfx_setup(struct fake_target *target, uint32_t width, uint32_t height)
{
	RdpgfxServerContext *gfx = target->gfx;
	MONITOR_DEF monitor = {0, 0, (INT32)width - 1, (INT32)height - 1, MONITOR_PRIMARY};
	RDPGFX_RESET_GRAPHICS_PDU reset = {width, height, 1, &monitor};
	RDPGFX_CREATE_SURFACE_PDU create = {1, (UINT16)width, (UINT16)height,
					    GFX_PIXEL_FORMAT_XRGB_8888};
	RDPGFX_MAP_SURFACE_TO_OUTPUT_PDU map = {.surfaceId = 1};

	g_assert_cmpuint(gfx->ResetGraphics(gfx, &reset), ==, CHANNEL_RC_OK);
	g_assert_cmpuint(gfx->CreateSurface(gfx, &create), ==, CHANNEL_RC_OK);
	g_assert_cmpuint(gfx->MapSurfaceToOutput(gfx, &map), ==, CHANNEL_RC_OK);
}

void fake_target_gfx_frame(struct fake_target *target, uint32_t x, uint32_t y, uint32_t width,
			   uint32_t height, fake_picture picture)
{
	static UINT32 frame;
	RdpgfxServerContext *gfx = target->gfx;
	g_autofree uint8_t *pixels = draw(x, y, width, height, picture, false);
	RDPGFX_START_FRAME_PDU start = {.frameId = ++frame};
	RDPGFX_END_FRAME_PDU end = {.frameId = frame};
	RDPGFX_SURFACE_COMMAND command = {.surfaceId = 1,
					  .codecId = RDPGFX_CODECID_UNCOMPRESSED,
					  .format = PIXEL_FORMAT_BGRX32,
					  .left = x,
					  .top = y,
					  .right = x + width,
					  .bottom = y + height,
					  .width = width,
					  .height = height,
					  .length = width * height * 4,
					  .data = pixels};

	g_assert_cmpuint(gfx->SurfaceFrameCommand(gfx, &command, &start, &end), ==, CHANNEL_RC_OK);
}
