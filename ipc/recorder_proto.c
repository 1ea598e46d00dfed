/* The table of recorder messages: names, fields and their limits. */
#include "ipc/recorder_proto.h"

#define NAME_MAX_BYTES 512
#define TEXT_MAX_BYTES 2048

static const struct message_field open_fields[] = {
	MESSAGE_TEXT(recorder_open, session_id, 40),
	MESSAGE_U32(recorder_open, resume),
	MESSAGE_TEXT(recorder_open, user, NAME_MAX_BYTES),
	MESSAGE_TEXT(recorder_open, viewer_address, 64),
	MESSAGE_TEXT(recorder_open, viewer_name, NAME_MAX_BYTES),
	MESSAGE_TEXT(recorder_open, target, NAME_MAX_BYTES),
	MESSAGE_TEXT(recorder_open, target_address, NAME_MAX_BYTES),
	MESSAGE_TEXT(recorder_open, account, NAME_MAX_BYTES),
	MESSAGE_TEXT(recorder_open, front, 8),
	MESSAGE_TEXT(recorder_open, back, 8),
	MESSAGE_TEXT(recorder_open, door, 16),
	MESSAGE_TEXT(recorder_open, node, NAME_MAX_BYTES),
	MESSAGE_TEXT(recorder_open, quality, 16),
	MESSAGE_U64(recorder_open, opened_utc_us),
	MESSAGE_TEXT(recorder_open, keys, 8),
};
static const struct message_field event[] = {
	MESSAGE_TEXT(recorder_event, session_id, 40),
	MESSAGE_TEXT(recorder_event, json, RECORDER_EVENT_MAX_BYTES),
	MESSAGE_U64(recorder_event, number),
};
static const struct message_field close_fields[] = {
	MESSAGE_TEXT(recorder_close, session_id, 40),
	MESSAGE_U32(recorder_close, reason),
	MESSAGE_TEXT(recorder_close, detail, TEXT_MAX_BYTES),
	MESSAGE_U64(recorder_close, number),
};
static const struct message_field canvas[] = {
	MESSAGE_U32(recorder_canvas, width_px),
	MESSAGE_U32(recorder_canvas, height_px),
	MESSAGE_U64(recorder_canvas, memfd_bytes),
};
static const struct message_field opened[] = {
	MESSAGE_TEXT(recorder_opened, session_id, 40),
	MESSAGE_U32(recorder_opened, reason),
	MESSAGE_TEXT(recorder_opened, detail, TEXT_MAX_BYTES),
};
static const struct message_field sealed[] = {
	MESSAGE_TEXT(recorder_sealed, session_id, 40),
	MESSAGE_U32(recorder_sealed, ok),
	MESSAGE_TEXT(recorder_sealed, detail, TEXT_MAX_BYTES),
	MESSAGE_TEXT(recorder_sealed, head, 64),
	MESSAGE_U64(recorder_sealed, frames),
	MESSAGE_U64(recorder_sealed, bytes),
	MESSAGE_U64(recorder_sealed, duration_us),
};
static const struct message_field storage[] = {
	MESSAGE_U64(recorder_storage, free_bytes),
	MESSAGE_U32(recorder_storage, accepting),
};
static const struct message_field canvas_ready[] = {MESSAGE_U32(recorder_canvas_ready, reason)};
static const struct message_field taken[] = {
	MESSAGE_TEXT(recorder_taken, session_id, 40),
	MESSAGE_U64(recorder_taken, number),
	MESSAGE_U32(recorder_taken, written),
};

#define TYPE(number, name, type, fields, n_fds)                                                    \
	{                                                                                          \
		number, name, sizeof(struct type), fields, G_N_ELEMENTS(fields), n_fds             \
	}

const struct message_type recorder_types[] = {
	TYPE(RECORDER_OPEN, "OPEN", recorder_open, open_fields, 1),
	TYPE(RECORDER_EVENT, "EVENT", recorder_event, event, 0),
	TYPE(RECORDER_CLOSE, "CLOSE", recorder_close, close_fields, 0),
	TYPE(RECORDER_CANVAS, "CANVAS", recorder_canvas, canvas, 2),
	TYPE(RECORDER_OPENED, "OPENED", recorder_opened, opened, 0),
	TYPE(RECORDER_SEALED, "SEALED", recorder_sealed, sealed, 0),
	TYPE(RECORDER_STORAGE, "STORAGE", recorder_storage, storage, 0),
	TYPE(RECORDER_CANVAS_READY, "CANVAS_READY", recorder_canvas_ready, canvas_ready, 0),
	TYPE(RECORDER_TAKEN, "TAKEN", recorder_taken, taken, 0),
};
const unsigned recorder_n_types = G_N_ELEMENTS(recorder_types);

const struct message_type *recorder_message_type(uint16_t number)
{
	return message_type_find(recorder_types, recorder_n_types, number);
}
