/* The graphics pipeline channel to the viewer ([MS-RDPEGFX]): opening, capabilities, surface,
 * frames and their acknowledgements. Knows no codec. */
#include "gateway/rdp/rdp_front_gfx.h"

#include "base/clock.h"
#include "gateway/rdp/rdp_encode.h"
#include "gateway/rdp/rdp_front.h"

#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/wtsvc.h>
#include <freerdp/server/rdpgfx.h>
#include <string.h>

#define SURFACE_ID 1u
/** Frames on their way; more only add delay. */
#define MAX_UNACKNOWLEDGED 2u
/** How long a viewer that announced graphics may take to open them before it gets bitmaps. */
#define OPEN_PATIENCE_US 5000000u

struct rdp_gfx {
	struct rdp_front *front;
	RdpgfxServerContext *server;
	enum rdp_gfx_state state;
	bool open, surface, suspended, broken;
	uint64_t give_up_us;
	uint32_t channel_id;
	struct rdp_encode_caps caps;
	struct rdp_encode *encode;
	uint32_t width, height;
	uint32_t frame_id, acknowledged_id;
};

bool rdp_gfx_choose_caps(const RDPGFX_CAPSET *sets, unsigned n_sets, RDPGFX_CAPSET *ret_set,
			 struct rdp_encode_caps *ret_caps)
{
	static const uint32_t versions[] = {
		RDPGFX_CAPVERSION_107, RDPGFX_CAPVERSION_106, RDPGFX_CAPVERSION_106_ERR,
		RDPGFX_CAPVERSION_105, RDPGFX_CAPVERSION_104, RDPGFX_CAPVERSION_103,
		RDPGFX_CAPVERSION_102, RDPGFX_CAPVERSION_101, RDPGFX_CAPVERSION_10,
		RDPGFX_CAPVERSION_81,  RDPGFX_CAPVERSION_8};
	const RDPGFX_CAPSET *found = NULL;

	for (unsigned v = 0; !found && v < G_N_ELEMENTS(versions); v++)
		for (unsigned i = 0; !found && i < n_sets; i++)
			if (sets[i].version == versions[v])
				found = &sets[i];
	if (!found)
		return false;
	*ret_set = *found;
	/* [MS-RDPEGFX] 2.2.3: AVC is asked for in 8.1 and refused from 10 on; 10.1 has no
	 * flags and always has it. */
	if (found->version >= RDPGFX_CAPVERSION_10)
		ret_caps->avc420 = found->version == RDPGFX_CAPVERSION_101 ||
				   !(found->flags & RDPGFX_CAPS_FLAG_AVC_DISABLED);
	else
		ret_caps->avc420 = found->version == RDPGFX_CAPVERSION_81 &&
				   (found->flags & RDPGFX_CAPS_FLAG_AVC420_ENABLED);
	/* A thin client has no progressive decoder. */
	ret_caps->progressive = found->version == RDPGFX_CAPVERSION_101 ||
				!(found->flags & RDPGFX_CAPS_FLAG_THINCLIENT);
	return true;
}

/* ---- What the viewer says ---- */

static UINT on_caps_advertise(RdpgfxServerContext *server,
			      const RDPGFX_CAPS_ADVERTISE_PDU *advertise)
{
	struct rdp_gfx *gfx = server->custom;
	RDPGFX_CAPSET set;
	RDPGFX_CAPS_CONFIRM_PDU confirm = {.capsSet = &set};

	if (!rdp_gfx_choose_caps(advertise->capsSets, advertise->capsSetCount, &set, &gfx->caps)) {
		gfx->state = RDP_GFX_ABSENT;
		return CHANNEL_RC_OK;
	}
	UINT error = server->CapsConfirm(server, &confirm);
	if (error)
		return error;
	/* A viewer may advertise again: it then starts with nothing. */
	gfx->surface = false;
	gfx->suspended = false;
	gfx->acknowledged_id = gfx->frame_id;
	gfx->state = RDP_GFX_READY;
	g_debug("viewer's graphics version 0x%08x, AVC420 %d, progressive %d", set.version,
		gfx->caps.avc420, gfx->caps.progressive);
	return CHANNEL_RC_OK;
}

static UINT on_cache_import(RdpgfxServerContext *server, const RDPGFX_CACHE_IMPORT_OFFER_PDU *offer)
{
	const RDPGFX_CACHE_IMPORT_REPLY_PDU none = {0};

	return server->CacheImportReply(server, &none);
}

static UINT on_frame_acknowledge(RdpgfxServerContext *server,
				 const RDPGFX_FRAME_ACKNOWLEDGE_PDU *acknowledge)
{
	struct rdp_gfx *gfx = server->custom;

	gfx->suspended = acknowledge->queueDepth == SUSPEND_FRAME_ACKNOWLEDGEMENT;
	/* A number that was never sent acknowledges nothing. */
	if (gfx->frame_id - acknowledge->frameId <= gfx->frame_id - gfx->acknowledged_id)
		gfx->acknowledged_id = acknowledge->frameId;
	return CHANNEL_RC_OK;
}

static UINT on_qoe(RdpgfxServerContext *server, const RDPGFX_QOE_FRAME_ACKNOWLEDGE_PDU *qoe)
{
	return CHANNEL_RC_OK;
}

static BOOL on_channel_id(RdpgfxServerContext *server, UINT32 channel_id)
{
	((struct rdp_gfx *)server->custom)->channel_id = channel_id;
	return TRUE;
}

void rdp_gfx_channel_created(struct rdp_gfx *gfx, uint32_t channel_id, int32_t status)
{
	if (gfx->open && channel_id == gfx->channel_id && status < 0)
		gfx->state = RDP_GFX_ABSENT;
}

/* ---- Opening ---- */

struct rdp_gfx *rdp_gfx_create(struct rdp_front *front)
{
	struct rdp_gfx *gfx = g_new0(struct rdp_gfx, 1);

	gfx->front = front;
	gfx->give_up_us = clock_now_us() + OPEN_PATIENCE_US;
	gfx->server = rdpgfx_server_context_new(front->channels);
	if (!gfx->server) {
		g_free(gfx);
		return NULL;
	}
	gfx->server->custom = gfx;
	gfx->server->rdpcontext = front->peer->context;
	gfx->server->CapsAdvertise = on_caps_advertise;
	gfx->server->CacheImportOffer = on_cache_import;
	gfx->server->FrameAcknowledge = on_frame_acknowledge;
	gfx->server->QoeFrameAcknowledge = on_qoe;
	gfx->server->ChannelIdAssigned = on_channel_id;
	if (!gfx->server->Initialize(gfx->server, TRUE))
		gfx->state = RDP_GFX_ABSENT;
	return gfx;
}

void rdp_gfx_destroy(struct rdp_gfx *gfx)
{
	if (!gfx)
		return;
	if (gfx->open)
		gfx->server->Close(gfx->server);
	rdpgfx_server_context_free(gfx->server);
	rdp_encode_destroy(gfx->encode);
	g_free(gfx);
}

unsigned rdp_gfx_handles(struct rdp_gfx *gfx, HANDLE *handles)
{
	if (!gfx->open || gfx->state == RDP_GFX_ABSENT)
		return 0;
	handles[0] = rdpgfx_server_get_event_handle(gfx->server);
	return handles[0] ? 1 : 0;
}

static void try_open(struct rdp_gfx *gfx)
{
	if (WTSVirtualChannelManagerGetDrdynvcState(gfx->front->channels) != DRDYNVC_STATE_READY)
		return;
	gfx->open = gfx->server->Open(gfx->server);
	if (!gfx->open)
		gfx->state = RDP_GFX_ABSENT;
}

bool rdp_gfx_poll(struct rdp_gfx *gfx)
{
	if (gfx->state == RDP_GFX_ABSENT)
		return true;
	if (gfx->state == RDP_GFX_WAITING && clock_now_us() >= gfx->give_up_us) {
		g_message("viewer announced graphics but did not open them; it gets bitmaps");
		gfx->state = RDP_GFX_ABSENT;
		return true;
	}
	if (!gfx->open)
		try_open(gfx);
	HANDLE event = gfx->open ? rdpgfx_server_get_event_handle(gfx->server) : NULL;
	while (gfx->open && event && WaitForSingleObject(event, 0) == WAIT_OBJECT_0) {
		UINT error = rdpgfx_server_handle_messages(gfx->server);
		if (error == ERROR_NO_DATA)
			return true;
		if (error)
			return false;
	}
	return true;
}

uint64_t rdp_gfx_give_up_us(const struct rdp_gfx *gfx)
{
	return gfx->state == RDP_GFX_WAITING ? gfx->give_up_us : UINT64_MAX;
}

enum rdp_gfx_state rdp_gfx_state(const struct rdp_gfx *gfx)
{
	return gfx->state;
}

bool rdp_gfx_has_surface(const struct rdp_gfx *gfx)
{
	return gfx->surface;
}

bool rdp_gfx_may_send(const struct rdp_gfx *gfx)
{
	return gfx->state == RDP_GFX_READY &&
	       (gfx->suspended || gfx->frame_id - gfx->acknowledged_id < MAX_UNACKNOWLEDGED);
}

/* ---- Surface and frames ---- */

static bool create_surface(struct rdp_gfx *gfx)
{
	RdpgfxServerContext *server = gfx->server;
	MONITOR_DEF monitor = {.right = (INT32)gfx->width - 1,
			       .bottom = (INT32)gfx->height - 1,
			       .flags = MONITOR_PRIMARY};
	const RDPGFX_RESET_GRAPHICS_PDU reset = {gfx->width, gfx->height, 1, &monitor};
	const RDPGFX_CREATE_SURFACE_PDU create = {SURFACE_ID, (UINT16)gfx->width,
						  (UINT16)gfx->height, GFX_PIXEL_FORMAT_XRGB_8888};
	const RDPGFX_MAP_SURFACE_TO_OUTPUT_PDU map = {.surfaceId = SURFACE_ID};

	gfx->surface = !server->ResetGraphics(server, &reset) &&
		       !server->CreateSurface(server, &create) &&
		       !server->MapSurfaceToOutput(server, &map);
	return gfx->surface;
}

bool rdp_gfx_resize(struct rdp_gfx *gfx, uint32_t width, uint32_t height)
{
	const RDPGFX_DELETE_SURFACE_PDU delete = {SURFACE_ID};

	if (gfx->surface && gfx->server->DeleteSurface(gfx->server, &delete))
		return false;
	rdp_encode_destroy(gfx->encode);
	gfx->width = width;
	gfx->height = height;
	gfx->encode = rdp_encode_create(&gfx->caps, width, height);
	return gfx->encode && create_surface(gfx);
}

static bool send_command(void *user, RDPGFX_SURFACE_COMMAND *command)
{
	struct rdp_gfx *gfx = user;

	command->surfaceId = SURFACE_ID;
	return !gfx->server->SurfaceCommand(gfx->server, command);
}

static bool start_frame(struct rdp_gfx *gfx)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	const RDPGFX_START_FRAME_PDU start = {
		.timestamp = (UINT32)g_date_time_get_hour(now) << 22 |
			     (UINT32)g_date_time_get_minute(now) << 16 |
			     (UINT32)g_date_time_get_second(now) << 10 |
			     (UINT32)(g_date_time_get_microsecond(now) / 1000),
		.frameId = ++gfx->frame_id};

	return !gfx->server->StartFrame(gfx->server, &start);
}

static bool end_frame(struct rdp_gfx *gfx)
{
	const RDPGFX_END_FRAME_PDU end = {gfx->frame_id};

	return !gfx->server->EndFrame(gfx->server, &end);
}

static bool send_copy(struct rdp_gfx *gfx, const struct picture_copy *copy)
{
	RDPGFX_POINT16 to = {(UINT16)copy->to.x, (UINT16)copy->to.y};
	const RDPGFX_SURFACE_TO_SURFACE_PDU pdu = {
		.surfaceIdSrc = SURFACE_ID,
		.surfaceIdDest = SURFACE_ID,
		.rectSrc = {(UINT16)copy->from_x, (UINT16)copy->from_y,
			    (UINT16)(copy->from_x + copy->to.width),
			    (UINT16)(copy->from_y + copy->to.height)},
		.destPtsCount = 1,
		.destPts = &to};

	rdp_encode_copied(gfx->encode, copy);
	return !gfx->server->SurfaceToSurface(gfx->server, &pdu);
}

bool rdp_gfx_send(struct rdp_gfx *gfx, const struct shadow *shadow,
		  const struct picture_update *update)
{
	bool ok = start_frame(gfx);

	for (unsigned i = 0; ok && i < update->n_copies; i++)
		ok = send_copy(gfx, &update->copies[i]);
	ok = ok && rdp_encode_paint(gfx->encode, shadow, &update->painted, clock_now_us(),
				    send_command, gfx);
	return ok && end_frame(gfx);
}

uint64_t rdp_gfx_refine_due_us(const struct rdp_gfx *gfx)
{
	return gfx->encode ? rdp_encode_refine_due_us(gfx->encode) : UINT64_MAX;
}

bool rdp_gfx_refine(struct rdp_gfx *gfx, const struct shadow *shadow)
{
	return start_frame(gfx) &&
	       rdp_encode_refine(gfx->encode, shadow, clock_now_us(), send_command, gfx) &&
	       end_frame(gfx);
}
