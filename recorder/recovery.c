/* Repairs what a killed recorder left. It must not invent anything: what is kept is what lies whole on the disk, and the chain says where it ends. */
#include "recorder/recovery.h"

#include "base/clock.h"
#include "recorder/chain/tombstone.h"
#include "recorder/mux/fragment_scan.h"
#include "recorder/mux/init_scan.h"
#include "recorder/recovery_chain.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define CHAIN_MAX_BYTES (64u << 20)
#define FILE_MAX_BYTES (2u << 30)
/* Rows of recordings sealed so lately are written again: the database may have been away when the recorder died. */
#define ROWS_AGAIN_US (7ull * 24 * 3600 * 1000000)

void recovered_free(struct recovered *recovered)
{
	archive_destroy(recovered->archive);
	archive_resume_clear(&recovered->from);
	g_free(recovered);
}

/* ---- One file ---- */

struct found_file {
	uint8_t *bytes;
	size_t length;
	bool exists, part;
};

static int find_file(struct store_recording *store, const char *name, struct found_file *ret)
{
	*ret = (struct found_file){0};
	int result = store_recording_read(store, name, FILE_MAX_BYTES, &ret->bytes, &ret->length,
					  &ret->part);

	ret->exists = result == 0;
	return result == -ENOENT ? 0 : result;
}

/* Keeps the first `keep` bytes under the final name, or removes the file when nothing is worth keeping. */
static int keep_file(struct store_recording *store, const char *name,
		     const struct found_file *found, size_t keep, struct chain_segment *segment)
{
	struct chain_file *file = &segment->files[segment->n_files];

	if (!found->exists)
		return 0;
	if (keep == 0)
		return store_recording_discard(store, name, found->part);
	int result = store_recording_repair(store, name, found->part, keep);
	if (result < 0)
		return result;
	*file = (struct chain_file){.bytes = keep};
	g_strlcpy(file->name, name, sizeof file->name);
	digest_hex_of(found->bytes, keep, file->sha256);
	segment->n_files++;
	return 0;
}

/* ---- One segment ---- */

static size_t whole_lines(const struct found_file *timeline, uint64_t *ret_last_us)
{
	const char *text = (const char *)timeline->bytes;
	const char *end =
		text != NULL && timeline->length > 0 ? memrchr(text, '\n', timeline->length) : NULL;

	if (end == NULL)
		return 0;
	const char *begin = memrchr(text, '\n', (size_t)(end - text));
	begin = begin != NULL ? begin + 1 : text;
	json_t *line = json_loadb(begin, (size_t)(end - begin), 0, NULL);
	json_int_t t_us = json_integer_value(json_object_get(line, "t_us"));
	*ret_last_us = t_us > 0 ? (uint64_t)t_us : 0;
	json_decref(line);
	return (size_t)(end + 1 - text);
}

/* The newest init segment up to this one belongs to it: a size is announced with the segment that begins it. */
static int add_init(struct store_recording *store, struct chain_segment *segment, char codec[16])
{
	for (uint32_t number = segment->number; number > 0; number--) {
		char name[32];
		struct found_file found;
		struct init_scan scan;
		g_snprintf(name, sizeof name, SEGMENT_INIT_NAME, number);
		int result = find_file(store, name, &found);
		g_autofree uint8_t *bytes = found.bytes;
		if (result < 0)
			return result;
		if (!found.exists)
			continue;
		if (!init_scan(bytes, found.length, &scan))
			return -EPROTO;
		segment->width = scan.width;
		segment->height = scan.height;
		g_strlcpy(codec, scan.codec, 16);
		return keep_file(store, name, &found, found.length, segment);
	}
	return -ENOENT;
}

/* It carries the number of the first segment that needs it: without a picture there it belongs to nothing. */
static int drop_init(struct store_recording *store, uint32_t number)
{
	char name[32];
	struct found_file found;

	g_snprintf(name, sizeof name, SEGMENT_INIT_NAME, number);
	int result = find_file(store, name, &found);
	g_free(found.bytes);
	return result == 0 && found.exists ? store_recording_discard(store, name, found.part)
					   : result;
}

static int repair_segment(struct store_recording *store, struct chain_segment *segment,
			  char codec[16])
{
	struct found_file video = {0}, timeline = {0};
	struct fragment_scan scan = {0};
	uint64_t last_us = 0;
	char name[32], timeline_name[32];

	g_snprintf(name, sizeof name, SEGMENT_VIDEO_NAME, segment->number);
	g_snprintf(timeline_name, sizeof timeline_name, SEGMENT_TIMELINE_NAME, segment->number);
	int result = find_file(store, name, &video);
	if (result == 0)
		result = find_file(store, timeline_name, &timeline);
	if (result == 0 && video.exists)
		fragment_scan(video.bytes, video.length, &scan);
	size_t lines = whole_lines(&timeline, &last_us);
	if (result == 0)
		result = keep_file(store, name, &video, scan.whole_bytes, segment);
	if (result == 0)
		result = keep_file(store, timeline_name, &timeline, lines, segment);
	if (result == 0)
		result = scan.n_fragments > 0 ? add_init(store, segment, codec)
					      : drop_init(store, segment->number);
	segment->frames = scan.n_fragments;
	segment->first_frame_us = scan.n_fragments > 0 ? scan.first_us : segment->start_us;
	segment->end_us = MAX(segment->start_us, MAX(scan.last_us, last_us));
	g_free(video.bytes);
	g_free(timeline.bytes);
	return result;
}

/* Segments that were written but have no entry: the open one, and those that were being closed. */
static int adopt_segments(struct store_recording *store, struct recovered *recovered)
{
	struct archive_resume *from = &recovered->from;
	int result = 0;

	while (result == 0) {
		char codec[16] = "";
		struct chain_segment segment = {.number = from->n_segments + 1,
						.start_us = from->position_us,
						.codec = codec};
		result = repair_segment(store, &segment, codec);
		if (result < 0 || segment.n_files == 0)
			break;
		result = archive_adopt_segment(recovered->archive, &segment);
		from->n_segments = segment.number;
		from->position_us = segment.end_us;
		from->n_frames += segment.frames;
	}
	return result;
}

/* An init segment whose first picture was never written belongs to nothing. */
static int drop_orphans(struct store_recording *store, const struct recovered *recovered)
{
	g_autoptr(GPtrArray) names = store_recording_names(store);
	int result = 0;

	for (unsigned i = 0; i < names->len && result == 0; i++) {
		g_autofree char *name = g_strdup(g_ptr_array_index(names, i));
		uint32_t number;
		bool part = g_str_has_suffix(name, ".part");
		if (sscanf(name, SEGMENT_INIT_NAME, &number) != 1 ||
		    number <= recovered->from.n_segments)
			continue;
		if (part)
			name[strlen(name) - strlen(".part")] = '\0';
		result = store_recording_discard(store, name, part);
	}
	return result;
}

/* ---- One recording ---- */

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

/* Entries must be signed with the key whose certificate lies in the recording. */
static bool same_signer(const struct archive_services *services,
			const struct recovered_chain *chain)
{
	const char *pem = chain_key_certificate_pem(services->key);
	char hex[DIGEST_HEX_BYTES];

	digest_hex_of(pem, strlen(pem), hex);
	return strcmp(hex, chain->certificate.sha256) == 0;
}

static int repair(const struct archive_services *services, struct store_recording *store,
		  struct recovered_chain *chain, struct recovered **ret)
{
	struct recovered *recovered = g_new0(struct recovered, 1);

	recovered->from = chain->from;
	chain->from.session_id = chain->from.quality = NULL;
	int result = archive_reopen(services, &recovered->from, &recovered->archive);
	if (result == 0)
		result = adopt_segments(store, recovered);
	if (result == 0)
		result = drop_orphans(store, recovered);
	if (result < 0) {
		recovered_free(recovered);
		return result;
	}
	recovered->from.t_us = archive_time_us(recovered->archive);
	*ret = recovered;
	return 0;
}

/* Of a deleted recording there is nothing to repair, and its rows say more than the chain. */
static bool is_deleted(struct store_recording *store)
{
	g_autoptr(GPtrArray) names = store_recording_names(store);

	return g_ptr_array_find_with_equal_func(names, TOMBSTONE_FILE, g_str_equal, NULL);
}

/* Returns 0 and NULL for one that needs nothing. */
static int look_at(const struct archive_services *services, const char *session_id,
		   struct store_recording *store, struct recovered **ret)
{
	uint8_t *text = NULL;
	size_t length;
	bool part;
	struct recovered_chain chain;
	if (is_deleted(store))
		return 0;
	int result =
		store_recording_read(store, CHAIN_FILE, CHAIN_MAX_BYTES, &text, &length, &part);

	if (result < 0)
		return result;
	result = recovered_chain_read(session_id, (const char *)text, length, &chain);
	g_free(text);
	if (result == 0 && (!chain.sealed || chain.utc_us + ROWS_AGAIN_US > clock_utc_us()))
		write_rows(services, &chain);
	if (result == 0 && !chain.sealed)
		result = same_signer(services, &chain) ? repair(services, store, &chain, ret)
						       : -EKEYREJECTED;
	recovered_chain_clear(&chain);
	return result;
}

GPtrArray *recovery_scan(const struct archive_services *services)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)recovered_free);
	g_autoptr(GPtrArray) names = store_list(services->store);

	for (unsigned i = 0; i < names->len; i++) {
		const char *session_id = g_ptr_array_index(names, i);
		struct store_recording *store = NULL;
		struct recovered *recovered = NULL;
		int result = store_recording_open(services->store, session_id, &store);
		if (result == 0)
			result = look_at(services, session_id, store, &recovered);
		store_recording_close(store);
		if (result < 0)
			g_warning("recording %s was interrupted and cannot be repaired: %s",
				  session_id, g_strerror(-result));
		if (recovered != NULL)
			g_ptr_array_add(found, recovered);
	}
	return found;
}
