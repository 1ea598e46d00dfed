/* Getting into a VNC target: protocol version, security type, TLS with a checked certificate,
 * password (RFC 6143 7.1 and 7.2; VeNCrypt as in the community's rfbproto). The password leaves
 * this file only inside what the target is sent. */
#include "base/secret.h"
#include "gateway/vnc/vnc_back.h"
#include "gateway/vnc/vnc_glue.h"
#include "gateway/vnc/vnc_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <rfb/rfb.h>
#include <string.h>

#define REASON_MAX_BYTES 4096u
#define TYPES_MAX 255u

struct handshake {
	struct vnc_stream *stream;
	struct back_target *target;
	unsigned minor; /**< 3, 7 or 8 of "RFB 003.00x" */
	enum end_reason reason;
	char *detail;
};

static bool fail(struct handshake *h, enum end_reason reason, const char *detail)
{
	h->reason = reason;
	if (h->detail == NULL)
		h->detail = g_strdup(detail);
	return false;
}

/* Result of a stream call: true when it went well. */
static bool ok(struct handshake *h, int error)
{
	switch (error) {
	case 0:
		return true;
	case -ECANCELED:
		return fail(h, END_NONE, NULL);
	case -ETIMEDOUT:
		return fail(h, END_TARGET_UNREACHABLE,
			    "the target fell silent during the handshake");
	case -ECONNRESET:
		return fail(h, END_TARGET_CLOSED, "the target hung up during the handshake");
	case -EPROTO:
		return fail(h, END_TARGET_PROTOCOL, "the target's TLS is broken");
	default:
		return fail(h, END_TARGET_PROTOCOL, g_strerror(-error));
	}
}

static bool agree_version(struct handshake *h)
{
	char version[13] = "";

	if (!ok(h, vnc_stream_read(h->stream, version, 12)))
		return false;
	if (memcmp(version, "RFB 003.", 8) != 0 && memcmp(version, "RFB 004.", 8) != 0 &&
	    memcmp(version, "RFB 005.", 8) != 0)
		return fail(h, END_TARGET_PROTOCOL, "the target does not speak RFB");
	/* Apple says 3.889, RealVNC 4.1 and 5.0: all of them speak 3.8 (RFC 6143 7.1.1). */
	if (version[6] != '3' || strcmp(version + 8, "008\n") >= 0)
		h->minor = 8;
	else
		h->minor = strcmp(version + 8, "007\n") == 0 ? 7 : 3;
	g_snprintf(version, sizeof(version), "RFB 003.%03u\n", h->minor);
	return ok(h, vnc_stream_write(h->stream, version, 12));
}

/* The target's own words for a refusal, for our log only. */
static bool refused(struct handshake *h, enum end_reason reason)
{
	g_autofree char *words = NULL, *printable = NULL;
	uint32_t length;

	if (!ok(h, vnc_stream_read_u32(h->stream, &length)))
		return false;
	length = MIN(length, REASON_MAX_BYTES);
	words = g_malloc0(length + 1);
	if (!ok(h, vnc_stream_read(h->stream, words, length)))
		return false;
	printable = vnc_glue_printable(words, length);
	h->detail = g_strdup_printf("the target says: %s", printable);
	return fail(h, reason, NULL);
}

/* Fills `types`; RFB 3.3 has one type and the target chose it. */
static bool read_types(struct handshake *h, uint8_t types[TYPES_MAX], uint8_t *ret_n)
{
	uint32_t type;

	if (h->minor >= 7) {
		if (!ok(h, vnc_stream_read_u8(h->stream, ret_n)))
			return false;
		if (*ret_n == 0)
			return refused(h, END_TARGET_CLOSED);
		return ok(h, vnc_stream_read(h->stream, types, *ret_n));
	}
	if (!ok(h, vnc_stream_read_u32(h->stream, &type)))
		return false;
	if (type == 0)
		return refused(h, END_TARGET_CLOSED);
	types[0] = (uint8_t)MIN(type, 255u);
	*ret_n = 1;
	return true;
}

static bool has_password(const struct handshake *h)
{
	return h->target->password != NULL && h->target->password[0] != '\0';
}

static struct vnc_tls_identity identity(const struct handshake *h)
{
	return (struct vnc_tls_identity){h->target->host, h->target->certificate_sha256,
					 h->target->ca_pem};
}

/* Which type to take. TLS is asked for wherever the target's certificate can be checked; anything
 * less only where an operator said so. */
static bool choose_type(struct handshake *h, const uint8_t *types, uint8_t n, uint8_t *ret_type)
{
	struct vnc_tls_identity known = identity(h);
	bool plain = h->target->security == TARGET_PLAIN;

	if (!plain && !vnc_tls_identity_given(&known))
		return fail(h, END_TARGET_CERTIFICATE,
			    "neither a pin nor a CA is stored for this target");
	if (vnc_tls_identity_given(&known) && memchr(types, VNC_SECURITY_VENCRYPT, n) != NULL)
		*ret_type = VNC_SECURITY_VENCRYPT;
	else if (!plain)
		return fail(h, END_TARGET_CERTIFICATE,
			    "the target offers no TLS with a certificate");
	else if (memchr(types, VNC_SECURITY_VNC, n) != NULL && has_password(h))
		*ret_type = VNC_SECURITY_VNC;
	else if (memchr(types, VNC_SECURITY_NONE, n) != NULL)
		*ret_type = VNC_SECURITY_NONE;
	else if (memchr(types, VNC_SECURITY_VNC, n) != NULL)
		return fail(h, END_TARGET_LOGIN, "the target wants a password and none is stored");
	else
		return fail(h, END_TARGET_PROTOCOL, "the target offers no security type we know");
	return true;
}

static bool login_vnc(struct handshake *h)
{
	unsigned char challenge[16];
	char password[9] = "";
	bool sent;

	if (!has_password(h))
		return fail(h, END_TARGET_LOGIN, "the target wants a password and none is stored");
	if (!ok(h, vnc_stream_read(h->stream, challenge, sizeof(challenge))))
		return false;
	g_strlcpy(password, h->target->password,
		  sizeof(password)); /* DES has room for 8 (RFC 6143 7.2.2) */
	rfbEncryptBytes(challenge, password);
	secret_wipe(password, sizeof(password));
	sent = ok(h, vnc_stream_write(h->stream, challenge, sizeof(challenge)));
	secret_wipe(challenge, sizeof(challenge));
	return sent;
}

static bool login_plain(struct handshake *h)
{
	const char *account = h->target->account != NULL ? h->target->account : "";
	const char *password = h->target->password != NULL ? h->target->password : "";

	return ok(h, vnc_stream_write_u32(h->stream, (uint32_t)strlen(account))) &&
	       ok(h, vnc_stream_write_u32(h->stream, (uint32_t)strlen(password))) &&
	       ok(h, vnc_stream_write(h->stream, account, strlen(account))) &&
	       ok(h, vnc_stream_write(h->stream, password, strlen(password)));
}

static bool has_subtype(const uint32_t *subtypes, unsigned n, uint32_t wanted)
{
	for (unsigned i = 0; i < n; i++)
		if (subtypes[i] == wanted)
			return true;
	return false;
}

static bool choose_subtype(struct handshake *h, const uint32_t *subtypes, unsigned n, uint32_t *ret)
{
	bool account = h->target->account != NULL && h->target->account[0] != '\0';

	if (account && has_subtype(subtypes, n, VNC_VENCRYPT_X509_PLAIN))
		*ret = VNC_VENCRYPT_X509_PLAIN;
	else if (has_password(h) && has_subtype(subtypes, n, VNC_VENCRYPT_X509_VNC))
		*ret = VNC_VENCRYPT_X509_VNC;
	else if (has_subtype(subtypes, n, VNC_VENCRYPT_X509_NONE))
		*ret = VNC_VENCRYPT_X509_NONE;
	else if (has_password(h) && has_subtype(subtypes, n, VNC_VENCRYPT_X509_PLAIN))
		*ret = VNC_VENCRYPT_X509_PLAIN;
	else if (has_subtype(subtypes, n, VNC_VENCRYPT_X509_VNC) ||
		 has_subtype(subtypes, n, VNC_VENCRYPT_X509_PLAIN))
		return fail(h, END_TARGET_LOGIN, "the target wants a password and none is stored");
	else
		return fail(h, END_TARGET_CERTIFICATE,
			    "the target offers no TLS with a certificate");
	return true;
}

/* VeNCrypt 0.2 up to the choice of the subtype. */
static bool agree_vencrypt(struct handshake *h, uint32_t *ret_subtype)
{
	uint32_t subtypes[TYPES_MAX];
	uint8_t version[2], status, n;

	if (!ok(h, vnc_stream_read(h->stream, version, 2)))
		return false;
	if (version[0] != 0 || version[1] < 2)
		return fail(h, END_TARGET_PROTOCOL, "the target's VeNCrypt is older than 0.2");
	if (!ok(h, vnc_stream_write(h->stream, "\x00\x02", 2)) ||
	    !ok(h, vnc_stream_read_u8(h->stream, &status)))
		return false;
	if (status != 0)
		return fail(h, END_TARGET_PROTOCOL, "the target does not want VeNCrypt 0.2");
	if (!ok(h, vnc_stream_read_u8(h->stream, &n)))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!ok(h, vnc_stream_read_u32(h->stream, &subtypes[i])))
			return false;
	if (!choose_subtype(h, subtypes, n, ret_subtype) ||
	    !ok(h, vnc_stream_write_u32(h->stream, *ret_subtype)) ||
	    !ok(h, vnc_stream_read_u8(h->stream, &status)))
		return false;
	return status == 1 ||
	       fail(h, END_TARGET_PROTOCOL, "the target took its own security subtype back");
}

static bool login_vencrypt(struct handshake *h)
{
	struct vnc_tls_identity known = identity(h);
	uint32_t subtype;
	int error;

	if (!agree_vencrypt(h, &subtype))
		return false;
	error = vnc_tls_connect(h->stream, &known, &h->detail);
	if (error == -EACCES || error == -EINVAL)
		return fail(h, END_TARGET_CERTIFICATE, NULL);
	if (!ok(h, error))
		return false;
	switch (subtype) {
	case VNC_VENCRYPT_X509_VNC:
		return login_vnc(h);
	case VNC_VENCRYPT_X509_PLAIN:
		return login_plain(h);
	default:
		return true;
	}
}

static bool login(struct handshake *h)
{
	uint8_t types[TYPES_MAX], n, type;
	uint32_t result;
	bool sent;

	if (!read_types(h, types, &n) || !choose_type(h, types, n, &type))
		return false;
	if (h->minor >= 7 && !ok(h, vnc_stream_write_u8(h->stream, type)))
		return false;
	if (type == VNC_SECURITY_VENCRYPT)
		sent = login_vencrypt(h);
	else
		sent = type == VNC_SECURITY_NONE || login_vnc(h);
	if (!sent)
		return false;
	if (type == VNC_SECURITY_NONE && h->minor < 8)
		return true; /* before 3.8 there is no result for None (RFC 6143 appendix A) */
	if (!ok(h, vnc_stream_read_u32(h->stream, &result)))
		return false;
	if (result == 0)
		return true;
	return h->minor >= 8 ? refused(h, END_TARGET_LOGIN)
			     : fail(h, END_TARGET_LOGIN, "the target refused the login");
}

static bool read_hello(struct handshake *h, struct vnc_back_hello *hello)
{
	g_autofree char *name = NULL, *printable = NULL;
	uint8_t fixed[20];
	uint32_t length;

	if (!ok(h, vnc_stream_write_u8(h->stream, 1)) || /* shared: nobody else is thrown out */
	    !ok(h, vnc_stream_read(h->stream, fixed, sizeof(fixed))) ||
	    !ok(h, vnc_stream_read_u32(h->stream, &length)))
		return false;
	hello->width_px = (uint16_t)(fixed[0] << 8 | fixed[1]);
	hello->height_px = (uint16_t)(fixed[2] << 8 | fixed[3]);
	if (length > VNC_BACK_NAME_MAX_BYTES)
		return fail(h, END_TARGET_PROTOCOL, "the target's name is absurdly long");
	name = g_malloc0(length + 1);
	if (!ok(h, vnc_stream_read(h->stream, name, length)))
		return false;
	printable = vnc_glue_printable(name, length);
	g_strlcpy(hello->name, printable, sizeof(hello->name));
	return true;
}

enum end_reason vnc_back_handshake(struct vnc_stream *stream, struct back_target *target,
				   struct vnc_back_hello *ret_hello, char **ret_detail)
{
	struct handshake h = {.stream = stream, .target = target};
	bool in = agree_version(&h) && login(&h);

	if (target->password != NULL)
		secret_wipe(target->password, strlen(target->password));
	if (in)
		read_hello(&h, ret_hello);
	*ret_detail = h.detail;
	return h.reason;
}
