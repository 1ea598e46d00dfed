/* Recordings for the tests of evidence files. */
#include "tests/unit/evidence/recording.h"

#include "recorder/lines/line_writer.h"
#include "tests/support/temp_dir.h"

#include <stdio.h>
#include <string.h>

char *recording_get(const char *path, gsize *ret_length)
{
	char *bytes;

	g_assert_true(g_file_get_contents(path, &bytes, ret_length, NULL));
	return bytes;
}

void recording_put(const char *path, const void *bytes, gsize length)
{
	FILE *file = fopen(path, "wb");

	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(bytes, 1, length, file), ==, length);
	g_assert_cmpint(fclose(file), ==, 0);
}

static void put(const struct recording *r, const char *name, const void *bytes, gsize length)
{
	g_autofree char *path = g_build_filename(r->dir, name, NULL);

	recording_put(path, bytes, length);
}

static void take_line(struct recording *r, char *line)
{
	g_assert_nonnull(line);
	g_string_append(r->lines, line);
	put(r, CHAIN_FILE, r->lines->str, r->lines->len);
	g_free(line);
}

static char *put_pem(const struct recording *r, const char *pem)
{
	char *path = g_strconcat(r->dir, "-ca.pem", NULL);

	recording_put(path, pem, strlen(pem));
	return path;
}

void recording_init(struct recording *r)
{
	const struct chain_genesis genesis = {.session_id = RECORDING_SESSION,
					      .node = "node1",
					      .user = "alice",
					      .target = "web-01"};

	recording_init_of(r, &genesis);
}

void recording_init_of(struct recording *r, const struct chain_genesis *genesis)
{
	*r = (struct recording){.dir = temp_dir_create(), .lines = g_string_new(NULL)};
	signing_key_init(&r->ca, "evidence CA", NULL);
	signing_key_init(&r->recorder_pem, "recorder", &r->ca);
	signing_key_init(&r->export_pem, "exports", &r->ca);
	r->ca_path = put_pem(r, r->ca.certificate_pem);
	r->recorder_key =
		chain_key_create(r->recorder_pem.key_pem, r->recorder_pem.certificate_pem, NULL);
	r->export_key =
		chain_key_create(r->export_pem.key_pem, r->export_pem.certificate_pem, NULL);
	g_assert_nonnull(r->recorder_key);
	g_assert_nonnull(r->export_key);
	r->chain = chain_create(r->recorder_key);
	put(r, CHAIN_CERTIFICATE_FILE, r->recorder_pem.certificate_pem,
	    strlen(r->recorder_pem.certificate_pem));
	take_line(r, chain_add_genesis(r->chain, genesis, NULL));
}

void recording_finish(struct recording *r)
{
	reader_close(r->reader);
	temp_dir_remove(r->dir);
	remove(r->ca_path);
	g_free(r->dir);
	g_free(r->ca_path);
	g_string_free(r->lines, TRUE);
	chain_destroy(r->chain);
	chain_key_destroy(r->recorder_key);
	chain_key_destroy(r->export_key);
	signing_key_finish(&r->recorder_pem);
	signing_key_finish(&r->export_pem);
	signing_key_finish(&r->ca);
}

static void add_box(GByteArray *bytes, const char *type, uint32_t content_bytes, uint8_t content)
{
	const uint32_t size = GUINT32_TO_BE(8 + content_bytes);
	g_autofree uint8_t *filling = g_malloc(MAX(content_bytes, 1u));

	memset(filling, content, content_bytes);
	g_byte_array_append(bytes, (const guint8 *)&size, sizeof size);
	g_byte_array_append(bytes, (const guint8 *)type, 4);
	g_byte_array_append(bytes, filling, content_bytes);
}

static void add_file(struct recording *r, struct chain_segment *s, const char *name,
		     const void *bytes, gsize length)
{
	struct chain_file *file = &s->files[s->n_files++];

	g_strlcpy(file->name, name, sizeof file->name);
	file->bytes = length;
	digest_hex_of(bytes, length, file->sha256);
	put(r, name, bytes, length);
	r->bytes += length;
}

static void add_growing(struct recording *r, struct chain_segment *s, const char *name,
			const void *bytes, gsize length)
{
	static const uint8_t tail[RECORDING_TAIL_BYTES] = "unsigned";
	g_autoptr(GByteArray) whole = g_byte_array_new();

	add_file(r, s, name, bytes, length);
	if (!r->cut)
		return;
	s->files[s->n_files - 1].tail_bytes = sizeof tail;
	g_byte_array_append(whole, bytes, (guint)length);
	g_byte_array_append(whole, tail, sizeof tail);
	put(r, name, whole->data, whole->len);
}

static void add_video(struct recording *r, struct chain_segment *s)
{
	g_autoptr(GByteArray) video = g_byte_array_new();
	g_autofree char *name = g_strdup_printf("seg-%05u.mp4", s->number);

	for (unsigned i = 0; i < s->frames; i++) {
		add_box(video, "moof", 100, (uint8_t)s->number);
		add_box(video, "mdat", RECORDING_FRAME_BYTES, (uint8_t)(i + 1));
	}
	add_growing(r, s, name, video->len > 0 ? (const char *)video->data : "", video->len);
}

static void add_init(struct recording *r, struct chain_segment *s)
{
	g_autoptr(GByteArray) init = g_byte_array_new();
	g_autofree char *name = g_strdup_printf("init-%03u.mp4", r->inits);

	add_box(init, "ftyp", 16, 1);
	add_box(init, "moov", 300, (uint8_t)r->inits);
	add_file(r, s, name, init->data, init->len);
}

static GByteArray *timeline_of(const struct recording *r)
{
	g_autofree char *when =
		g_strdup_printf("{\"t_us\":%" G_GUINT64_FORMAT "}\n", r->position_us);
	GByteArray *bytes = g_byte_array_new();

	if (r->events == NULL)
		return g_byte_array_append(bytes, (const guint8 *)when, (guint)strlen(when));
	struct line_writer *writer = line_writer_create();
	const GByteArray *part = line_writer_add(writer, r->events, strlen(r->events));
	g_byte_array_append(bytes, part->data, part->len);
	line_writer_commit(writer);
	part = line_writer_end(writer);
	g_byte_array_append(bytes, part->data, part->len);
	line_writer_destroy(writer);
	return bytes;
}

void recording_add_segment(struct recording *r, unsigned frames, bool resized)
{
	g_autofree char *name = g_strdup_printf("seg-%05u.jsonl.gz", ++r->segments);
	g_autoptr(GByteArray) timeline = timeline_of(r);
	struct chain_segment s = {.number = r->segments,
				  .start_us = r->position_us,
				  .end_us = r->position_us + RECORDING_SEGMENT_US,
				  .first_frame_us = r->position_us,
				  .frames = frames,
				  .width = 640,
				  .height = 480,
				  .codec = "avc1.42c01e"};

	if (resized)
		r->inits = r->segments;
	if (frames > 0 || r->cut)
		add_video(r, &s);
	add_growing(r, &s, name, timeline->data, timeline->len);
	if (frames > 0 || r->cut)
		add_init(r, &s);
	add_file(r, &s, "key-001.cms", "sealed", 6); /* as of an encrypted recording: one for all */
	r->frames += frames;
	r->position_us = s.end_us;
	take_line(r, chain_add_segment(r->chain, s.end_us, &s, NULL));
}

void recording_add_pictures(struct recording *r, const struct recorded_pictures *p, bool resized)
{
	g_autofree char *video = g_strdup_printf("seg-%05u.mp4", ++r->segments);
	g_autofree char *timeline = g_strdup_printf("seg-%05u.jsonl.gz", r->segments);
	struct chain_segment s = {.number = r->segments,
				  .start_us = r->position_us,
				  .end_us = r->position_us + p->length_us,
				  .first_frame_us = r->position_us,
				  .frames = p->frames,
				  .width = p->width,
				  .height = p->height,
				  .codec = "avc1.42c01e"};

	if (resized)
		r->inits = r->segments;
	g_autofree char *init = g_strdup_printf("init-%03u.mp4", r->inits);
	add_file(r, &s, video, p->video, p->video_bytes);
	add_file(r, &s, timeline, "{\"t_us\":0}\n", 11);
	add_file(r, &s, init, p->init, p->init_bytes);
	r->frames += p->frames;
	r->position_us = s.end_us;
	take_line(r, chain_add_segment(r->chain, s.end_us, &s, NULL));
}

void recording_add_gap(struct recording *r, uint64_t length_us)
{
	const struct chain_gap gap = {r->position_us, r->position_us + length_us, "recorder-away",
				      ""};

	r->position_us = gap.end_us;
	take_line(r, chain_add_gap(r->chain, gap.end_us, &gap, NULL));
}

void recording_seal(struct recording *r)
{
	const struct chain_seal seal = {"viewer-left", "",	 r->segments,
					r->frames,     r->bytes, r->position_us};

	take_line(r, chain_add_seal(r->chain, r->position_us, &seal, NULL));
}

void recording_init_whole(struct recording *r)
{
	recording_init(r);
	recording_add_segment(r, 3, true);
	recording_add_segment(r, 2, false);
	recording_add_gap(r, RECORDING_SEGMENT_US);
	recording_add_segment(r, 0, false);
	recording_add_segment(r, 4, true);
	recording_add_segment(r, 1, false);
	recording_seal(r);
}

struct evidence_order recording_order(struct recording *r, const char *target)
{
	reader_close(r->reader);
	g_assert_cmpint(reader_open(r->dir, NULL, &r->reader), ==, 0);
	return (struct evidence_order){.reader = r->reader,
				       .key = r->export_key,
				       .asked = {0, UINT64_MAX},
				       .node = "node1",
				       .created_by = "auditor",
				       .purpose = "case 7",
				       .target = target};
}
