/* The RDP front: one viewer from its first byte to its last. Here are the peer's life, the loop and
 * the farewell; what a viewer says and sees is in the other rdp_front_*.c files. It must not know
 * the target's protocol. */
#include "gateway/rdp/rdp_front.h"

#include "base/clock.h"
#include "gateway/rdp/rdp_front_display.h"
#include "gateway/rdp/rdp_glue.h"
#include "gateway/session/front.h"

#include <fcntl.h>
#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/wtsvc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <winpr/synch.h>
#include <winpr/wtsapi.h>

#define MAX_HANDLES 32u
/** What the kernel may hold unsent: more would be old pictures in front of a new one. */
#define UNSENT_BYTES (256 * 1024)
/** How long the last words may take to a viewer that reads slowly. */
#define FAREWELL_MS 1000

/* ---- Getting to the desktop ---- */

static void open_target(struct rdp_front *front)
{
	rdpSettings *settings = rdp_front_settings(front);
	struct session_view view = {
		.width_px = freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth),
		.height_px = freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight),
		.keyboard_layout = freerdp_settings_get_uint32(settings, FreeRDP_KeyboardLayout),
	};

	/* ClientCapabilities has been read by now: whether the viewer has graphics is known. */
	bool dynamic =
		WTSVirtualChannelManagerIsChannelJoined(front->channels, DRDYNVC_SVC_CHANNEL_NAME);
	if (dynamic && freerdp_settings_get_bool(settings, FreeRDP_SupportGraphicsPipeline))
		front->gfx = rdp_gfx_create(front);
	if (dynamic)
		front->display = rdp_display_create(front);
	front->cursor = rdp_cursor_create(front);
	front->opened = true;
	session_open_target(front->session, &view);
}

/* Runs again after each reactivation: the viewer then has forgotten picture and cursors. */
static BOOL on_activate(freerdp_peer *peer)
{
	struct rdp_front *front = rdp_front_of(peer->context);

	if (!freerdp_settings_get_bool(rdp_front_settings(front), FreeRDP_FastPathOutput)) {
		session_end(front->session, END_VIEWER_PROTOCOL, "viewer has no fast-path output");
		return FALSE;
	}
	rdp_watchdog_arm(&front->watchdog, 0);
	front->active = true;
	if (!front->opened) {
		open_target(front);
		return rdp_channels_start(front->static_channels);
	}
	rdp_cursor_reset(front->cursor);
	rdp_front_picture_forget(front);
	front->cursor_waits = true;
	return TRUE;
}

static BOOL on_channel_created(void *user, UINT32 channel_id, INT32 status)
{
	struct rdp_front *front = user;

	if (front->gfx)
		rdp_gfx_channel_created(front->gfx, channel_id, status);
	return TRUE;
}

static BOOL on_logon(freerdp_peer *peer, const SEC_WINNT_AUTH_IDENTITY *identity, BOOL automatic)
{
	/* Means nothing before FreeRDP 3.22, and nothing is known yet; the verdict falls in
	 * rdp_front_capabilities. */
	return TRUE;
}

/* Without this callback FreeRDP takes the peer for not connected. */
static BOOL on_post_connect(freerdp_peer *peer)
{
	return TRUE;
}

static bool make_peer(struct rdp_front *front, int viewer_fd)
{
	front->peer = freerdp_peer_new(viewer_fd);
	if (!front->peer) {
		close(viewer_fd);
		return false;
	}
	freerdp_peer *peer = front->peer;
	peer->ContextSize = sizeof(struct rdp_front_context);
	if (!freerdp_peer_set_local_and_hostname(peer, &front->viewer_address) ||
	    !freerdp_peer_context_new(peer))
		return false;
	((struct rdp_front_context *)peer->context)->front = front;
	peer->Capabilities = rdp_front_capabilities;
	peer->PostConnect = on_post_connect;
	peer->Activate = on_activate;
	peer->Logon = on_logon;
	peer->SspiNtlmHashCallback = rdp_front_nla_hash;
	rdp_front_input_register(front);
	rdp_front_picture_register(front);
	return rdp_front_configure(front) && peer->Initialize(peer);
}

static bool make_events(struct rdp_front *front)
{
	freerdp_peer *peer = front->peer;

	front->channels = WTSOpenServerA((LPSTR)(void *)peer->context);
	if (!front->channels || front->channels == INVALID_HANDLE_VALUE)
		return false;
	front->static_channels = rdp_channels_create(front);
	WTSVirtualChannelManagerSetDVCCreationCallback(front->channels, on_channel_created, front);
	front->session_event = CreateFileDescriptorEventA(
		NULL, FALSE, FALSE, session_front_fd(front->session), WINPR_FD_READ);
	front->writable_event =
		CreateFileDescriptorEventA(NULL, FALSE, FALSE, front->socket_fd, WINPR_FD_WRITE);
	return front->session_event && front->writable_event;
}

/* ---- The loop ---- */

static DWORD wait_ms(const struct rdp_front *front)
{
	uint64_t due_us = rdp_front_picture_due_us(front), now_us;

	if (due_us == UINT64_MAX)
		return INFINITE;
	now_us = clock_now_us();
	return due_us <= now_us ? 0 : (DWORD)((due_us - now_us + 999) / 1000);
}

static bool wait_for_something(struct rdp_front *front)
{
	HANDLE handles[MAX_HANDLES];
	freerdp_peer *peer = front->peer;
	DWORD n = peer->GetEventHandles(peer, handles, MAX_HANDLES - 5);

	if (n == 0)
		return false;
	handles[n++] = front->session_event;
	handles[n++] = WTSVirtualChannelManagerGetEventHandle(front->channels);
	if (front->gfx)
		n += rdp_gfx_handles(front->gfx, &handles[n]);
	if (front->display)
		n += rdp_display_handles(front->display, &handles[n]);
	if (peer->IsWriteBlocked(peer))
		handles[n++] = front->writable_event;
	return WaitForMultipleObjects(n, handles, FALSE, wait_ms(front)) != WAIT_FAILED;
}

static bool serve_viewer(struct rdp_front *front)
{
	freerdp_peer *peer = front->peer;

	if (!peer->CheckFileDescriptor(peer))
		return false;
	if (peer->IsWriteBlocked(peer) && peer->DrainOutputBuffer(peer) < 0)
		return false;
	if (!peer->connected)
		return true;
	return (!front->gfx || rdp_gfx_poll(front->gfx)) &&
	       (!front->display || rdp_display_poll(front->display)) &&
	       WTSVirtualChannelManagerCheckFileDescriptor(front->channels);
}

static void take_flags(struct rdp_front *front)
{
	unsigned flags = session_front_flags(front->session);

	if (flags & FRONT_RUNNING)
		front->running = true;
	if (flags & (FRONT_PICTURE | FRONT_RESIZED))
		front->picture_waits = true;
	if (flags & FRONT_CURSOR_SHAPE)
		front->cursor_waits = true;
	if (flags & FRONT_CURSOR_MOVED)
		front->position_waits = true;
	if (flags & FRONT_NOTICE)
		rdp_front_picture_notice(front);
	if (flags & FRONT_CLIPBOARD)
		rdp_channels_target_copied(front->static_channels);
}

static bool serve_cursor(struct rdp_front *front)
{
	freerdp_peer *peer = front->peer;

	if (!front->active || !front->running || peer->IsWriteBlocked(peer))
		return true;
	if (front->cursor_waits) {
		front->cursor_waits = false;
		if (!rdp_cursor_send_shape(front->cursor))
			return false;
	}
	if (front->position_waits && !front->suppressed) {
		front->position_waits = false;
		return rdp_cursor_send_position(front->cursor);
	}
	return true;
}

static void serve(struct rdp_front *front)
{
	while (session_end_reason(front->session) == END_NONE) {
		if (!wait_for_something(front)) {
			session_end(front->session, END_FAULT, "waiting for the viewer failed");
			return;
		}
		/* Why it failed was said already when we are the reason: the first session_end
		 * stands. */
		if (!serve_viewer(front)) {
			session_end(front->session,
				    front->active ? END_VIEWER_LEFT : END_VIEWER_PROTOCOL,
				    front->active ? NULL : "viewer left during the handshake");
			return;
		}
		take_flags(front);
		if (!rdp_front_picture_step(front) || !serve_cursor(front) ||
		    !rdp_channels_flush(front->static_channels))
			session_end(front->session, END_VIEWER_LEFT, "viewer takes no more output");
	}
}

/* ---- Farewell ---- */

static void drain(struct rdp_front *front)
{
	freerdp_peer *peer = front->peer;
	uint64_t until_us = clock_now_us() + FAREWELL_MS * 1000u;
	struct pollfd pollfd = {.fd = front->socket_fd, .events = POLLOUT};

	while (peer->IsWriteBlocked(peer) && clock_now_us() < until_us) {
		if (poll(&pollfd, 1, FAREWELL_MS) <= 0 || (pollfd.revents & (POLLERR | POLLHUP)) ||
		    peer->DrainOutputBuffer(peer) < 0)
			return;
	}
}

static void say_goodbye(struct rdp_front *front)
{
	freerdp_peer *peer = front->peer;

	/* Close sends Deactivate All first, after which viewers no longer look at the
	 * error: it goes before. */
	if (front->active) {
		rdp_front_send_error(front);
		peer->Close(peer);
	}
	drain(front);
	peer->Disconnect(peer);
}

static void close_event(HANDLE event)
{
	if (event)
		CloseHandle(event);
}

static void finish(struct rdp_front *front)
{
	rdp_front_picture_finish(front);
	rdp_cursor_destroy(front->cursor);
	rdp_display_destroy(front->display);
	if (front->channels && front->channels != INVALID_HANDLE_VALUE)
		WTSCloseServer(front->channels);
	rdp_channels_destroy(front->static_channels);
	close_event(front->session_event);
	close_event(front->writable_event);
	if (front->peer) {
		freerdp_peer_context_free(front->peer);
		freerdp_peer_free(front->peer);
	}
	g_free(front->proven_user);
	g_free(front->proven_domain);
}

static void prepare_socket(struct rdp_front *front, int viewer_fd)
{
	socklen_t length = sizeof front->viewer_address;
	int unsent = UNSENT_BYTES;

	front->socket_fd = fcntl(viewer_fd, F_DUPFD_CLOEXEC, 3);
	if (getpeername(viewer_fd, (struct sockaddr *)&front->viewer_address, &length) != 0)
		g_debug("the viewer is gone already");
	if (setsockopt(viewer_fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent) != 0)
		g_debug("the viewer's socket is not TCP");
}

static void run(struct session *session, int viewer_fd, const struct session_start *start)
{
	struct rdp_front front = {.session = session, .start = start};

	prepare_socket(&front, viewer_fd);
	rdp_watchdog_start(&front.watchdog, session, front.socket_fd);
	rdp_watchdog_arm(&front.watchdog, start->handshake_deadline_ms);
	if (front.socket_fd >= 0 && make_peer(&front, viewer_fd) && make_events(&front)) {
		serve(&front);
		session_release_input(session);
		say_goodbye(&front);
	} else {
		session_end(session, END_FAULT, "the RDP peer could not be made");
	}
	rdp_watchdog_stop(&front.watchdog);
	finish(&front);
	if (front.socket_fd >= 0)
		close(front.socket_fd);
}

const struct front_ops rdp_front = {.name = "rdp", .prepare = rdp_glue_prepare, .run = run};
