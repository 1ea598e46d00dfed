/* From the configuration to an export. It must not know who asks or where the file goes from
 * here. */
#include "evidence/maker.h"

#include "recorder/chain/key_source.h"
#include "recorder/http_client/http_post.h"
#include "recorder/stamp/stamp_client.h"

#include <errno.h>

#define STAMP_MS 15000u

struct evidence_maker {
	const struct config *config;
	struct chain_key *key;
	struct archive_key *archive; /**< NULL: encrypted recordings cannot be exported */
};

static bool has_authority(const struct config_time_stamp *config)
{
	return config->url != NULL && config->url[0] != '\0';
}

struct evidence_maker *evidence_maker_create(const struct config *config, GError **error)
{
	const struct key_place place = key_place_of_exports(&config->export);

	if (!key_source_check(&place, error) ||
	    !config_require(config->recorder.store_dir, "recorder.store_dir", error))
		return NULL;
	struct chain_key *key = key_source_load(&place, error);
	if (key == NULL) {
		g_prefix_error(error, "the key for exports: ");
		return NULL;
	}
	if (has_authority(&config->recorder.time_stamp))
		http_init();
	struct evidence_maker *maker = g_new0(struct evidence_maker, 1);
	maker->config = config;
	maker->key = key;
	if (config->web.archive_key_file != NULL)
		maker->archive = archive_key_load(config->web.archive_key_file, error);
	if (config->web.archive_key_file == NULL || maker->archive != NULL)
		return maker;
	evidence_maker_destroy(maker);
	return NULL;
}

void evidence_maker_destroy(struct evidence_maker *maker)
{
	if (maker == NULL)
		return;
	chain_key_destroy(maker->key);
	archive_key_destroy(maker->archive);
	g_free(maker);
}

/* A stamp proves when the file was made, not what was recorded: an authority that is away does
 * not keep evidence back. */
static GBytes *fetch_stamp(const char *sha256, const void *user)
{
	const struct stamp_authority authority = stamp_authority_of(user);
	g_autoptr(GError) error = NULL;
	GBytes *stamp = stamp_fetch(&authority, sha256, STAMP_MS, NULL, &error);

	if (stamp == NULL)
		g_warning("the export goes without a time stamp: %s", error->message);
	return stamp;
}

static struct reader *open_session(const struct evidence_maker *maker, const char *session_id,
				   GError **error)
{
	struct reader *reader = NULL;
	int code = reader_open_session(maker->config->recorder.store_dir, session_id,
				       maker->archive, &reader);

	if (code == -ENOENT || code == -EINVAL)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_NOTHING,
			    "the store has no recording of session %s", session_id);
	else if (code < 0)
		g_set_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_IO,
			    "the recording of session %s cannot be opened: %s", session_id,
			    g_strerror(-code));
	return reader;
}

bool evidence_maker_run(const struct evidence_maker *maker, const struct evidence_wish *wish,
			struct evidence_made *ret, GError **error)
{
	const struct config_time_stamp *stamps = &maker->config->recorder.time_stamp;
	struct reader *reader = open_session(maker, wish->session_id, error);
	const struct evidence_order order = {
		.reader = reader,
		.session_id = wish->session_id,
		.key = maker->key,
		.asked = wish->asked,
		.leave_out_timelines = wish->leave_out_timelines,
		.node = maker->config->node,
		.created_by = wish->created_by,
		.purpose = wish->purpose,
		.log_store_dir = maker->config->recorder.store_dir,
		.target = wish->target,
		.derivation = wish->derivation,
		.stamp = has_authority(stamps) ? fetch_stamp : NULL,
		.stamp_user = stamps,
		.progress = wish->progress,
		.user = wish->user,
	};

	if (reader == NULL)
		return false;
	bool ok = evidence_export(&order, ret, error);
	reader_close(reader);
	return ok;
}
