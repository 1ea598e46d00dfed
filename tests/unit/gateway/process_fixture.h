/** A whole gateway around a fake session program: private database, fake recorder, a target
 *  that listens, viewers. */
#pragma once

#include "sql/db.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define ALICE_PASSWORD "correct-horse-battery"
#define TARGET_PASSWORD "s3cret-of-the-target"
#define TICKET_PASSWORD "one-time-7391"

/* ---- the installation */

/** Makes directory, keys, database with users and targets, target listener. Once,
 *  before gateway_start. */
void installation_create(void);
void installation_destroy(void);
const char *
installation_file(const char *name); /**< a path in its directory; borrowed, until the next call */
void installation_write(const char *name, const char *text, unsigned mode);
/** tls.crt and tls.key, a fresh pair. */
void installation_write_identity(void);
/** Writes the configuration; `extra` are more lines of the section gateway (may be ""). A gateway
 *  that runs with the one before is stopped. */
void installation_configure(const char *session_program, const char *extra);
extern uint16_t installation_rdp_port, installation_vnc_port, installation_target_port;
/** Accepts a connection at the target, at most PATIENCE_MS. */
int installation_target_accept(void);
/** A new ticket for alice at web1, password TICKET_PASSWORD. */
void installation_add_ticket(void);
/** One that expired 25 hours ago. */
void installation_add_old_ticket(void);

/* ---- the gateway */

void gateway_start(void); /**< returns when it says READY and the recorder is connected */
int gateway_finish(void); /**< SIGTERM; returns its exit status */
int gateway_pid(void);
/** Runs the program until it ends; returns its exit status and what it wrote. For start-up
 *  trouble. */
int gateway_try(char **ret_output);
char *gateway_log(void);
/** Resident memory in KiB; open descriptors. */
unsigned gateway_memory_kib(void);
unsigned gateway_descriptors(void);

/* ---- the recorder */

void recorder_start(void);
void recorder_stop(void);
void recorder_accepting(bool accepting);
/** Tells the gateway that a running recording had to end because the store is full. */
void recorder_fail(const char *session_id);
/** The next thing it heard, "OPEN ...", "EVENT ...", "CLOSE ..."; aborts after
 *  PATIENCE_MS. g_free it. */
char *recorder_next(void);
/** As recorder_next, skipping what does not begin with `start`. */
char *recorder_expect(const char *start);

/* ---- viewers */

int viewer_connect(uint16_t port);
/** Sends an RDP request with this cookie (NULL: none) and these requestedProtocols. */
void viewer_request(int fd, const char *cookie, uint32_t protocols);
void viewer_say(int fd, const char *format, ...) G_GNUC_PRINTF(2, 3);
/** The next line from the session, at most PATIENCE_MS; NULL at the end of the
 *  connection. g_free it. */
char *viewer_hear(int fd);
/** Hears a line and asserts that it begins with `start`. g_free it. */
char *viewer_expect(int fd, const char *start);
/** Connects, asks for TLS, hears START; `ret_id` gets the session id (g_free). */
int viewer_open(char **ret_id);
/** As viewer_open, then logs in as alice and goes on until the session runs. */
int viewer_run(char **ret_id);
/** Value of "name=" in a line, g_free it. */
char *line_value(const char *line, const char *name);

/* ---- what the database says */

struct db *fixture_admin(void); /**< one connection as the administrator, shared */
/** Waits until the session's row says this state, at most PATIENCE_MS. Returns the end reason's
 *  key. */
const char *session_wait_state(const char *id, const char *state);
/** The newest audit record about `subject` with this action, its detail; NULL when
 *  there is none. g_free it. */
char *audit_detail(const char *action, const char *subject);

/* ---- running and checking (process_run.c) */

/** A test program's main: an installation with recorder and running gateway around the tests
 *  that `add_tests` adds. */
int process_test_run(int argc, char **argv, void (*add_tests)(void));
void assert_has(const char *text, const char *part);
/** The next line from the session is this one. */
void assert_line(int fd, const char *expected);
/** The connection has ended; closes it. */
void assert_end(int fd);
unsigned count_text(const char *text, const char *part);
/** Orders a session's end as carol, as the console would. */
void order_end(const char *id, const char *words);
