/** A directory that a test may fill and that goes away with everything in it. */
#pragma once

/** Path; g_free it after temp_dir_remove. */
char *temp_dir_create(void);
void temp_dir_remove(const char *path);
