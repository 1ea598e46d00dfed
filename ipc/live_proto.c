/* What a watcher says, as a table. */
#include "ipc/live_proto.h"

static const struct message_field watch_fields[] = {
	MESSAGE_TEXT(live_request, session_id, 36),
	MESSAGE_TEXT(live_request, account, 512),
	MESSAGE_TEXT(live_request, address, 64),
};

const struct message_type live_request_type = {
	LIVE_WATCH, "WATCH", sizeof(struct live_request), watch_fields, G_N_ELEMENTS(watch_fields),
	0,
};
