/* Files and hashes of one segment. It must not know pictures, time or signatures. */
#include "recorder/segment.h"

#include <string.h>

struct segment *segment_create(struct store_recording *store, const struct segment_key *key,
			       uint32_t number, uint64_t start_us)
{
	struct segment *segment = g_new0(struct segment, 1);

	segment->store = store;
	segment->video.key = segment->timeline.key = key;
	segment->keystrokes.opaque = true;
	segment->number = number;
	segment->start_us = segment->first_frame_us = start_us;
	g_snprintf(segment->video.name, sizeof segment->video.name, SEGMENT_VIDEO_NAME, number);
	g_snprintf(segment->timeline.name, sizeof segment->timeline.name, SEGMENT_TIMELINE_NAME,
		   number);
	g_snprintf(segment->keystrokes.name, sizeof segment->keystrokes.name,
		   SEGMENT_KEYSTROKES_NAME, number);
	return segment;
}

static void stream_finish(struct segment_stream *stream)
{
	(void)store_file_close(stream->file);
	digest_destroy(stream->digest);
	crypt_writer_destroy(stream->crypt);
	line_writer_destroy(stream->lines);
}

void segment_destroy(struct segment *segment)
{
	if (segment == NULL)
		return;
	stream_finish(&segment->video);
	stream_finish(&segment->timeline);
	stream_finish(&segment->keystrokes);
	g_free(segment);
}

static int stream_open(const struct segment *segment, struct segment_stream *stream)
{
	const struct segment_key *key = stream->key;
	struct crypt_file_id id;

	if (key == NULL)
		return store_file_create(segment->store, stream->name, STORE_PART, &stream->file);
	g_autofree char *disk_name =
		g_strconcat(stream->name, stream->opaque ? "" : CRYPT_SUFFIX, NULL);
	int result = crypt_file_id_init(&id, key->session_id, stream->name, key->number);
	if (result == 0)
		result = store_file_create(segment->store, disk_name, STORE_PART, &stream->file);
	if (result == 0)
		stream->crypt = crypt_writer_create(key->key, &id);
	return result;
}

static int stream_write(struct segment_stream *stream, const void *bytes, size_t length)
{
	const GByteArray *sealed;

	if (stream->crypt == NULL)
		return store_file_append(stream->file, bytes, length);
	int result = crypt_writer_seal(stream->crypt, bytes, length, &sealed);
	if (result == 0)
		result = store_file_append(stream->file, sealed->data, sealed->len);
	if (result == 0)
		crypt_writer_commit(stream->crypt);
	if (result == 0 && stream->opaque)
		digest_add(stream->digest, sealed->data, sealed->len);
	return result;
}

static int stream_append(struct segment *segment, struct segment_stream *stream, const void *bytes,
			 size_t length)
{
	int result = 0;

	if (stream->file == NULL)
		result = stream_open(segment, stream);
	if (result < 0)
		return result;
	/* A file that was made lies there, be it empty: it belongs into the entry. */
	if (stream->digest == NULL)
		stream->digest = digest_create();
	result = stream_write(stream, bytes, length);
	if (result == 0 && !stream->opaque)
		digest_add(stream->digest, bytes, length);
	return result;
}

static int stream_add_line(struct segment *segment, struct segment_stream *stream, const char *line)
{
	if (stream->lines == NULL)
		stream->lines = line_writer_create();
	const GByteArray *bytes = line_writer_add(stream->lines, line, strlen(line));
	int result = stream_append(segment, stream, bytes->data, bytes->len);
	if (result == 0)
		line_writer_commit(stream->lines);
	return result;
}

int segment_add_line(struct segment *segment, const char *line)
{
	return stream_add_line(segment, &segment->timeline, line);
}

int segment_add_keystroke(struct segment *segment, const struct segment_key *key, const char *line)
{
	segment->keystrokes.key = key;
	return stream_add_line(segment, &segment->keystrokes, line);
}

int segment_add_fragment(struct segment *segment, const void *bytes, size_t length, uint64_t dts_us)
{
	int result = stream_append(segment, &segment->video, bytes, length);

	if (result < 0)
		return result;
	if (segment->frames++ == 0) {
		segment->first_frame_us = dts_us;
		segment->key_bytes = length;
	} else {
		segment->delta_bytes += length;
	}
	return 0;
}

static uint64_t stream_bytes(const struct segment_stream *stream)
{
	return stream->digest != NULL ? digest_bytes(stream->digest) : 0;
}

uint64_t segment_bytes(const struct segment *segment)
{
	return stream_bytes(&segment->video) + stream_bytes(&segment->timeline) +
	       stream_bytes(&segment->keystrokes);
}

static void stream_describe(const struct segment_stream *stream, struct chain_file *files,
			    unsigned *n_files)
{
	struct chain_file *file = &files[*n_files];

	if (stream->digest == NULL)
		return;
	memcpy(file->name, stream->name, sizeof file->name);
	file->bytes = digest_bytes(stream->digest);
	digest_hex(stream->digest, file->sha256);
	(*n_files)++;
}

/* Sealed keys stand beside what they encrypt. */
static void describe_keys(const struct segment *segment, struct chain_file *files,
			  unsigned *n_files)
{
	if (segment->timeline.key != NULL)
		files[(*n_files)++] = segment->timeline.key->file;
	stream_describe(&segment->keystrokes, files, n_files);
	if (segment->keystrokes.digest != NULL)
		files[(*n_files)++] = segment->keystrokes.key->file;
}

void segment_describe(const struct segment *segment, uint64_t end_us, struct chain_segment *ret)
{
	*ret = (struct chain_segment){.number = segment->number,
				      .start_us = segment->start_us,
				      .end_us = end_us,
				      .frames = segment->frames,
				      .width = segment->width,
				      .height = segment->height,
				      .first_frame_us = segment->first_frame_us,
				      .codec = segment->codec,
				      .counted = true,
				      .counts = segment->counts};
	stream_describe(&segment->video, ret->files, &ret->n_files);
	stream_describe(&segment->timeline, ret->files, &ret->n_files);
	if (segment->init.name[0] != '\0')
		ret->files[ret->n_files++] = segment->init;
	describe_keys(segment, ret->files, &ret->n_files);
}

void segment_checkpoint(const struct segment *segment, struct chain_checkpoint *ret)
{
	*ret = (struct chain_checkpoint){.number = segment->number, .frames = segment->frames};
	stream_describe(&segment->video, ret->files, &ret->n_files);
	stream_describe(&segment->timeline, ret->files, &ret->n_files);
	describe_keys(segment, ret->files, &ret->n_files);
}

void segment_sync(const struct segment *segment, store_sealed_fn synced, void *user)
{
	struct store_file *const files[] = {segment->video.file, segment->timeline.file,
					    segment->keystrokes.file};

	store_sync_files(segment->store, files, G_N_ELEMENTS(files), synced, user);
}

/* Without the end every line can be read all the same: a disk that is full is told about by
 * whoever writes lines. */
static void stream_end_lines(struct segment *segment, struct segment_stream *stream)
{
	if (stream->lines == NULL)
		return;
	const GByteArray *bytes = line_writer_end(stream->lines);
	int result = stream_append(segment, stream, bytes->data, bytes->len);
	if (result < 0)
		g_warning("%s stays without its end: %s", stream->name, g_strerror(-result));
	g_clear_pointer(&stream->lines, line_writer_destroy);
}

void segment_seal(struct segment *segment, store_sealed_fn sealed, void *user)
{
	stream_end_lines(segment, &segment->timeline);
	stream_end_lines(segment, &segment->keystrokes);
	struct store_file *files[] = {segment->video.file, segment->timeline.file,
				      segment->keystrokes.file};

	segment->video.file = segment->timeline.file = segment->keystrokes.file = NULL;
	store_seal_files(segment->store, files, G_N_ELEMENTS(files), sealed, user);
}
