/** A directory that a test may fill and that goes away with everything in it. */
#pragma once

#include <glib.h>

/** Path; g_free it after temp_dir_remove. */
char *temp_dir_create(void);
void temp_dir_remove(const char *path);

/** Writes a file into `dir`. `length` -1: `bytes` is a text. Returns its path; g_free it. */
char *temp_dir_put(const char *dir, const char *name, const void *bytes, gssize length, int mode);
