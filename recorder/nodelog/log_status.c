/* Writes and reads the status file. It must not look at the log itself. */
#include "recorder/nodelog/log_status.h"

#include "recorder/nodelog/nodelog.h"

#include <errno.h>
#include <jansson.h>

#define STATUS_FILE "status.json"

static char *status_path(const char *store_dir)
{
	return g_build_filename(store_dir, NODELOG_DIR, STATUS_FILE, NULL);
}

int log_status_write(const char *store_dir, const struct log_status *status)
{
	g_autofree char *path = status_path(store_dir);
	json_t *object = json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "open", status->open,
				   "leaves", (json_int_t)status->leaves, "signed_leaves",
				   (json_int_t)status->signed_leaves, "heads_told",
				   (json_int_t)status->heads_told, "heads_failed",
				   (json_int_t)status->heads_failed, "stamps_waiting",
				   (json_int_t)status->stamps_waiting, "stamps_failed",
				   (json_int_t)status->stamps_failed);
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	/* Not synced: after a power cut the next one is as good. */
	bool ok = g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0640,
					   NULL);
	int result = ok ? 0 : -errno;

	json_decref(object);
	free(text);
	return result;
}

static bool take(json_t *object, struct log_status *ret)
{
	json_int_t n[6];
	int open;

	if (json_unpack(object, "{s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "open", &open, "leaves",
			&n[0], "signed_leaves", &n[1], "heads_told", &n[2], "heads_failed", &n[3],
			"stamps_waiting", &n[4], "stamps_failed", &n[5]) != 0)
		return false;
	*ret = (struct log_status){open != 0,	   (uint64_t)n[0], (uint64_t)n[1], (uint64_t)n[2],
				   (uint64_t)n[3], (uint64_t)n[4], (uint64_t)n[5]};
	return true;
}

int log_status_read(const char *store_dir, struct log_status *ret)
{
	g_autofree char *path = status_path(store_dir), *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return -ENOENT;
	json_t *object = json_loads(text, 0, NULL);
	bool ok = json_is_object(object) && take(object, ret);
	json_decref(object);
	return ok ? 0 : -EPROTO;
}
