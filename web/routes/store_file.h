/** Files of one recording, as they lie in the store. */
#pragma once

/** Opens `name` in the directory of `session_id` for reading. Both must have been checked (path_is_uuid, path_is_file_name).
 *  No symbolic link is followed below the store. Returns a descriptor or -errno. */
int store_file_open(const char *store_dir, const char *session_id, const char *name);
