/** What `vitrine doctor` looks at, one function per concern. Each prints a line per check and
 *  counts what is wrong. */
#pragma once

#include "base/config.h"
#include "cli/cli.h"

struct doctor {
	const struct config *config;
	unsigned failed, warned;
};

/** One line about one thing that was looked at: in order; worth a look; wrong, which makes the
 *  command fail. What it says ends with what mends it. */
void doctor_ok(struct doctor *doctor, const char *format, ...) G_GNUC_PRINTF(2, 3);
void doctor_warn(struct doctor *doctor, const char *format, ...) G_GNUC_PRINTF(2, 3);
void doctor_fail(struct doctor *doctor, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Key files: readable, private, of the right form; certificates: belonging to their key, not
 *  expired. */
void doctor_check_keys(struct doctor *doctor);
/** Database: reachable, at this program's schema, roles able to log in. */
void doctor_check_database(struct doctor *doctor);
/** Recordings: there, writable, room left. */
void doctor_check_store(struct doctor *doctor);
/** Places that keep heads of the node log, the time stamp authority: set, there, within reach. */
void doctor_check_outside(struct doctor *doctor);
/** Programs: who answers, what vitrine-session was built with. */
void doctor_check_programs(struct doctor *doctor);
/** The machine: Landlock, seccomp, the legacy provider NLA needs. */
void doctor_check_machine(struct doctor *doctor);
