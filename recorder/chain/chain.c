/* Makes chain entries: JSON with sorted keys, linked by hash, signed. It must not touch files;
 * whoever owns the store appends the lines. */
#include "recorder/chain/chain.h"

#include "base/clock.h"
#include "recorder/chain/signed_line.h"

#include <jansson.h>
#include <string.h>

struct chain {
	const struct chain_key *key;
	uint64_t next_seq;
	char head[DIGEST_HEX_BYTES];
};

struct chain *chain_create(const struct chain_key *key)
{
	struct chain *chain = g_new0(struct chain, 1);

	chain->key = key;
	memset(chain->head, '0', DIGEST_HEX_BYTES - 1);
	return chain;
}

struct chain *chain_resume(const struct chain_key *key, uint64_t last_seq,
			   const char last_hex[DIGEST_HEX_BYTES])
{
	struct chain *chain = chain_create(key);

	chain->next_seq = last_seq + 1;
	g_strlcpy(chain->head, last_hex, sizeof chain->head);
	return chain;
}

void chain_destroy(struct chain *chain)
{
	g_free(chain);
}

const char *chain_head(const struct chain *chain)
{
	return chain->head;
}

uint64_t chain_last_seq(const struct chain *chain)
{
	return chain->next_seq - 1;
}

static void put_text(json_t *entry, const char *name, const char *text)
{
	json_object_set_new(entry, name, json_string(text != NULL ? text : ""));
}

static void put_number(json_t *entry, const char *name, uint64_t value)
{
	json_object_set_new(entry, name, json_integer((json_int_t)value));
}

static void put_utc(json_t *entry, const char *name, uint64_t utc_us)
{
	g_autofree char *text = clock_format_utc(utc_us);

	put_text(entry, name, text);
}

static json_t *file_object(const struct chain_file *file)
{
	json_t *object = json_object();

	put_number(object, "bytes", file->bytes);
	put_text(object, "name", file->name);
	put_text(object, "sha256", file->sha256);
	if (file->tail_bytes > 0)
		put_number(object, "tail_bytes", file->tail_bytes);
	return object;
}

static void put_files(json_t *entry, const struct chain_file *files, unsigned n_files)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < n_files; i++)
		json_array_append_new(array, file_object(&files[i]));
	json_object_set_new(entry, "files", array);
}

/* Takes `entry`. */
static char *seal_entry(struct chain *chain, const char *kind, uint64_t t_us, json_t *entry,
			GError **error)
{
	put_text(entry, "kind", kind);
	put_text(entry, "prev", chain->head);
	put_number(entry, "seq", chain->next_seq);
	put_number(entry, "t_us", t_us);
	put_utc(entry, "utc", clock_utc_us());
	char *json = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(entry);
	if (json == NULL) {
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_SIGN,
			    "a text of the entry is not UTF-8");
		return NULL;
	}
	g_autofree char *signed_line = signed_line_make(chain->key, json, error);
	char *line = NULL;
	if (signed_line != NULL) {
		line = g_strconcat(signed_line, "\n", NULL);
		digest_hex_of(json, strlen(json), chain->head);
		chain->next_seq++;
	}
	free(json);
	return line;
}

char *chain_add_genesis(struct chain *chain, const struct chain_genesis *genesis, GError **error)
{
	const char *pem = chain_key_certificate_pem(chain->key);
	struct chain_file certificate = {.name = CHAIN_CERTIFICATE_FILE, .bytes = strlen(pem)};
	json_t *entry = json_object();

	digest_hex_of(pem, strlen(pem), certificate.sha256);
	put_number(entry, "version", CHAIN_VERSION);
	put_text(entry, "session", genesis->session_id);
	put_text(entry, "node", genesis->node);
	put_text(entry, "user", genesis->user);
	put_text(entry, "viewer_address", genesis->viewer_address);
	put_text(entry, "viewer_name", genesis->viewer_name);
	put_text(entry, "target", genesis->target);
	put_text(entry, "target_address", genesis->target_address);
	put_text(entry, "account", genesis->account);
	put_text(entry, "front", genesis->front);
	put_text(entry, "back", genesis->back);
	put_text(entry, "door", genesis->door);
	put_text(entry, "quality", genesis->quality);
	put_utc(entry, "opened", genesis->opened_utc_us);
	put_number(entry, "clock_us", genesis->clock_us);
	put_files(entry, &certificate, 1);
	return seal_entry(chain, "genesis", 0, entry, error);
}

static void put_counts(json_t *entry, const struct chain_counts *counts)
{
	put_number(entry, "seen", counts->seen);
	put_number(entry, "coalesced", counts->coalesced);
	put_number(entry, "lost", counts->lost);
}

char *chain_add_segment(struct chain *chain, uint64_t t_us, const struct chain_segment *segment,
			GError **error)
{
	json_t *entry = json_object();

	put_number(entry, "number", segment->number);
	put_number(entry, "start_us", segment->start_us);
	put_number(entry, "end_us", segment->end_us);
	put_number(entry, "first_frame_us", segment->first_frame_us);
	put_number(entry, "frames", segment->frames);
	if (segment->counted)
		put_counts(entry, &segment->counts);
	put_number(entry, "width", segment->width);
	put_number(entry, "height", segment->height);
	put_text(entry, "codec", segment->codec);
	put_files(entry, segment->files, segment->n_files);
	return seal_entry(chain, "segment", t_us, entry, error);
}

char *chain_add_checkpoint(struct chain *chain, uint64_t t_us,
			   const struct chain_checkpoint *checkpoint, GError **error)
{
	json_t *entry = json_object();

	put_number(entry, "number", checkpoint->number);
	put_number(entry, "frames", checkpoint->frames);
	put_files(entry, checkpoint->files, checkpoint->n_files);
	return seal_entry(chain, "checkpoint", t_us, entry, error);
}

char *chain_add_gap(struct chain *chain, uint64_t t_us, const struct chain_gap *gap, GError **error)
{
	json_t *entry = json_object();

	put_number(entry, "start_us", gap->start_us);
	put_number(entry, "end_us", gap->end_us);
	put_text(entry, "reason", gap->reason);
	put_text(entry, "detail", gap->detail);
	if (gap->utc_before_us != 0) {
		put_utc(entry, "utc_before", gap->utc_before_us);
		put_utc(entry, "utc_after", gap->utc_after_us);
	}
	return seal_entry(chain, "gap", t_us, entry, error);
}

char *chain_add_seal(struct chain *chain, uint64_t t_us, const struct chain_seal *seal,
		     GError **error)
{
	json_t *entry = json_object();

	put_text(entry, "reason", seal->reason);
	put_text(entry, "detail", seal->detail);
	put_number(entry, "segments", seal->segments);
	put_number(entry, "frames", seal->frames);
	put_number(entry, "bytes", seal->bytes);
	put_number(entry, "duration_us", seal->duration_us);
	put_counts(entry, &seal->counts);
	return seal_entry(chain, "seal", t_us, entry, error);
}
