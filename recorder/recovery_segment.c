/* The segment a recorder died over. It must not invent anything: what is kept is what lies whole on the disk, or what a checkpoint proves of it. */
#include "recorder/recovery_segment.h"

#include "recorder/crypt/archive_key.h"
#include "recorder/crypt/crypt_record.h"
#include "recorder/lines/line_reader.h"
#include "recorder/mux/fragment_scan.h"
#include "recorder/mux/init_remake.h"
#include "recorder/mux/init_scan.h"
#include "recorder/recovery_keystrokes.h"
#include "recorder/segment.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define FILE_MAX_BYTES (2u << 30)

/* ---- Keys ---- */

static void add_running_keys(struct recovery_files *files, const struct running_keys *running)
{
	const struct archive_resume *from = &files->chain->from;
	struct data_key *key;

	/* One above those that entries name: made by the recorder that died. */
	for (unsigned number = 1; number <= from->n_keys[SEGMENT_KEY_FILES] + 1; number++) {
		if (running_keys_get(running, from->session_id, number, &key) < 0)
			continue;
		reader_add_data_key(files->reader, number, key);
		data_key_unref(key);
		files->encrypted = true;
	}
}

static bool names_keys(const struct recovered_chain *chain)
{
	bool any = chain->from.n_keys[SEGMENT_KEY_FILES] > 0;

	for (unsigned i = 0; i < chain->checkpoints->len; i++) {
		const struct chain_checkpoint *entry =
			&g_array_index(chain->checkpoints, struct recovered_checkpoint, i).entry;
		for (unsigned j = 0; j < entry->n_files; j++)
			any |= g_str_has_prefix(entry->files[j].name, DATA_KEY_FILE_PREFIX);
	}
	return any;
}

int recovery_files_open(struct recovery_files *files, struct store_recording *store,
			const struct recovered_chain *chain, const struct segment_key_places *keys)
{
	*files = (struct recovery_files){
		.store = store, .chain = chain, .encrypted = names_keys(chain)};
	int result = reader_open_at(store_recording_dir(store), NULL, &files->reader);

	if (result == 0 && keys->running != NULL)
		add_running_keys(files, keys->running);
	files->encrypted = files->encrypted && keys->certificate != NULL;
	return result;
}

void recovery_files_close(struct recovery_files *files)
{
	g_clear_pointer(&files->reader, reader_close);
}

/* ---- One file ---- */

struct found_file {
	char name[32];
	struct reader_file *file; /**< NULL: there is none */
	uint8_t *bytes;		  /**< NULL: cannot be read */
	uint64_t length;	  /**< plain */
	bool locked;		  /**< its key is lost */
};

static void found_file_clear(struct found_file *found)
{
	g_clear_pointer(&found->file, reader_file_close);
	g_clear_pointer(&found->bytes, g_free);
}

/* What stands in front of a record that was damaged is kept, as is what stands in front of a fragment that was. */
static int read_found(struct found_file *found)
{
	uint64_t done = 0;
	ssize_t n = 1;

	found->bytes = g_malloc((gsize)found->length + 1);
	while (done < found->length && n > 0) {
		n = reader_file_pread(found->file, found->bytes + done,
				      (size_t)(found->length - done), done);
		done += n > 0 ? (uint64_t)n : 0;
	}
	if (n == -ENOKEY) {
		g_clear_pointer(&found->bytes, g_free);
		found->locked = true;
		return 0;
	}
	if (n == -EBADMSG)
		g_warning("%s is damaged behind byte %" G_GUINT64_FORMAT, found->name, done);
	found->length = done;
	return n < 0 && n != -EBADMSG ? (int)n : 0;
}

static int find_file(const struct recovery_files *files, const char *name, struct found_file *ret)
{
	*ret = (struct found_file){0};
	g_strlcpy(ret->name, name, sizeof ret->name);
	int result = reader_file_open(files->reader, name, &ret->file);

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	result = reader_file_size(ret->file, &ret->length);
	/* Made before a power cut, but never written: as good as empty. */
	if (result == -EBADMSG) {
		g_warning("%s does not begin as an encrypted file of this recording", name);
		result = 0;
	}
	if (result == 0 && ret->length > FILE_MAX_BYTES)
		result = -EFBIG;
	if (result == 0)
		result = read_found(ret);
	if (result < 0)
		found_file_clear(ret);
	return result;
}

/* The store's name for it, without ".part". */
static char *store_name(const struct found_file *found)
{
	return g_strconcat(found->name, reader_file_encrypted(found->file) ? CRYPT_SUFFIX : "",
			   NULL);
}

static int discard_file(const struct recovery_files *files, const struct found_file *found)
{
	g_autofree char *name = store_name(found);

	return store_recording_discard(files->store, name, reader_file_growing(found->file));
}

/* Lists `file` and leaves as many plain bytes on the disk as it says. */
static int keep_bytes(const struct recovery_files *files, const struct found_file *found,
		      const struct chain_file *file, struct chain_segment *segment)
{
	g_autofree char *name = store_name(found);
	uint64_t disk_bytes;
	int result =
		reader_file_disk_bytes(found->file, file->bytes + file->tail_bytes, &disk_bytes);

	if (result == 0)
		result = store_recording_repair(files->store, name,
						reader_file_growing(found->file), disk_bytes);
	if (result == 0)
		segment->files[segment->n_files++] = *file;
	return result;
}

/* Keeps the first `keep` bytes under the final name, or removes the file when nothing is worth keeping. */
static int keep_file(const struct recovery_files *files, const struct found_file *found,
		     size_t keep, struct chain_segment *segment)
{
	struct chain_file file = {.bytes = keep};

	if (found->file == NULL)
		return 0;
	if (keep == 0)
		return discard_file(files, found);
	g_strlcpy(file.name, found->name, sizeof file.name);
	digest_hex_of(found->bytes, keep, file.sha256);
	return keep_bytes(files, found, &file, segment);
}

/* ---- Init segments and sealed keys ---- */

/* An entry names it: what is wrong with it is damage, which the verifier will name, and not what a power cut left. */
static bool is_entered(const struct recovery_files *files, uint32_t number)
{
	return number <= files->chain->from.n_segments;
}

/* Says again what the pictures themselves say; without pictures that can be read nothing is known. */
static int remake_init(const struct recovery_files *files, const struct found_file *video,
		       struct chain_segment *segment, char codec[16])
{
	g_autoptr(GByteArray) init =
		video->bytes != NULL ? init_remake(video->bytes, (size_t)video->length) : NULL;
	struct chain_file file = {0};
	struct init_scan scan;

	if (init == NULL || !init_scan(init->data, init->len, &scan))
		return -ENOENT;
	g_snprintf(file.name, sizeof file.name, SEGMENT_INIT_NAME, segment->number);
	int result = store_recording_put(files->store, file.name, init->data, init->len);
	if (result < 0)
		return result;
	g_message("%s of %s is made again from its pictures", file.name,
		  files->chain->from.session_id);
	file.bytes = init->len;
	digest_hex_of(init->data, init->len, file.sha256);
	segment->files[segment->n_files++] = file;
	segment->width = scan.width;
	segment->height = scan.height;
	g_strlcpy(codec, scan.codec, 16);
	return 0;
}

/* -ENOENT: it is torn, and out of the way. */
static int take_init(const struct recovery_files *files, const struct found_file *found,
		     uint32_t number, struct chain_segment *segment, char codec[16])
{
	struct init_scan scan;

	if (found->bytes != NULL && init_scan(found->bytes, (size_t)found->length, &scan)) {
		segment->width = scan.width;
		segment->height = scan.height;
		g_strlcpy(codec, scan.codec, 16);
		return keep_file(files, found, (size_t)found->length, segment);
	}
	g_warning("%s of %s is torn", found->name, files->chain->from.session_id);
	int result = is_entered(files, number) ? 0 : discard_file(files, found);
	return result < 0 ? result : -ENOENT;
}

/* The newest init segment up to this one belongs to it: a size is announced with the segment that begins it. */
static int add_init(const struct recovery_files *files, const struct found_file *video,
		    struct chain_segment *segment, char codec[16])
{
	int result = -ENOENT;

	for (uint32_t number = segment->number; number > 0; number--) {
		char name[32];
		struct found_file found;
		g_snprintf(name, sizeof name, SEGMENT_INIT_NAME, number);
		result = find_file(files, name, &found);
		if (result == 0 && found.file == NULL) {
			result = -ENOENT;
			continue;
		}
		if (result == 0)
			result = take_init(files, &found, number, segment, codec);
		found_file_clear(&found);
		break;
	}
	return result == -ENOENT ? remake_init(files, video, segment, codec) : result;
}

/* It carries the number of the first segment that needs it: without a picture there it belongs to nothing. */
static int drop_init(const struct recovery_files *files, uint32_t number)
{
	char name[32];
	struct found_file found;

	g_snprintf(name, sizeof name, SEGMENT_INIT_NAME, number);
	int result = find_file(files, name, &found);
	if (result == 0 && found.file != NULL)
		result = discard_file(files, &found);
	found_file_clear(&found);
	return result;
}

/* Without the sealed key nobody will ever read the segment; it is entered nevertheless, for what its checkpoints say. */
static int add_key(const struct recovery_files *files, unsigned number,
		   struct chain_segment *segment)
{
	char name[32];
	struct found_file found;

	g_snprintf(name, sizeof name, DATA_KEY_FILE_NAME, number);
	int result = find_file(files, name, &found);
	bool whole = result == 0 && found.bytes != NULL &&
		     archive_key_is_sealed(found.bytes, (size_t)found.length);
	if (result == 0 && !whole)
		g_warning("%s of %s is %s: segment %u cannot be read any more", name,
			  files->chain->from.session_id, found.file == NULL ? "gone" : "torn",
			  segment->number);
	if (whole || (result == 0 && found.file != NULL &&
		      number <= files->chain->from.n_keys[SEGMENT_KEY_FILES]))
		result = keep_file(files, &found, (size_t)found.length, segment);
	else if (result == 0 && found.file != NULL)
		result = discard_file(files, &found);
	found_file_clear(&found);
	return result;
}

/* ---- A segment that can be read ---- */

static ssize_t read_bytes(void *user, void *buffer, size_t length, uint64_t offset)
{
	const struct found_file *found = user;
	size_t n = MIN(length, (size_t)(found->length - offset));

	memcpy(buffer, found->bytes + offset, n);
	return (ssize_t)n;
}

static uint64_t time_of(const GString *line)
{
	json_t *event = json_loadb(line->str, line->len, 0, NULL);
	json_int_t t_us = json_integer_value(json_object_get(event, "t_us"));

	json_decref(event);
	return t_us > 0 ? (uint64_t)t_us : 0;
}

/* Bytes of a timeline to keep; 0: there is no line in it. Encrypted bytes are those that were written, and end where an append did. */
static size_t whole_lines(struct found_file *timeline, uint64_t *ret_last_us)
{
	g_autoptr(GString) last = g_string_new(NULL);
	const char *line;
	size_t length;

	if (timeline->file == NULL)
		return 0;
	struct line_reader *reader = line_reader_create(read_bytes, timeline);
	while (line_reader_next(reader, &line, &length) > 0) {
		g_string_truncate(last, 0);
		g_string_append_len(last, line, (gssize)length);
	}
	uint64_t whole_bytes = line_reader_whole_bytes(reader);
	line_reader_destroy(reader);
	if (last->len == 0)
		return 0;
	*ret_last_us = time_of(last);
	return (size_t)(reader_file_encrypted(timeline->file) ? timeline->length : whole_bytes);
}

static int keep_whole(const struct recovery_files *files, const struct found_file *video,
		      struct found_file *timeline, struct chain_segment *segment)
{
	struct fragment_scan scan = {0};
	uint64_t last_us = 0;
	size_t lines = whole_lines(timeline, &last_us);

	if (video->file != NULL)
		fragment_scan(video->bytes, (size_t)video->length, &scan);
	int result = keep_file(files, video, scan.whole_bytes, segment);
	if (result == 0)
		result = keep_file(files, timeline, lines, segment);
	segment->frames = scan.n_fragments;
	segment->first_frame_us = scan.n_fragments > 0 ? scan.first_us : segment->start_us;
	segment->end_us = MAX(segment->start_us, MAX(scan.last_us, last_us));
	return result;
}

/* ---- A segment whose key is lost ---- */

static const struct chain_file *find_proof(const struct recovered_checkpoint *checkpoint,
					   const char *name)
{
	for (unsigned i = 0; i < checkpoint->entry.n_files; i++)
		if (strcmp(checkpoint->entry.files[i].name, name) == 0)
			return &checkpoint->entry.files[i];
	return NULL;
}

static bool covers(const struct recovered_checkpoint *checkpoint, const struct found_file *found)
{
	const struct chain_file *proof = find_proof(checkpoint, found->name);

	return proof == NULL || (found->file != NULL && proof->bytes <= found->length);
}

/* The newest checkpoint whose bytes the disk still has. */
static const struct recovered_checkpoint *last_proof(const struct recovery_files *files,
						     const struct found_file *video,
						     const struct found_file *timeline,
						     uint32_t number)
{
	const GArray *all = files->chain->checkpoints;

	for (unsigned i = all->len; i > 0; i--) {
		const struct recovered_checkpoint *checkpoint =
			&g_array_index(all, struct recovered_checkpoint, i - 1);
		if (checkpoint->entry.number == number && covers(checkpoint, video) &&
		    covers(checkpoint, timeline))
			return checkpoint;
	}
	return NULL;
}

static int keep_locked(const struct recovery_files *files, const struct found_file *found,
		       const struct recovered_checkpoint *checkpoint, struct chain_segment *segment)
{
	struct chain_file file = {0};
	const struct chain_file *proof =
		checkpoint != NULL ? find_proof(checkpoint, found->name) : NULL;

	if (found->file == NULL)
		return 0;
	if (found->length == 0)
		return discard_file(files, found);
	g_strlcpy(file.name, found->name, sizeof file.name);
	digest_hex_of("", 0, file.sha256);
	if (proof != NULL)
		file = *proof;
	file.tail_bytes = found->length - file.bytes;
	return keep_bytes(files, found, &file, segment);
}

static int keep_proven(const struct recovery_files *files, const struct found_file *video,
		       const struct found_file *timeline, struct chain_segment *segment)
{
	const struct recovered_checkpoint *checkpoint =
		last_proof(files, video, timeline, segment->number);
	int result = keep_locked(files, video, checkpoint, segment);

	if (result == 0)
		result = keep_locked(files, timeline, checkpoint, segment);
	segment->frames = checkpoint != NULL ? checkpoint->entry.frames : 0;
	segment->first_frame_us = segment->start_us;
	segment->end_us =
		MAX(segment->start_us, checkpoint != NULL ? checkpoint->t_us : segment->start_us);
	g_warning("segment %u of %s: its data key is lost, only what was signed of it is proven",
		  segment->number, files->chain->from.session_id);
	return result;
}

/* ---- Both ---- */

static bool is_locked(const struct found_file *found)
{
	return found->file != NULL && found->locked;
}

static unsigned key_of(const struct found_file *found)
{
	return found->file != NULL ? reader_file_key_number(found->file) : 0;
}

static int repair(const struct recovery_files *files, const struct found_file *video,
		  struct found_file *timeline, struct chain_segment *segment, char codec[16])
{
	bool locked = is_locked(video) || is_locked(timeline);
	int result = locked ? keep_proven(files, video, timeline, segment)
			    : keep_whole(files, video, timeline, segment);
	bool pictures = segment->n_files > 0 && strcmp(segment->files[0].name, video->name) == 0;

	if (result == 0)
		result = pictures ? add_init(files, video, segment, codec)
				  : drop_init(files, segment->number);
	if (locked && result == -ENOENT)
		result = 0; /* the power cut took it, too */
	unsigned key = MAX(key_of(video), key_of(timeline));
	if (result == 0 && key > 0 && segment->n_files > 0)
		result = add_key(files, key, segment);
	if (result == 0)
		result = recovery_keystrokes_repair(files, segment);
	return result;
}

/* Whoever may write to the disk cannot encrypt as we do, and would be read first. */
static int check_ours(const struct recovery_files *files, const struct found_file *found)
{
	if (!files->encrypted || found->file == NULL || reader_file_encrypted(found->file))
		return 0;
	g_critical("%s of recording %s lies there plain, which its recorder did not write: nothing "
		   "of it is signed",
		   found->name, files->chain->from.session_id);
	return -EKEYREJECTED;
}

int recovery_segment_repair(const struct recovery_files *files, struct chain_segment *segment,
			    char codec[16])
{
	struct found_file video = {0}, timeline = {0};
	char name[32], timeline_name[32];

	g_snprintf(name, sizeof name, SEGMENT_VIDEO_NAME, segment->number);
	g_snprintf(timeline_name, sizeof timeline_name, SEGMENT_TIMELINE_NAME, segment->number);
	int result = find_file(files, name, &video);
	if (result == 0)
		result = find_file(files, timeline_name, &timeline);
	if (result == 0)
		result = check_ours(files, &video);
	if (result == 0)
		result = check_ours(files, &timeline);
	if (result == 0)
		result = repair(files, &video, &timeline, segment, codec);
	found_file_clear(&video);
	found_file_clear(&timeline);
	return result;
}
