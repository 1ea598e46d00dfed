/** The directory in which evidence files lie until they are fetched: how they are called, and which
 *  may stay. `dir` is export.spool_dir everywhere. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** False and CONFIG_ERROR_READ when this program cannot write there. */
bool export_spool_check(const char *dir, GError **error);

/** Where the evidence file of export `id` lies; g_free it. */
char *export_spool_path(const char *dir, const char *id);
/** Where its certificate lies, when one could be made; g_free it. */
char *export_spool_certificate_path(const char *dir, const char *id);

/** Removes what this program made for exports that are not in `wanted` (char *, their ids). What
 *  cannot be removed is logged and tried again at the next call. */
void export_spool_clear(const char *dir, const GPtrArray *wanted);
