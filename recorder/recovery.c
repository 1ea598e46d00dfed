/* Repairs what a killed recorder left. It must not invent anything: what is kept is what lies whole
 * on the disk, and the chain says where it ends. */
#include "recorder/recovery.h"

#include "base/clock.h"
#include "recorder/chain/own_tombstone.h"
#include "recorder/chain/tombstone.h"
#include "recorder/nodelog/sealed_sessions.h"
#include "recorder/recovery_segment.h"
#include "recorder/settled.h"

#include <errno.h>
#include <string.h>

/* Rows of recordings sealed so lately are written again: the database may have been away
 * when the recorder died. */
#define ROWS_AGAIN_US (7ull * 24 * 3600 * 1000000)

void recovered_free(struct recovered *recovered)
{
	archive_destroy(recovered->archive);
	archive_resume_clear(&recovered->from);
	g_free(recovered);
}

/* Segments that were written but have no entry: the open one, and those that were being closed. */
static int adopt_segments(const struct recovery_files *files, struct recovered *recovered)
{
	struct archive_resume *from = &recovered->from;
	int result = 0;

	while (result == 0) {
		char codec[16] = "";
		struct chain_segment segment = {.number = from->n_segments + 1,
						.start_us = from->position_us,
						.codec = codec};
		result = recovery_segment_repair(files, &segment, codec);
		if (result < 0 || segment.n_files == 0)
			break;
		result = archive_adopt_segment(recovered->archive, &segment);
		from->n_segments = segment.number;
		from->position_us = segment.end_us;
		from->n_frames += segment.frames;
		recovered_chain_note_keys(&segment, from->n_keys);
	}
	return result;
}

/* An init segment whose first picture was never written belongs to nothing; so does a data key that
 * nothing was written with. */
static bool is_orphan(const char *name, const struct archive_resume *from)
{
	unsigned number;

	if (recovered_name_number(name, SEGMENT_INIT_PREFIX, SEGMENT_INIT_SUFFIX, &number))
		return number > from->n_segments;
	if (recovered_name_number(name, DATA_KEY_FILE_PREFIX, DATA_KEY_FILE_SUFFIX, &number))
		return number > from->n_keys[SEGMENT_KEY_FILES];
	return recovered_name_number(name, KEYSTROKE_KEY_FILE_PREFIX, DATA_KEY_FILE_SUFFIX,
				     &number) &&
	       number > from->n_keys[SEGMENT_KEY_KEYSTROKES];
}

static int drop_orphans(struct store_recording *store, const struct archive_resume *from)
{
	g_autoptr(GPtrArray) names = NULL;
	int result = store_recording_names(store, &names);

	for (unsigned i = 0; result == 0 && i < names->len; i++) {
		g_autofree char *name = g_strdup(g_ptr_array_index(names, i));
		bool part = g_str_has_suffix(name, ".part");
		if (part)
			name[strlen(name) - strlen(".part")] = '\0';
		if (is_orphan(name, from))
			result = store_recording_discard(store, name, part);
	}
	return result;
}

/* ---- One recording ---- */

/* What a scan of the store works with. */
struct scan {
	const struct archive_services *services;
	GHashTable *sealed; /**< sessions that the node log saw sealed; NULL: not asked yet */
};

static void write_rows(const struct archive_services *services, const struct recovered_chain *chain)
{
	const struct archive_resume *from = &chain->from;

	index_open(services->index, from->session_id, from->quality, from->started_utc_us);
	for (unsigned i = 0; i < chain->segments->len; i++)
		index_segment(services->index, from->session_id,
			      g_ptr_array_index(chain->segments, i));
	if (chain->sealed)
		index_close(services->index, from->session_id, true, chain->utc_us, from->head, "");
}

static bool is_signer(const struct chain_key *key, const struct recovered_chain *chain)
{
	const char *pem = chain_key_certificate_pem(key);
	char hex[DIGEST_HEX_BYTES];

	digest_hex_of(pem, strlen(pem), hex);
	return strcmp(hex, chain->certificate.sha256) == 0;
}

/* Entries must be signed with the key whose certificate lies in the recording: the present one, or
 * that before the last rotation. NULL: neither. */
static const struct chain_key *signer_of(const struct archive_services *services,
					 const struct recovered_chain *chain)
{
	if (is_signer(services->key, chain))
		return services->key;
	return services->previous_key != NULL && is_signer(services->previous_key, chain)
		       ? services->previous_key
		       : NULL;
}

static int repair(const struct archive_services *services, struct store_recording *store,
		  struct recovered_chain *chain, struct recovered **ret)
{
	struct recovered *recovered = g_new0(struct recovered, 1);
	struct recovery_files files;

	recovered->from = chain->from;
	recovered->from.session_id = g_strdup(chain->from.session_id);
	recovered->from.quality = g_strdup(chain->from.quality);
	int result = archive_reopen(services, &recovered->from, &recovered->archive);
	if (result == 0)
		result = recovery_files_open(&files, store, chain, &services->keys);
	if (result == 0) {
		result = adopt_segments(&files, recovered);
		recovery_files_close(&files);
	}
	if (result == 0)
		result = drop_orphans(store, &recovered->from);
	if (result < 0) {
		recovered_free(recovered);
		return result;
	}
	archive_set_keys(recovered->archive, recovered->from.n_keys);
	recovered->from.t_us = archive_time_us(recovered->archive);
	*ret = recovered;
	return 0;
}

/* Of a deleted recording there is nothing to repair, and its rows say more than the chain. Anybody
 * who may write to the disk can put a file of that name there, and would keep what was
 * interrupted from its seal. */
static bool is_deleted(const struct archive_services *services, const char *session_id,
		       struct store_recording *store)
{
	const struct own_keys keys = {services->key, services->previous_key};
	g_autofree uint8_t *bytes = NULL;
	size_t length;
	bool part = false;
	struct own_tombstone own;
	int result = store_recording_read(store, TOMBSTONE_FILE, TOMBSTONE_MAX_BYTES, &bytes,
					  &length, &part);

	if (result == -ENOENT || (result == 0 && part))
		return false;
	if (result == 0 && own_tombstone_read(&keys, session_id, (const char *)bytes, length, &own))
		return true;
	g_critical("the tombstone in recording %s is not this node's: it counts for nothing",
		   session_id);
	return false;
}

bool recovered_is_deleted(const struct recovered *recovered,
			  const struct archive_services *services)
{
	const char *session_id = recovered->from.session_id;
	struct store_recording *recording;

	if (store_recording_open(services->store, session_id, &recording) < 0)
		return false;
	bool deleted = is_deleted(services, session_id, recording);
	store_recording_close(recording);
	return deleted;
}

/* Copied into the recording before its first entry; the entry says what it has to hold. */
static int restore_certificate(const struct chain_key *key, struct store_recording *store,
			       const struct chain_file *certificate)
{
	const char *pem = chain_key_certificate_pem(key);
	g_autofree uint8_t *bytes = NULL;
	size_t length = 0;
	bool part;
	int result = store_recording_read(store, CHAIN_CERTIFICATE_FILE,
					  CHAIN_CERTIFICATE_MAX_BYTES, &bytes, &length, &part);

	/* Whoever put something else there is for the verifier to name. */
	if (result == 0 && (length >= certificate->bytes || memcmp(bytes, pem, length) != 0))
		return 0;
	if (result == 0)
		result = store_recording_discard(store, CHAIN_CERTIFICATE_FILE, part);
	if (result < 0 && result != -ENOENT)
		return result;
	g_warning("%s was torn and is written again", CHAIN_CERTIFICATE_FILE);
	return store_recording_put(store, CHAIN_CERTIFICATE_FILE, pem, strlen(pem));
}

static int recover(const struct archive_services *services, struct store_recording *store,
		   struct recovered_chain *chain, struct recovered **ret)
{
	struct archive_services own = *services;

	own.key = signer_of(services, chain);
	if (own.key == NULL)
		return -EKEYREJECTED;
	int result = restore_certificate(own.key, store, &chain->certificate);
	if (result == 0)
		result = repair(&own, store, chain, ret);
	return result;
}

static void settle(const struct archive_services *services, const char *session_id)
{
	if (services->settled != NULL)
		settled_add(services->settled, session_id);
}

/* A chain is synced before its leaf: only somebody who may write to the disk can take a seal back,
 * and would have us sign what he put in its place. */
static bool was_sealed(struct scan *scan, const char *session_id)
{
	const char *store_dir = scan->services->store_dir;
	g_autofree char *session = g_ascii_strdown(session_id, -1);

	if (scan->sealed == NULL && store_dir != NULL)
		scan->sealed = sealed_sessions_read(store_dir);
	return scan->sealed != NULL && g_hash_table_contains(scan->sealed, session);
}

/* Rows and seals follow from what this node's key signed, not from what somebody put behind it. Of
 * keys before the last rotation only the verifier can tell. */
static int check_chain(struct scan *scan, const char *text, const struct recovered_chain *chain)
{
	const char *session_id = chain->from.session_id;
	const struct chain_key *signer = signer_of(scan->services, chain);

	if (chain->foreign) {
		g_critical("what lies under the name of recording %s is another one: nothing is "
			   "signed behind it",
			   session_id);
		return -EKEYREJECTED;
	}
	if (signer != NULL && !recovered_chain_is_signed(chain, text, signer)) {
		g_critical("the chain of recording %s was changed: it is not what this node's key "
			   "signed",
			   session_id);
		return -EBADMSG;
	}
	if (!chain->sealed && was_sealed(scan, session_id)) {
		g_critical("recording %s has no seal, but the node log knows one: its end was cut "
			   "off, nothing is signed behind it",
			   session_id);
		return -EKEYREJECTED;
	}
	return 0;
}

/* What is sealed may lack rows still, when the database was away. */
static int look_at_chain(struct scan *scan, struct store_recording *store,
			 struct recovered_chain *chain, struct recovered **ret)
{
	const struct archive_services *services = scan->services;
	const char *session_id = chain->from.session_id;
	int result = 0;

	if (!chain->sealed || chain->utc_us + ROWS_AGAIN_US > clock_utc_us())
		write_rows(services, chain);
	else
		settle(services, session_id);
	if (!chain->sealed)
		result = recover(services, store, chain, ret);
	/* What was written with them is signed now. */
	if (result == 0 && services->keys.running != NULL)
		running_keys_forget(services->keys.running, session_id);
	return result;
}

/* Returns 0 and NULL for one that needs nothing. */
static int look_at(struct scan *scan, const char *session_id, struct store_recording *store,
		   struct recovered **ret)
{
	g_autofree uint8_t *text = NULL;
	size_t length;
	bool part;
	struct recovered_chain chain;

	if (is_deleted(scan->services, session_id, store)) {
		settle(scan->services, session_id);
		return 0;
	}
	int result =
		store_recording_read(store, CHAIN_FILE, CHAIN_MAX_BYTES, &text, &length, &part);
	if (result < 0)
		return result;
	result = recovered_chain_read(session_id, (const char *)text, length, &chain);
	if (result == 0)
		result = check_chain(scan, (const char *)text, &chain);
	if (result == 0)
		result = look_at_chain(scan, store, &chain, ret);
	recovered_chain_clear(&chain);
	return result;
}

/* Without a beginning, or torn in its middle, nothing can be signed behind it, now or later.
 * Everything else may be mended: a key that is named again, a disk. */
static void complain(const struct archive_services *services, const char *session_id, int result)
{
	bool for_good = result == -EPROTO || result == -ENOENT || result == -EBADMSG;
	const char *why = result == -EBADMSG	    ? "it is not what was signed of it"
			  : for_good		    ? "its chain has no whole beginning"
			  : result == -EKEYREJECTED ? "it began under a signing key that lies here "
						      "neither as the present one nor as *.previous"
						    : g_strerror(-result);

	g_warning("recording %s was interrupted and cannot be repaired: %s; it is left as it lies",
		  session_id, why);
	if (for_good)
		index_give_up(services->index, session_id,
			      result == -EBADMSG
				      ? "it was changed behind its recorder's back"
				      : "a crash left no chain that could be gone on with");
}

GPtrArray *recovery_scan(const struct archive_services *services)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)recovered_free);
	g_autoptr(GPtrArray) names = NULL;
	struct scan scan = {.services = services};
	int listed = store_list(services->store, &names);

	if (listed < 0) {
		g_critical("the store cannot be listed (%s): what was interrupted is not repaired",
			   g_strerror(-listed));
		return found;
	}
	for (unsigned i = 0; i < names->len; i++) {
		const char *session_id = g_ptr_array_index(names, i);
		struct store_recording *store = NULL;
		struct recovered *recovered = NULL;
		if (services->settled != NULL && settled_has(services->settled, session_id))
			continue;
		int result = store_recording_open(services->store, session_id, &store);
		if (result == 0)
			result = look_at(&scan, session_id, store, &recovered);
		store_recording_close(store);
		if (result < 0)
			complain(services, session_id, result);
		if (recovered != NULL)
			g_ptr_array_add(found, recovered);
	}
	g_clear_pointer(&scan.sealed, g_hash_table_unref);
	return found;
}
