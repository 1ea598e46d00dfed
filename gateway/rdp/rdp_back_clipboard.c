/* Text clipboard towards the target ([MS-RDPECLIP]), both ways. Files, pictures and locks are not
 * announced and so not asked for. Must not know who may copy what: the core decides before text
 * comes here and after it leaves. */
#include "gateway/rdp/rdp_back_internal.h"

#include <freerdp/channels/cliprdr.h>
#include <string.h>

/** CF_UNICODETEXT, [MS-RDPECLIP] 1.3.1.2: UTF-16LE, CR LF, NUL at the end. */
#define UNICODE_TEXT 13u
/** Longest text taken from a target or given to one. */
#define TEXT_MAX_BYTES (4u << 20)

static struct rdp_back *back_of(CliprdrClientContext *channel)
{
	return channel->custom;
}

/* Says what we could give: text, or nothing. */
static UINT send_format_list(struct rdp_back *back)
{
	CliprdrClientContext *channel = back->clipboard.channel;
	CLIPRDR_FORMAT text = {.formatId = UNICODE_TEXT};
	CLIPRDR_FORMAT_LIST list = {.common.msgType = CB_FORMAT_LIST,
				    .numFormats = back->clipboard.offered ? 1 : 0,
				    .formats = &text};

	return channel->ClientFormatList(channel, &list);
}

static UINT take_monitor_ready(CliprdrClientContext *channel, const CLIPRDR_MONITOR_READY *ready)
{
	CLIPRDR_GENERAL_CAPABILITY_SET general = {.capabilitySetType = CB_CAPSTYPE_GENERAL,
						  .capabilitySetLength = CB_CAPSTYPE_GENERAL_LEN,
						  .version = CB_CAPS_VERSION_2,
						  .generalFlags = CB_USE_LONG_FORMAT_NAMES};
	CLIPRDR_CAPABILITIES capabilities = {.cCapabilitiesSets = 1,
					     .capabilitySets = (CLIPRDR_CAPABILITY_SET *)&general};
	UINT error = channel->ClientCapabilities(channel, &capabilities);

	if (error != CHANNEL_RC_OK)
		return error;
	back_of(channel)->clipboard.ready = true;
	return send_format_list(back_of(channel));
}

static bool has_text(const CLIPRDR_FORMAT_LIST *list)
{
	for (UINT32 i = 0; i < list->numFormats; i++)
		if (list->formats[i].formatId == UNICODE_TEXT)
			return true;
	return false;
}

/* Somebody copied at the target: fetch it at once, because the viewer's protocol may not
 * be able to ask later. */
static UINT take_format_list(CliprdrClientContext *channel, const CLIPRDR_FORMAT_LIST *list)
{
	CLIPRDR_FORMAT_LIST_RESPONSE response = {
		.common = {.msgType = CB_FORMAT_LIST_RESPONSE, .msgFlags = CB_RESPONSE_OK}};
	CLIPRDR_FORMAT_DATA_REQUEST request = {.common.msgType = CB_FORMAT_DATA_REQUEST,
					       .requestedFormatId = UNICODE_TEXT};
	UINT error = channel->ClientFormatListResponse(channel, &response);

	if (error != CHANNEL_RC_OK || !has_text(list))
		return error;
	return channel->ClientFormatDataRequest(channel, &request);
}

/* LF to CR LF; what is CR LF already stays. */
static char *with_carriage_returns(const char *text)
{
	GString *out = g_string_new(NULL);

	for (const char *c = text; *c; c++) {
		if (*c == '\n' && (c == text || c[-1] != '\r'))
			g_string_append_c(out, '\r');
		g_string_append_c(out, *c);
	}
	return g_string_free(out, FALSE);
}

static void drop_carriage_returns(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (from[0] != '\r' || from[1] != '\n')
			*to++ = *from;
	*to = '\0';
}

static UINT give_data(CliprdrClientContext *channel, const CLIPRDR_FORMAT_DATA_REQUEST *request)
{
	CLIPRDR_FORMAT_DATA_RESPONSE response = {
		.common = {.msgType = CB_FORMAT_DATA_RESPONSE, .msgFlags = CB_RESPONSE_FAIL}};
	const char *offered = back_of(channel)->clipboard.offered;
	g_autofree char *text = NULL;
	g_autofree gunichar2 *wide = NULL;
	glong length = 0;

	if (offered && request->requestedFormatId == UNICODE_TEXT) {
		text = with_carriage_returns(offered);
		wide = g_utf8_to_utf16(text, -1, NULL, &length, NULL);
	}
	if (wide) {
		response.common.msgFlags = CB_RESPONSE_OK;
		response.common.dataLen = (UINT32)(length + 1) * 2;
		response.requestedFormatData = (const BYTE *)wide;
	}
	return channel->ClientFormatDataResponse(channel, &response);
}

static UINT take_data(CliprdrClientContext *channel, const CLIPRDR_FORMAT_DATA_RESPONSE *response)
{
	size_t bytes = response->common.dataLen;

	if (!(response->common.msgFlags & CB_RESPONSE_OK) || bytes > TEXT_MAX_BYTES || bytes < 2)
		return CHANNEL_RC_OK;
	/* Copied: the bytes need not be aligned for UTF-16. */
	g_autofree gunichar2 *wide = g_malloc0(bytes + 2);
	memcpy(wide, response->requestedFormatData, bytes & ~(size_t)1);
	g_autofree char *text = g_utf16_to_utf8(wide, -1, NULL, NULL, NULL);
	if (!text) {
		g_debug("the target's clipboard is not UTF-16");
		return CHANNEL_RC_OK;
	}
	drop_carriage_returns(text);
	session_target_clipboard(back_of(channel)->session, text);
	return CHANNEL_RC_OK;
}

static UINT take_capabilities(CliprdrClientContext *channel,
			      const CLIPRDR_CAPABILITIES *capabilities)
{
	return CHANNEL_RC_OK; /* all we do is in version 1 */
}

static UINT take_list_response(CliprdrClientContext *channel,
			       const CLIPRDR_FORMAT_LIST_RESPONSE *response)
{
	return CHANNEL_RC_OK;
}

void rdp_clipboard_open(struct rdp_back *back, CliprdrClientContext *channel)
{
	channel->custom = back;
	channel->ServerCapabilities = take_capabilities;
	channel->MonitorReady = take_monitor_ready;
	channel->ServerFormatList = take_format_list;
	channel->ServerFormatListResponse = take_list_response;
	channel->ServerFormatDataRequest = give_data;
	channel->ServerFormatDataResponse = take_data;
	back->clipboard.channel = channel;
}

void rdp_clipboard_close(struct rdp_back *back)
{
	back->clipboard.channel = NULL;
	back->clipboard.ready = false;
}

void rdp_clipboard_offer(struct rdp_back *back, char *text)
{
	struct rdp_clipboard *clipboard = &back->clipboard;

	g_free(clipboard->offered);
	clipboard->offered = strlen(text) <= TEXT_MAX_BYTES / 4 ? text : NULL;
	if (!clipboard->offered)
		g_free(text);
	if (clipboard->ready && send_format_list(back) != CHANNEL_RC_OK)
		g_message("the viewer's clipboard could not be offered to the target");
}
