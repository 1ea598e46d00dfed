/* How the RDP back gets to a target and away from it: logins, certificates, targets that do not
 * answer, redirect or leave. */
#include "gateway/rdp/rdp_back_internal.h"
#include "tests/support/patience.h"
#include "tests/unit/rdp/back_run.h"

#include <dirent.h>
#include <freerdp/channels/rdpgfx.h>
#include <freerdp/redirection.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_nla(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.nla = true, .password = "secret"});
	run_await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, paint_gradient);
	run_await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	run_stop(&run);
	run_clear(&run);
}

static void test_wrong_password(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.nla = true, .password = "another"});
	run_assert_end(&run, END_TARGET_LOGIN,
		       "_FAIL"); /* AUTHENTICATION_FAILED or LOGON_FAILURE */
	run_clear(&run);
}

static void test_wrong_certificate(void)
{
	struct run run = {0};
	struct fake_target_plan plan = {0};
	int fd;

	run.fake = fake_target_start(&plan, &fd);
	run_start_on(&run, fd, "0123");
	run_assert_end(&run, END_TARGET_CERTIFICATE, run.fake->certificate.sha256);
	g_assert_null(run.fake->received_password);
	run_clear(&run);
}

/* ---- Targets that do not answer ---- */

/* Reads what comes and answers `answer` once, then says nothing more. */
struct mute_target {
	int fd;
	const uint8_t *answer;
	size_t answer_bytes;
	GAsyncQueue *heard; /**< if not NULL: one entry for every read */
};

static gpointer be_mute(gpointer data)
{
	struct mute_target *mute = data;
	uint8_t bytes[512];

	while (read(mute->fd, bytes, sizeof bytes) > 0) {
		if (mute->answer_bytes)
			g_assert_cmpint(write(mute->fd, mute->answer, mute->answer_bytes), ==,
					mute->answer_bytes);
		mute->answer_bytes = 0;
		if (mute->heard)
			g_async_queue_push(mute->heard, mute);
	}
	close(mute->fd);
	return NULL;
}

/* X.224 Connection Confirm with an RDP Negotiation Response for TLS ([MS-RDPBCGR] 2.2.1.2.1). */
static const uint8_t choose_tls[] = {0x03, 0x00, 0x00, 0x13, 0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34,
				     0x00, 0x02, 0x00, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00};
/* ... and for the old RDP security, which is not spoken. */
static const uint8_t choose_rdp[] = {0x03, 0x00, 0x00, 0x13, 0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34,
				     0x00, 0x02, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00};
static const uint8_t garbage[] = "HTTP/1.0 400 Bad Request\r\n\r\n";

static GThread *start_mute(struct run *run, struct mute_target *mute)
{
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	mute->fd = fds[1];
	run_start_on(run, fds[0], "00");
	return g_thread_new("mute", be_mute, mute);
}

static void assert_deadline(const uint8_t *answer, size_t answer_bytes)
{
	struct run run = {.deadline_ms = 400};
	struct mute_target mute = {.answer = answer, .answer_bytes = answer_bytes};
	gint64 before_us = g_get_monotonic_time();
	GThread *thread = start_mute(&run, &mute);

	run_assert_end(&run, END_TARGET_UNREACHABLE, "within 400 ms");
	g_assert_cmpint(g_get_monotonic_time() - before_us, <, PROMPT_US);
	g_thread_join(thread);
	run_clear(&run);
}

static void test_silent(void)
{
	assert_deadline(NULL, 0);
}

static void test_silent_in_tls(void)
{
	assert_deadline(choose_tls, sizeof choose_tls);
}

static void test_stop_while_connecting(void)
{
	struct run run = {0};
	struct mute_target mute = {.answer = choose_tls,
				   .answer_bytes = sizeof choose_tls,
				   .heard = g_async_queue_new()};
	GThread *thread = start_mute(&run, &mute);

	/* Its request, then the first message of TLS: from here on it waits for the second. */
	for (unsigned i = 0; i < 2; i++)
		g_assert_nonnull(g_async_queue_timeout_pop(mute.heard, PATIENCE_US));
	run_stop(&run);
	g_thread_join(thread);
	g_async_queue_unref(mute.heard);
	run_clear(&run);
}

static void test_no_tls(void)
{
	struct run run = {0};
	struct mute_target mute = {.answer = choose_rdp, .answer_bytes = sizeof choose_rdp};
	GThread *thread = start_mute(&run, &mute);

	run_assert_end(&run, END_TARGET_PROTOCOL, "neither TLS nor NLA");
	g_thread_join(thread);
	run_clear(&run);
}

/* FreeRDP takes these bytes for the start of something longer. */
static void test_no_rdp(void)
{
	assert_deadline(garbage, sizeof garbage - 1);
}

/* ---- Ends ---- */

static void redirect(struct fake_target *target)
{
	rdpRedirection *redirection = redirection_new();
	UINT32 missing = 0;

	redirection_set_session_id(redirection, 7);
	redirection_set_flags(redirection, LB_TARGET_NET_ADDRESS);
	redirection_set_string_option(redirection, LB_TARGET_NET_ADDRESS, "192.0.2.66");
	g_assert_true(redirection_settings_are_valid(redirection, &missing));
	g_assert_true(target->peer->SendServerRedirection(target->peer, redirection));
	redirection_free(redirection);
}

static void test_redirection(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	run_await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, redirect);
	run_assert_end(&run, END_TARGET_PROTOCOL, "redirects");
	run_clear(&run);
}

static void gfx_show_nothing(struct fake_target *target)
{
	const RDPGFX_MAP_SURFACE_TO_OUTPUT_PDU map = {.surfaceId = 77};

	gfx_gradient(target);
	g_assert_cmpuint(target->gfx->MapSurfaceToOutput(target->gfx, &map), ==, CHANNEL_RC_OK);
}

/* The library closes the graphics channel at a message it does not take: a session must not go on
 * with a picture that stands still. */
static void test_graphics_break_off(void)
{
	struct run run = {.deadline_ms = 4000};

	run_start(&run, &(struct fake_target_plan){.gfx = true});
	fake_target_do(run.fake, gfx_show_nothing);
	run_assert_end(&run, END_TARGET_PROTOCOL, "graphics channel");
	run_clear(&run);
}

static void log_off(struct fake_target *target)
{
	rdpContext *context = target->peer->context;

	freerdp_set_error_info(context->rdp, ERRINFO_LOGOFF_BY_USER);
	g_assert_true(freerdp_send_error_info(context->rdp));
	target->stop = true;
}

static void drop(struct fake_target *target)
{
	target->stop = true;
}

static void test_target_leaves(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	run_await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, log_off);
	run_assert_end(&run, END_TARGET_CLOSED, "logged off");
	run_clear(&run);

	run = (struct run){0};
	run_start(&run, &(struct fake_target_plan){0});
	run_await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, drop);
	run_assert_end(&run, END_TARGET_CLOSED, "target");
	run_clear(&run);
}

static unsigned open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

static void test_descriptors(void)
{
	test_wrong_certificate();
	unsigned before = open_descriptors();

	test_wrong_certificate();
	test_silent();
	g_assert_cmpuint(open_descriptors(), ==, before);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* FreeRDP's complaints about hostile targets are expected here. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	g_assert_cmpint(rdp_back.prepare(), ==, 0);
	g_test_add_func("/rdp-back/nla", test_nla);
	g_test_add_func("/rdp-back/wrong-password", test_wrong_password);
	g_test_add_func("/rdp-back/wrong-certificate", test_wrong_certificate);
	g_test_add_func("/rdp-back/silent", test_silent);
	g_test_add_func("/rdp-back/silent-in-tls", test_silent_in_tls);
	g_test_add_func("/rdp-back/stop-while-connecting", test_stop_while_connecting);
	g_test_add_func("/rdp-back/no-tls", test_no_tls);
	g_test_add_func("/rdp-back/no-rdp", test_no_rdp);
	g_test_add_func("/rdp-back/end/redirection", test_redirection);
	g_test_add_func("/rdp-back/end/graphics-break-off", test_graphics_break_off);
	g_test_add_func("/rdp-back/end/target-leaves", test_target_leaves);
	g_test_add_func("/rdp-back/end/descriptors", test_descriptors);
	return g_test_run();
}
