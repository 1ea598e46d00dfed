/** A gateway for unit tests: the other end of a session's broker link, with a fake recorder behind
 *  it.
 *
 *      struct fake_gateway_settings settings = fake_gateway_defaults(); // alice / secret, back
 *      "vnc", everything granted settings.target_fd = my_end_of_a_socketpair; // taken; what the
 *      back gets struct fake_gateway *gateway = fake_gateway_create(&settings);
 *      struct session *session = session_create(fake_gateway_broker_fd(gateway), &start, backs);
 *      ...                                                                // drive it as a front
 *                                                                         does
 *      session_destroy(session);
 *      g_assert_cmpint(fake_gateway_wait_ended(gateway, &detail), ==, END_VIEWER_LEFT);
 *      fake_gateway_destroy(gateway);
 *
 *  Answers come from a thread of its own. All functions: any thread. Text in the settings is
 *  borrowed until destroy. */
#pragma once

#include "base/end_reason.h"
#include "ipc/broker_proto.h"
#include "tests/support/fake_recorder.h"

struct fake_gateway_settings {
	const char *user, *password; /**< anybody else gets END_REFUSED */
	const uint8_t *ntowfv2;	     /**< 16 bytes that every NLA proof gets, or NULL: refused */
	const char *target, *back, *banner;
	uint32_t idle_limit_s;
	bool keys_off;
	uint32_t unrecorded_limit_s;
	bool silent;	      /**< reads, answers nothing */
	bool no_recorder;     /**< sends no RECORDER_LINK before fake_gateway_offer_recorder */
	uint32_t dial_reason; /**< enum end_reason */
	int target_fd;	      /**< taken */
	const char *host;
	uint16_t port;
	const char *account, *domain, *target_password, *certificate_sha256, *ca_pem;
	uint32_t security;
};

struct fake_gateway;

struct fake_gateway_settings fake_gateway_defaults(void);
struct fake_gateway *fake_gateway_create(const struct fake_gateway_settings *settings);
/** After session_destroy (or fake_gateway_hang_up). */
void fake_gateway_destroy(struct fake_gateway *gateway);

/** The session's end, for session_create, which takes it. Call once. */
int fake_gateway_broker_fd(struct fake_gateway *gateway);
struct fake_recorder *fake_gateway_recorder(struct fake_gateway *gateway);

void fake_gateway_terminate(struct fake_gateway *gateway, enum end_reason reason, const char *text);
void fake_gateway_message(struct fake_gateway *gateway, const char *text);
/** From now on reads and answers nothing, as settings.silent. */
void fake_gateway_silence(struct fake_gateway *gateway);
/** A new recorder link, as after a recorder's restart. */
void fake_gateway_offer_recorder(struct fake_gateway *gateway);
/** The gateway dies: its end closes. */
void fake_gateway_hang_up(struct fake_gateway *gateway);

/** Waits up to 10 s for a message from the session; false: it did not come. Messages are
 *  remembered. */
bool fake_gateway_wait(struct fake_gateway *gateway, enum broker_type type);
/** Waits for ENDED. Returns its reason, END_NONE when it did not come; `*ret_detail` (may be
 *  NULL) is to be g_freed. */
enum end_reason fake_gateway_wait_ended(struct fake_gateway *gateway, char **ret_detail);
/** User name and door of the last LOGIN, size of the last DIAL: what the front made
 *  of its viewer's words. */
void fake_gateway_asked(struct fake_gateway *gateway, char **ret_user, uint32_t *ret_door,
			uint32_t *ret_width, uint32_t *ret_height);
