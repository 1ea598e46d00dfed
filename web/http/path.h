/** Request paths: which are acceptable at all, and how a pattern of the route table takes them
 *  apart. */
#pragma once

#include <stdbool.h>

#define PATH_MAX_BYTES 512u
#define PATH_MAX_PARTS 4u
#define PATH_PART_BYTES 129u

/** The parts of a path that stood where the pattern has a star. */
struct path_parts {
	char part[PATH_MAX_PARTS][PATH_PART_BYTES];
	unsigned n_parts;
};

/** True for an absolute path of printable ASCII without empty, "." or ".." parts, without backslash
 *  and percent sign (the HTTP library has decoded it already), at most PATH_MAX_BYTES long.
 *  A single "/" is fine. */
bool path_ok(const char *path);

/** Matches an acceptable path against a pattern such as "/api/sessions/STAR/terminate" (STAR: an
 *  asterisk): a star takes exactly one part, shorter than PATH_PART_BYTES. `ret` is set only on a
 *  match. */
bool path_match(const char *pattern, const char *path, struct path_parts *ret);

/** True for a lower-case UUID in its 36 character form. */
bool path_is_uuid(const char *text);

/** True for a plain file name: letters, digits, '-', '_' and '.', not starting with a dot, shorter
 *  than PATH_PART_BYTES. */
bool path_is_file_name(const char *text);
