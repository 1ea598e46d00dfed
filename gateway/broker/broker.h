/** All sessions of this gateway: one session process, one viewer, one table row each. Main loop
 *  only. */
#pragma once

#include "gateway/address.h"
#include "gateway/admission.h"
#include "gateway/broker/backoff.h"
#include "gateway/broker/nt_hash.h"
#include "gateway/broker/proven.h"
#include "gateway/broker/vault.h"
#include "gateway/jobs.h"
#include "gateway/journal.h"
#include "gateway/recorder_link.h"
#include "gateway/worker_pool.h"

#include <stdbool.h>

/** What the sessions work with. All borrowed; must outlive the broker. Filled in before
 *  the first broker_admit. */
struct broker_tools {
	const struct config *config;
	char *certificate_pem;
	char *private_key_pem; /**< secret */
	struct vault *vault;
	struct nt_hasher *hasher;
	struct admission *admission;
	struct backoff *backoff;
	struct proven *proven;
	struct jobs *logins;  /**< few threads: each spends argon2's memory and time */
	struct jobs *lookups; /**< quick questions; never behind a login */
	struct journal *journal;
	struct worker_pool *pool;
	struct recorder_link *recorder;
};

struct broker;

/** `tools` is borrowed; it may still be filled in after this. */
struct broker *broker_create(const struct broker_tools *tools);
/** Only without sessions left. NULL is fine. */
void broker_destroy(struct broker *broker);

/** From now on every viewer is turned away, and the running sessions are told that the
 *  gateway is being stopped. */
void broker_stop(struct broker *broker);

/** Serves a viewer that was counted in by admission_enter(from->source); it is counted out when the
 *  session is over. `front` is "rdp" or "vnc" (static). Takes `fd`. */
void broker_admit(struct broker *broker, const char *front, int fd, const struct address *from,
		  bool offer_nla);

/** Ends a session. `words` are shown to the viewer (may be NULL); `by` is who wants it (NULL: the
 *  gateway itself). Returns false when there is no such session. */
bool broker_terminate(struct broker *broker, const char *session_id, enum end_reason reason,
		      const char *words, const char *by);
/** SIGKILL for every session process that is left. */
void broker_kill_all(struct broker *broker);

/** Sessions that have a process, those that are ending included. */
unsigned broker_count(const struct broker *broker);

/** Runs once, as soon as no session is left (at once when there is none). */
void broker_when_empty(struct broker *broker, void (*empty)(void *user_data), void *user_data);

/** Give these to recorder_link_create, with the broker as user data. */
extern const struct recorder_listener broker_recorder_listener;
