/* The segment a recorder died over. It must not invent anything: what is kept is what lies whole on
 * the disk, or what a checkpoint proves of it. */
#include "recorder/recovery_segment.h"

#include "recorder/lines/line_reader.h"
#include "recorder/mux/fragment_scan.h"
#include "recorder/recovery_init.h"
#include "recorder/recovery_keystrokes.h"
#include "recorder/segment.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* ---- A segment that can be read ---- */

static ssize_t read_bytes(void *user, void *buffer, size_t length, uint64_t offset)
{
	const struct recovery_file *found = user;
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

/* Bytes of a timeline to keep; 0: there is no line in it. Encrypted bytes are those that were
 * written, and end where an append did. */
static size_t whole_lines(struct recovery_file *timeline, uint64_t *ret_last_us)
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

static const struct chain_file *find_proof(const struct recovered_checkpoint *checkpoint,
					   const char *name)
{
	for (unsigned i = 0; i < checkpoint->entry.n_files; i++)
		if (strcmp(checkpoint->entry.files[i].name, name) == 0)
			return &checkpoint->entry.files[i];
	return NULL;
}

/* What a checkpoint signed of it must lie there still: only somebody who may write to the disk, or
 * a disk that forgets, changes what was synced. */
static int check_proven(const struct recovery_files *files, const struct recovery_file *found,
			uint32_t number)
{
	const GArray *all = files->chain->checkpoints;

	for (unsigned i = found->file != NULL ? all->len : 0; i > 0; i--) {
		const struct recovered_checkpoint *checkpoint =
			&g_array_index(all, struct recovered_checkpoint, i - 1);
		const struct chain_file *proof = find_proof(checkpoint, found->name);
		char hex[DIGEST_HEX_BYTES];
		if (checkpoint->entry.number != number || proof == NULL ||
		    proof->bytes > found->length)
			continue;
		digest_hex_of(found->bytes, (size_t)proof->bytes, hex);
		if (strcmp(hex, proof->sha256) == 0)
			return 0;
		g_critical("%s of recording %s is not what was signed of it: nothing of it is "
			   "signed again",
			   found->name, files->chain->from.session_id);
		return -EBADMSG;
	}
	return 0;
}

static int keep_whole(const struct recovery_files *files, const struct recovery_file *video,
		      struct recovery_file *timeline, struct chain_segment *segment)
{
	struct fragment_scan scan = {0};
	uint64_t last_us = 0;
	int result = check_proven(files, video, segment->number);

	if (result == 0)
		result = check_proven(files, timeline, segment->number);
	if (result < 0)
		return result;
	size_t lines = whole_lines(timeline, &last_us);
	if (video->file != NULL)
		fragment_scan(video->bytes, (size_t)video->length, &scan);
	result = recovery_file_keep(files, video, scan.whole_bytes, segment);
	if (result == 0)
		result = recovery_file_keep(files, timeline, lines, segment);
	segment->frames = scan.n_fragments;
	segment->first_frame_us = scan.n_fragments > 0 ? scan.first_us : segment->start_us;
	segment->end_us = MAX(segment->start_us, MAX(scan.last_us, last_us));
	return result;
}

/* ---- A segment whose key is lost ---- */

static bool covers(const struct recovered_checkpoint *checkpoint, const struct recovery_file *found)
{
	const struct chain_file *proof = find_proof(checkpoint, found->name);

	return proof == NULL || (found->file != NULL && proof->bytes <= found->length);
}

/* The newest checkpoint whose bytes the disk still has. */
static const struct recovered_checkpoint *last_proof(const struct recovery_files *files,
						     const struct recovery_file *video,
						     const struct recovery_file *timeline,
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

static int keep_locked(const struct recovery_files *files, const struct recovery_file *found,
		       const struct recovered_checkpoint *checkpoint, struct chain_segment *segment)
{
	struct chain_file file = {0};
	const struct chain_file *proof =
		checkpoint != NULL ? find_proof(checkpoint, found->name) : NULL;

	if (found->file == NULL)
		return 0;
	if (found->length == 0)
		return recovery_file_discard(files, found);
	g_strlcpy(file.name, found->name, sizeof file.name);
	digest_hex_of("", 0, file.sha256);
	if (proof != NULL)
		file = *proof;
	file.tail_bytes = found->length - file.bytes;
	return recovery_file_keep_as(files, found, &file, segment);
}

static int keep_proven(const struct recovery_files *files, const struct recovery_file *video,
		       const struct recovery_file *timeline, struct chain_segment *segment)
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

static bool is_locked(const struct recovery_file *found)
{
	return found->file != NULL && found->locked;
}

static unsigned key_of(const struct recovery_file *found)
{
	return found->file != NULL ? reader_file_key_number(found->file) : 0;
}

static int repair(const struct recovery_files *files, const struct recovery_file *video,
		  struct recovery_file *timeline, struct chain_segment *segment, char codec[16])
{
	bool locked = is_locked(video) || is_locked(timeline);
	int result = locked ? keep_proven(files, video, timeline, segment)
			    : keep_whole(files, video, timeline, segment);
	bool pictures = segment->n_files > 0 && strcmp(segment->files[0].name, video->name) == 0;

	if (result == 0)
		result = pictures ? recovery_init_add(files, video, segment, codec)
				  : recovery_init_drop(files, segment->number);
	if (locked && result == -ENOENT)
		result = 0; /* the power cut took it, too */
	unsigned key = MAX(key_of(video), key_of(timeline));
	if (result == 0 && key > 0 && segment->n_files > 0)
		result = recovery_key_add(files, key, segment);
	if (result == 0)
		result = recovery_keystrokes_repair(files, segment);
	return result;
}

/* Whoever may write to the disk cannot encrypt as we do, and would be read first. */
static int check_ours(const struct recovery_files *files, const struct recovery_file *found)
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
	struct recovery_file video = {0}, timeline = {0};
	char name[32], timeline_name[32];

	g_snprintf(name, sizeof name, SEGMENT_VIDEO_NAME, segment->number);
	g_snprintf(timeline_name, sizeof timeline_name, SEGMENT_TIMELINE_NAME, segment->number);
	int result = recovery_file_find(files, name, &video);
	if (result == 0)
		result = recovery_file_find(files, timeline_name, &timeline);
	if (result == 0)
		result = check_ours(files, &video);
	if (result == 0)
		result = check_ours(files, &timeline);
	if (result == 0)
		result = repair(files, &video, &timeline, segment, codec);
	recovery_file_clear(&video);
	recovery_file_clear(&timeline);
	return result;
}
