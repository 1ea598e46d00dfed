/* The table of broker messages: names, fields and their limits. */
#include "ipc/broker_proto.h"

#define NAME_MAX_BYTES 512
#define TEXT_MAX_BYTES 2048
#define PEM_MAX_BYTES 16384
#define CA_MAX_BYTES 32768 /* what the table of targets takes */

static const struct message_field ready[] = {MESSAGE_U32(broker_ready, confined)};
static const struct message_field nla_proof[] = {
	MESSAGE_TEXT(broker_nla_proof, user, NAME_MAX_BYTES),
	MESSAGE_TEXT(broker_nla_proof, domain, NAME_MAX_BYTES),
	MESSAGE_BLOB(broker_nla_proof, proof_input, BROKER_PROOF_INPUT_MAX_BYTES),
	MESSAGE_FIXED(broker_nla_proof, encrypted_session_key),
	MESSAGE_BLOB(broker_nla_proof, mic_input, BROKER_MIC_INPUT_MAX_BYTES),
	MESSAGE_FIXED(broker_nla_proof, mic),
};
static const struct message_field login[] = {
	MESSAGE_U32(broker_login, door),
	MESSAGE_TEXT(broker_login, user, NAME_MAX_BYTES),
	MESSAGE_TEXT(broker_login, domain, NAME_MAX_BYTES),
	MESSAGE_SECRET(broker_login, password, NAME_MAX_BYTES),
	MESSAGE_TEXT(broker_login, alternate_shell, NAME_MAX_BYTES),
	MESSAGE_TEXT(broker_login, viewer_name, NAME_MAX_BYTES),
};
static const struct message_field dial[] = {
	MESSAGE_U32(broker_dial, width_px),
	MESSAGE_U32(broker_dial, height_px),
};
static const struct message_field running[] = {
	MESSAGE_U32(broker_running, width_px),
	MESSAGE_U32(broker_running, height_px),
};
static const struct message_field ended[] = {
	MESSAGE_U32(broker_ended, reason),
	MESSAGE_TEXT(broker_ended, detail, TEXT_MAX_BYTES),
};
static const struct message_field start[] = {
	MESSAGE_TEXT(broker_start, session_id, 40),
	MESSAGE_TEXT(broker_start, front, 8),
	MESSAGE_TEXT(broker_start, viewer_address, 64),
	MESSAGE_TEXT(broker_start, certificate_pem, PEM_MAX_BYTES),
	MESSAGE_SECRET(broker_start, private_key_pem, PEM_MAX_BYTES),
	MESSAGE_U32(broker_start, offer_nla),
	MESSAGE_U32(broker_start, greeted),
	MESSAGE_U32(broker_start, handshake_deadline_ms),
	MESSAGE_U32(broker_start, max_width_px),
	MESSAGE_U32(broker_start, max_height_px),
};
static const struct message_field nla_answer[] = {
	MESSAGE_U32(broker_nla_answer, ok),
	MESSAGE_FIXED(broker_nla_answer, ntowfv2),
};
static const struct message_field login_answer[] = {
	MESSAGE_U32(broker_login_answer, allowed),
	MESSAGE_U32(broker_login_answer, reason),
	MESSAGE_TEXT(broker_login_answer, user, NAME_MAX_BYTES),
	MESSAGE_TEXT(broker_login_answer, target, NAME_MAX_BYTES),
	MESSAGE_TEXT(broker_login_answer, back, 8),
	MESSAGE_TEXT(broker_login_answer, banner, TEXT_MAX_BYTES),
	MESSAGE_U32(broker_login_answer, idle_limit_s),
	MESSAGE_U32(broker_login_answer, keys_off),
	MESSAGE_U32(broker_login_answer, unrecorded_limit_s),
};
static const struct message_field dial_answer[] = {
	MESSAGE_U32(broker_dial_answer, reason),
	MESSAGE_TEXT(broker_dial_answer, host, NAME_MAX_BYTES),
	MESSAGE_U32(broker_dial_answer, port),
	MESSAGE_TEXT(broker_dial_answer, account, NAME_MAX_BYTES),
	MESSAGE_TEXT(broker_dial_answer, domain, NAME_MAX_BYTES),
	MESSAGE_SECRET(broker_dial_answer, password, NAME_MAX_BYTES),
	MESSAGE_TEXT(broker_dial_answer, certificate_sha256, 64),
	MESSAGE_TEXT(broker_dial_answer, ca_pem, CA_MAX_BYTES),
	MESSAGE_U32(broker_dial_answer, security),
};
static const struct message_field terminate[] = {
	MESSAGE_U32(broker_terminate, reason),
	MESSAGE_TEXT(broker_terminate, text, TEXT_MAX_BYTES),
};
static const struct message_field text[] = {MESSAGE_TEXT(broker_text, text, TEXT_MAX_BYTES)};
static const struct message_field empty[] = {MESSAGE_U32(broker_empty, reserved)};

#define TYPE(number, name, type, fields, n_fds)                                                    \
	{                                                                                          \
		number, name, sizeof(struct type), fields, G_N_ELEMENTS(fields), n_fds             \
	}

const struct message_type broker_types[] = {
	TYPE(BROKER_READY, "READY", broker_ready, ready, 0),
	TYPE(BROKER_NLA_PROOF, "NLA_PROOF", broker_nla_proof, nla_proof, 0),
	TYPE(BROKER_LOGIN, "LOGIN", broker_login, login, 0),
	TYPE(BROKER_DIAL, "DIAL", broker_dial, dial, 0),
	TYPE(BROKER_RUNNING, "RUNNING", broker_running, running, 0),
	TYPE(BROKER_ENDED, "ENDED", broker_ended, ended, 0),
	TYPE(BROKER_START, "START", broker_start, start, 1),
	TYPE(BROKER_NLA_ANSWER, "NLA_ANSWER", broker_nla_answer, nla_answer, 0),
	TYPE(BROKER_LOGIN_ANSWER, "LOGIN_ANSWER", broker_login_answer, login_answer, 0),
	TYPE(BROKER_RECORDER_LINK, "RECORDER_LINK", broker_empty, empty, 1),
	TYPE(BROKER_DIAL_ANSWER, "DIAL_ANSWER", broker_dial_answer, dial_answer, 0),
	TYPE(BROKER_TARGET_SOCKET, "TARGET_SOCKET", broker_empty, empty, 1),
	TYPE(BROKER_TERMINATE, "TERMINATE", broker_terminate, terminate, 0),
	TYPE(BROKER_MESSAGE, "MESSAGE", broker_text, text, 0),
};
const unsigned broker_n_types = G_N_ELEMENTS(broker_types);

const struct message_type *broker_message_type(uint16_t number)
{
	return message_type_find(broker_types, broker_n_types, number);
}
