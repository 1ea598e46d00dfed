/* How the VNC back gets in at a target: VNC password, plain text only where it is granted, VeNCrypt
 * with a pin or an authority. */
#include "base/secret.h"
#include "gateway/vnc/vnc_tls.h"
#include "tests/unit/vnc/scripted_target.h"
#include "tests/unit/vnc/test_certificate.h"

#include <rfb/rfb.h>
#include <string.h>

static struct test_certificate certificate;

static void play_vnc_auth(struct target *t)
{
	unsigned char challenge[16], answer[16], expected[16];
	char password[] = "geheim12";
	uint8_t type;

	memset(challenge, 0x5a, sizeof(challenge));
	memcpy(expected, challenge, sizeof(challenge));
	rfbEncryptBytes(expected, password);
	target_greet(t, "\x02", 1);
	target_hear(t, &type, 1);
	target_say(t, challenge, 16);
	target_hear(t, answer, 16);
	if (memcmp(answer, expected, 16) == 0) {
		vnc_stream_write_u32(&t->stream, 0);
		target_server_init(t, 64, 48);
		target_hear_setup(t);
		target_say(t, "\x03\0\0\0\0\0\0\x02in", 10);
		target_linger(t);
	} else {
		vnc_stream_write_u32(&t->stream, 1);
		vnc_stream_write_u32(&t->stream, 9);
		target_say(t, "wrong\nkey", 9);
	}
}

static void see_in(struct target *t)
{
	g_assert_true(double_saw(t->session, "target clipboard in"));
	target_stop_back(t);
}

static void test_vnc_auth(void)
{
	struct target t;

	target_init(&t, play_vnc_auth);
	g_strlcpy(t.password, "geheim123456", sizeof(t.password)); /* only eight count */
	g_assert_cmpint(target_run_back(&t, see_in), ==, END_NONE);
	g_assert_cmpuint(strlen(t.password), ==, 0); /* wiped */
	target_finish(&t);

	target_init(&t, play_vnc_auth);
	g_strlcpy(t.password, "falsch", sizeof(t.password));
	g_assert_cmpint(target_run_back(&t, NULL), ==, END_TARGET_LOGIN);
	g_assert_cmpstr(t.detail, ==, "the target says: wrong key");
	target_finish(&t);
}

static void play_only_plain(struct target *t)
{
	target_greet(t, "\x01\x02", 2);
	target_linger(t);
}

static void test_plain_needs_permission(void)
{
	struct target t;

	target_init(&t, play_only_plain);
	t.granted.security = TARGET_TLS_PINNED;
	t.granted.certificate_sha256 = certificate.sha256;
	g_assert_cmpint(target_run_back(&t, NULL), ==, END_TARGET_CERTIFICATE);
	target_finish(&t);
}

/* VeNCrypt with one subtype, up to the end of the TLS handshake. False when the other side left. */
static bool vencrypt(struct target *t, unsigned subtype)
{
	uint8_t type, version[2];
	uint32_t chosen;

	target_greet(t, "\x13\x01", 2);
	if (vnc_stream_read_u8(&t->stream, &type) < 0)
		return false;
	g_assert_cmpuint(type, ==, 19);
	target_say(t, "\0\2", 2);
	target_hear(t, version, 2);
	target_say(t, "\0\1", 2);
	vnc_stream_write_u32(&t->stream, subtype);
	if (vnc_stream_read_u32(&t->stream, &chosen) < 0)
		return false;
	g_assert_cmpuint(chosen, ==, subtype);
	vnc_stream_write_u8(&t->stream, 1);
	return vnc_tls_accept(&t->stream, certificate.certificate_pem, certificate.key_pem) == 0;
}

static void play_x509_none(struct target *t)
{
	uint8_t byte;

	if (!vencrypt(t, 260))
		return;
	vnc_stream_write_u32(&t->stream, 0);
	/* A back that does not trust us must have left by now. */
	if (vnc_stream_read_u8(&t->stream, &byte) < 0)
		return;
	target_say_16(t, 64);
	target_say_16(t, 48);
	target_say(t,
		   "\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"
		   "\0\0\0\0",
		   20);
	target_hear_setup(t);
	target_update(t, 1);
	target_raw_rect(t, 0, 0, 64, 48, GREEN);
	target_linger(t);
}

static void see_green(struct target *t)
{
	g_assert_true(double_shows(t->session, 63, 47, GREEN));
	target_stop_back(t);
}

static enum end_reason run_x509(const char *pin, const char *ca, const char *host, bool welcome)
{
	struct target t;
	enum end_reason reason;

	target_init(&t, play_x509_none);
	t.granted.security = TARGET_TLS_PINNED;
	t.granted.certificate_sha256 = pin;
	t.granted.ca_pem = ca;
	t.granted.host = host;
	reason = target_run_back(&t, welcome ? see_green : NULL);
	target_finish(&t);
	return reason;
}

static void test_x509(void)
{
	struct test_certificate other;
	g_autofree char *bare = g_ascii_strdown(certificate.sha256, -1);

	test_certificate_init(&other);
	g_assert_cmpint(run_x509(certificate.sha256, NULL, "anything", true), ==, END_NONE);
	g_assert_cmpint(run_x509(bare, "", "127.0.0.1", true), ==, END_NONE);
	g_assert_cmpint(run_x509("", certificate.certificate_pem, "127.0.0.1", true), ==, END_NONE);
	g_assert_cmpint(run_x509(NULL, certificate.certificate_pem, "target.example", true), ==,
			END_NONE);
	g_assert_cmpint(run_x509(other.sha256, NULL, "127.0.0.1", false), ==,
			END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509(NULL, other.certificate_pem, "127.0.0.1", false), ==,
			END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509(NULL, certificate.certificate_pem, "other.example", false), ==,
			END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509(other.sha256, certificate.certificate_pem, "127.0.0.1", false), ==,
			END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509(NULL, "no PEM", "127.0.0.1", false), ==, END_TARGET_CERTIFICATE);
	g_assert_cmpint(run_x509("", "", "127.0.0.1", false), ==, END_TARGET_CERTIFICATE);
	test_certificate_finish(&other);
}

static void play_tls_vnc(struct target *t)
{
	vencrypt(t, 258); /* TLSVnc: encrypted to nobody knows whom */
}

static void test_tls_without_identity(void)
{
	struct target t;

	target_init(&t, play_tls_vnc);
	t.granted.security = TARGET_TLS_PINNED;
	t.granted.certificate_sha256 = certificate.sha256;
	g_assert_cmpint(target_run_back(&t, NULL), ==, END_TARGET_CERTIFICATE);
	target_finish(&t);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0);
	test_certificate_init(&certificate);
	g_test_add_func("/vnc-back/vnc-auth", test_vnc_auth);
	g_test_add_func("/vnc-back/plain-needs-permission", test_plain_needs_permission);
	g_test_add_func("/vnc-back/x509", test_x509);
	g_test_add_func("/vnc-back/tls-without-identity", test_tls_without_identity);
	result = g_test_run();
	test_certificate_finish(&certificate);
	return result;
}
