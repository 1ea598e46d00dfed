/** An installation's exports: the signing key, the archive key and the store of the configuration,
 *  ready to make evidence files of any session. What the command line and the console share.
 *  Several threads may run exports at the same time. */
#pragma once

#include "base/config.h"
#include "evidence/export.h"

struct evidence_maker;

/** Loads the keys. `config` is borrowed. Once per process, before other threads do HTTP. NULL and
 *  an error that names the key of the configuration that is missing or wrong. */
struct evidence_maker *evidence_maker_create(const struct config *config, GError **error);
/** NULL is fine. */
void evidence_maker_destroy(struct evidence_maker *maker);

struct evidence_wish {
	const char *session_id;
	struct evidence_span asked;
	const char *leave_out_timelines; /**< as in evidence_order */
	const char *created_by, *purpose, *target;
	const struct evidence_derivation *derivation; /**< as in evidence_order */
	evidence_progress_fn progress;		      /**< may be NULL */
	void *user;
};

/** As evidence_export; EVIDENCE_ERROR_NOTHING also when the store has no such session. */
bool evidence_maker_run(const struct evidence_maker *maker, const struct evidence_wish *wish,
			struct evidence_made *ret, GError **error);
