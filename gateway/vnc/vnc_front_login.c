/* Letting a viewer in: RFB version, VeNCrypt with X509Plain and nothing else, user and password to
 * the gateway (RFC 6143 7.1; VeNCrypt as in the community's rfbproto). LibVNCServer has not seen a
 * byte when this is over. */
#include "base/secret.h"
#include "gateway/vnc/vnc_front.h"
#include "gateway/vnc/vnc_glue.h"
#include "gateway/vnc/vnc_tls.h"

#include <errno.h>
#include <string.h>

#define USER_MAX_BYTES 255u
#define PASSWORD_MAX_BYTES 1024u
#define RESULT_OK 0u
#define RESULT_FAILED 1u
#define WELCOME_MS 10000u

static const char needs_tls[] = "This gateway needs a viewer that speaks RFB 3.7 or newer with TLS "
				"and a user name (VeNCrypt X509Plain).";

static bool end(struct vnc_front *front, enum end_reason reason, const char *detail)
{
	session_end(front->session, reason, detail);
	return false;
}

/* Result of a stream call: true when it went well. */
static bool ok(struct vnc_front *front, int error)
{
	switch (error) {
	case 0:
		return true;
	case -ECANCELED: /* the session is over already */
		return false;
	case -ETIMEDOUT:
		return end(front, END_DEADLINE, "the viewer did not finish its handshake");
	case -ECONNRESET:
		return end(front, END_VIEWER_LEFT, "the viewer hung up during the handshake");
	case -EINVAL:
		return end(front, END_FAULT, "the gateway's certificate or key is unusable");
	default:
		return end(front, END_VIEWER_PROTOCOL, "the viewer's TLS is broken");
	}
}

static bool agree_version(struct vnc_front *front)
{
	struct vnc_stream *stream = &front->stream;
	char version[13] = "";

	/* The gateway greets by itself and spends a process only on viewers that answer. */
	if (!front->start->greeted && !ok(front, vnc_stream_write(stream, "RFB 003.008\n", 12)))
		return false;
	if (!ok(front, vnc_stream_read(stream, version, 12)))
		return false;
	if (memcmp(version, "RFB 003.", 8) != 0 || version[11] != '\n')
		return end(front, END_VIEWER_PROTOCOL, "the viewer does not speak RFB 3");
	if (strcmp(version + 8, "008\n") >= 0)
		front->minor = 8;
	else
		front->minor = strcmp(version + 8, "007\n") == 0 ? 7 : 3;
	if (front->minor >= 7)
		return true;
	/* RFB 3.3 has no list: the type 0 carries a reason (RFC 6143 appendix A). */
	if (ok(front, vnc_stream_write_u32(stream, 0)))
		vnc_front_refuse(front, NULL);
	return end(front, END_VIEWER_PROTOCOL, "the viewer speaks RFB 3.3, which has no TLS");
}

/* One type is offered, and one subtype inside it: there is nothing weaker to fall back to. */
static bool agree_security(struct vnc_front *front)
{
	struct vnc_stream *stream = &front->stream;
	uint8_t type, version[2];
	uint32_t subtype;

	if (!ok(front, vnc_stream_write(stream, "\x01\x13", 2)) ||
	    !ok(front, vnc_stream_read_u8(stream, &type)))
		return false;
	if (type != VNC_SECURITY_VENCRYPT) {
		vnc_front_refuse(front, needs_tls);
		return end(front, END_VIEWER_PROTOCOL,
			   "the viewer chose a security type that was not offered");
	}
	if (!ok(front, vnc_stream_write(stream, "\x00\x02", 2)) ||
	    !ok(front, vnc_stream_read(stream, version, 2)))
		return false;
	if (version[0] != 0 || version[1] != 2) {
		vnc_stream_write_u8(stream, 0xff);
		return end(front, END_VIEWER_PROTOCOL, "the viewer's VeNCrypt is not 0.2");
	}
	if (!ok(front, vnc_stream_write(stream, "\x00\x01\x00\x00\x01\x06",
					6)) || /* fine; one subtype: 262 */
	    !ok(front, vnc_stream_read_u32(stream, &subtype)))
		return false;
	if (subtype != VNC_VENCRYPT_X509_PLAIN) {
		vnc_stream_write_u8(stream, 0);
		return end(front, END_VIEWER_PROTOCOL,
			   "the viewer chose a security subtype that was not offered");
	}
	return ok(front, vnc_stream_write_u8(stream, 1));
}

/* Reads `length` bytes of text into locked memory; NULL after a failure. */
static char *read_text(struct vnc_front *front, uint32_t length)
{
	char buffer[PASSWORD_MAX_BYTES];
	char *text = NULL;

	if (ok(front, vnc_stream_read(&front->stream, buffer, length))) {
		if (g_utf8_validate(buffer, (gssize)length, NULL))
			text = secret_new(buffer, length);
		else
			end(front, END_VIEWER_PROTOCOL,
			    "the viewer's user name or password is not UTF-8");
	}
	secret_wipe(buffer, sizeof(buffer));
	return text;
}

static bool read_credentials(struct vnc_front *front, char **ret_user, char **ret_password)
{
	uint32_t user_bytes, password_bytes;

	if (!ok(front, vnc_stream_read_u32(&front->stream, &user_bytes)) ||
	    !ok(front, vnc_stream_read_u32(&front->stream, &password_bytes)))
		return false;
	if (user_bytes > USER_MAX_BYTES || password_bytes > PASSWORD_MAX_BYTES)
		return end(front, END_VIEWER_PROTOCOL,
			   "the viewer's user name or password is too long");
	*ret_user = read_text(front, user_bytes);
	if (*ret_user != NULL)
		*ret_password = read_text(front, password_bytes);
	return *ret_user != NULL && *ret_password != NULL;
}

/* A name for the viewer's title bar: who is where. */
static void ask_verdict(struct vnc_front *front, char *user, char *password,
			struct session_verdict *verdict)
{
	char empty[] = "";
	struct broker_login login = {.door = DOOR_PASSWORD,
				     .user = user,
				     .domain = empty,
				     .password = password,
				     .alternate_shell = empty,
				     .viewer_name = empty};

	session_login(front->session, &login, verdict);
	if (verdict->allowed)
		front->desktop_name = g_strdup_printf(
			"%s - Vitrine, recorded", verdict->target != NULL ? verdict->target : "");
}

bool vnc_front_login(struct vnc_front *front)
{
	autosecret user = NULL;
	autosecret password = NULL;
	struct session_verdict verdict = {0};
	g_autofree char *words = NULL;
	bool allowed;

	if (!agree_version(front) || !agree_security(front))
		return false;
	if (!ok(front, vnc_tls_accept(&front->stream, front->start->certificate_pem,
				      front->start->private_key_pem)))
		return false;
	if (!read_credentials(front, &user, &password))
		return false;
	ask_verdict(front, user, password, &verdict);
	allowed = verdict.allowed;
	if (!allowed) {
		session_end(front->session, verdict.reason, NULL);
		words = session_end_words(front->session);
		vnc_front_refuse(front, words);
	}
	session_verdict_clear(&verdict);
	return allowed;
}

bool vnc_front_welcome(struct vnc_front *front)
{
	front->stream.deadline_us = g_get_monotonic_time() + (uint64_t)WELCOME_MS * 1000;
	return ok(front, vnc_stream_write_u32(&front->stream, RESULT_OK));
}

void vnc_front_refuse(struct vnc_front *front, const char *words)
{
	const char *reason = words != NULL ? words : needs_tls;
	size_t length = strlen(reason);

	front->stream.deadline_us = g_get_monotonic_time() + (uint64_t)WELCOME_MS * 1000;
	front->stream.wake_fd = -1; /* the end of the session must not cut its own explanation */
	if (front->minor >= 7 && vnc_stream_write_u32(&front->stream, RESULT_FAILED) < 0)
		return;
	if (front->minor == 7)
		return; /* only 3.8 has a place for words */
	if (vnc_stream_write_u32(&front->stream, (uint32_t)length) == 0)
		vnc_stream_write(&front->stream, reason, length);
}
