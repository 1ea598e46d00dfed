/* Clipboard of the fake target: copies what it is told to, fetches whatever the client offers. */
#include "tests/unit/rdp/fake_target.h"

#include <freerdp/channels/cliprdr.h>
#include <freerdp/server/cliprdr.h>
#include <string.h>

#define UNICODE_TEXT 13u

static struct fake_target *target_of(CliprdrServerContext *channel)
{
	return channel->custom;
}

static UINT take_capabilities(CliprdrServerContext *channel,
			      const CLIPRDR_CAPABILITIES *capabilities)
{
	return CHANNEL_RC_OK;
}

static UINT take_list(CliprdrServerContext *channel, const CLIPRDR_FORMAT_LIST *list)
{
	CLIPRDR_FORMAT_LIST_RESPONSE response = {.common.msgFlags = CB_RESPONSE_OK};
	/* The library's server role takes the length from here and writes four bytes. */
	CLIPRDR_FORMAT_DATA_REQUEST request = {.common.dataLen = 4,
					       .requestedFormatId = UNICODE_TEXT};
	UINT error = channel->ServerFormatListResponse(channel, &response);

	/* An empty list comes first, as soon as both sides are ready. */
	g_mutex_lock(&target_of(channel)->lock);
	target_of(channel)->clipboard_ready = true;
	g_cond_broadcast(&target_of(channel)->changed);
	g_mutex_unlock(&target_of(channel)->lock);
	if (error != CHANNEL_RC_OK || list->numFormats == 0)
		return error;
	return channel->ServerFormatDataRequest(channel, &request);
}

static UINT take_list_response(CliprdrServerContext *channel,
			       const CLIPRDR_FORMAT_LIST_RESPONSE *response)
{
	return CHANNEL_RC_OK;
}

static UINT take_data(CliprdrServerContext *channel, const CLIPRDR_FORMAT_DATA_RESPONSE *response)
{
	struct fake_target *target = target_of(channel);
	g_autofree gunichar2 *wide = g_malloc0(response->common.dataLen + 2u);

	memcpy(wide, response->requestedFormatData, response->common.dataLen);
	g_mutex_lock(&target->lock);
	g_free(target->pasted);
	target->pasted = g_utf16_to_utf8(wide, -1, NULL, NULL, NULL);
	g_cond_broadcast(&target->changed);
	g_mutex_unlock(&target->lock);
	return CHANNEL_RC_OK;
}

static UINT give_data(CliprdrServerContext *channel, const CLIPRDR_FORMAT_DATA_REQUEST *request)
{
	struct fake_target *target = target_of(channel);
	CLIPRDR_FORMAT_DATA_RESPONSE response = {
		.common = {.msgFlags = CB_RESPONSE_OK, .dataLen = (UINT32)target->copied_bytes},
		.requestedFormatData = target->copied};

	return channel->ServerFormatDataResponse(channel, &response);
}

void fake_target_clipboard_open(struct fake_target *target)
{
	CliprdrServerContext *channel = cliprdr_server_context_new(target->channels);

	channel->custom = target;
	channel->rdpcontext = target->peer->context;
	channel->useLongFormatNames = TRUE;
	channel->autoInitializationSequence = TRUE;
	channel->ClientCapabilities = take_capabilities;
	channel->ClientFormatList = take_list;
	channel->ClientFormatListResponse = take_list_response;
	channel->ClientFormatDataRequest = give_data;
	channel->ClientFormatDataResponse = take_data;
	target->clipboard = channel;
	g_assert_cmpuint(channel->Start(channel), ==, CHANNEL_RC_OK);
}

void fake_target_clipboard_close(struct fake_target *target)
{
	CliprdrServerContext *channel = target->clipboard;

	if (!channel)
		return;
	channel->Stop(channel);
	cliprdr_server_context_free(channel);
}

void fake_target_copy(struct fake_target *target, const void *bytes, size_t length)
{
	CliprdrServerContext *channel = target->clipboard;
	CLIPRDR_FORMAT format = {.formatId = UNICODE_TEXT};
	CLIPRDR_FORMAT_LIST list = {.numFormats = 1, .formats = &format};

	g_free(target->copied);
	target->copied = g_memdup2(bytes, length);
	target->copied_bytes = length;
	g_assert_cmpuint(channel->ServerFormatList(channel, &list), ==, CHANNEL_RC_OK);
}
