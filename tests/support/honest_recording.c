/* A small recording that holds. It must not know what a test does to it. */
#include "tests/support/honest_recording.h"

#include "recorder/chain/chain.h"
#include "recorder/lines/line_writer.h"

#include <string.h>

static void put_file(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents(path, text, -1, &error))
		g_error("%s", error->message);
}

/* Media files consist of boxes: here of one, with a text in it. */
static void put_box(const char *dir, struct chain_file *file, const char *name, const char *text)
{
	g_autofree char *box = g_strdup_printf("....mdat%s", text);
	const guint32 size = GUINT32_TO_BE((guint32)strlen(box));
	g_autofree char *path = g_build_filename(dir, name, NULL);

	g_strlcpy(file->name, name, sizeof file->name);
	file->bytes = strlen(box);
	memcpy(box, &size, sizeof size);
	digest_hex_of(box, file->bytes, file->sha256);
	g_assert_true(g_file_set_contents(path, box, (gssize)file->bytes, NULL));
}

/* A timeline with one event, which a spreadsheet would run. */
static void put_timeline(const char *dir, struct chain_file *file, uint32_t number,
			 uint64_t start_us)
{
	g_autofree char *path = NULL, *line = NULL;
	struct line_writer *writer = line_writer_create();
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	line = g_strdup_printf(
		"{\"t_us\":%" G_GUINT64_FORMAT
		",\"origin\":\"session\",\"type\":\"title\",\"text\":\"=1+1, %s\"}\n",
		start_us + 500000, number == 1 ? "first" : "second");
	const GByteArray *part = line_writer_add(writer, line, strlen(line));
	g_byte_array_append(bytes, part->data, part->len);
	line_writer_commit(writer);
	part = line_writer_end(writer);
	g_byte_array_append(bytes, part->data, part->len);
	line_writer_destroy(writer);
	g_snprintf(file->name, sizeof file->name, "seg-%05u.jsonl.gz", number);
	file->bytes = bytes->len;
	digest_hex_of(bytes->data, bytes->len, file->sha256);
	path = g_build_filename(dir, file->name, NULL);
	g_assert_true(g_file_set_contents(path, (const char *)bytes->data, bytes->len, NULL));
}

static void add_line(GString *lines, char *line)
{
	g_assert_nonnull(line);
	g_string_append(lines, line);
	g_free(line);
}

/* Returns the bytes of its files. */
static uint64_t add_segment(struct chain *chain, GString *lines, const char *dir, uint32_t number,
			    uint64_t start_us)
{
	g_autofree char *text = g_strdup_printf("pictures of segment %u", number);
	struct chain_segment segment = {.number = number,
					.start_us = start_us,
					.end_us = start_us + 1000000u,
					.frames = 5,
					.width = 640,
					.height = 480,
					.codec = "avc1.42c01e",
					.n_files = 3};
	g_autofree char *name = g_strdup_printf("seg-%05u.mp4", number);

	put_box(dir, &segment.files[0], name, text);
	put_timeline(dir, &segment.files[1], number, start_us);
	put_box(dir, &segment.files[2], "init-001.mp4", "init");
	add_line(lines, chain_add_segment(chain, segment.end_us, &segment, NULL));
	return segment.files[0].bytes + segment.files[1].bytes + segment.files[2].bytes;
}

void honest_recording_write(const char *dir, const struct chain_key *key, uint64_t gap_us)
{
	const struct chain_gap gap = {1000000u, 1000000u + gap_us, "recorder-away", ""};
	const struct chain_genesis genesis = {.session_id = HONEST_SESSION,
					      .node = "node1",
					      .user = "alice",
					      .target = "web-01",
					      .opened_utc_us = UINT64_C(1780000000000000)};
	struct chain_seal seal = {.reason = "viewer-left",
				  .detail = "",
				  .segments = 2,
				  .frames = 10,
				  .duration_us = 2000000u + gap_us};
	g_autoptr(GString) lines = g_string_new(NULL);
	struct chain *chain = chain_create(key);

	add_line(lines, chain_add_genesis(chain, &genesis, NULL));
	seal.bytes = add_segment(chain, lines, dir, 1, 0);
	if (gap_us > 0)
		add_line(lines, chain_add_gap(chain, gap.end_us, &gap, NULL));
	seal.bytes += add_segment(chain, lines, dir, 2, gap.end_us);
	add_line(lines, chain_add_seal(chain, seal.duration_us, &seal, NULL));
	put_file(dir, CHAIN_FILE, lines->str);
	put_file(dir, CHAIN_CERTIFICATE_FILE, chain_key_certificate_pem(key));
	chain_destroy(chain);
}
