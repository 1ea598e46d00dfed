/* A small recording that holds. It must not know what a test does to it. */
#include "tests/support/honest_recording.h"

#include "recorder/chain/chain.h"

#include <string.h>

static void put_file(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents(path, text, -1, &error))
		g_error("%s", error->message);
}

static void add_line(GString *lines, char *line)
{
	g_assert_nonnull(line);
	g_string_append(lines, line);
	g_free(line);
}

static void add_segment(struct chain *chain, GString *lines, const char *dir, uint32_t number,
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
					.n_files = 2};
	struct chain_file *files = segment.files;

	g_snprintf(files[0].name, sizeof files[0].name, "seg-%05u.mp4", number);
	files[0].bytes = strlen(text);
	digest_hex_of(text, strlen(text), files[0].sha256);
	put_file(dir, files[0].name, text);
	g_strlcpy(files[1].name, "init-001.mp4", sizeof files[1].name);
	files[1].bytes = 4;
	digest_hex_of("init", 4, files[1].sha256);
	put_file(dir, files[1].name, "init");
	add_line(lines, chain_add_segment(chain, segment.end_us, &segment, NULL));
}

void honest_recording_write(const char *dir, const struct chain_key *key, uint64_t gap_us)
{
	const struct chain_gap gap = {1000000u, 1000000u + gap_us, "recorder-away", ""};
	const struct chain_genesis genesis = {.session_id = HONEST_SESSION,
					      .node = "node1",
					      .user = "alice",
					      .target = "web-01",
					      .opened_utc_us = UINT64_C(1780000000000000)};
	const struct chain_seal seal = {.reason = "viewer-left",
					.detail = "",
					.segments = 2,
					.frames = 10,
					.bytes = 2 * strlen("pictures of segment 1"
							    "init"),
					.duration_us = 2000000u + gap_us};
	g_autoptr(GString) lines = g_string_new(NULL);
	struct chain *chain = chain_create(key);

	add_line(lines, chain_add_genesis(chain, &genesis, NULL));
	add_segment(chain, lines, dir, 1, 0);
	if (gap_us > 0)
		add_line(lines, chain_add_gap(chain, gap.end_us, &gap, NULL));
	add_segment(chain, lines, dir, 2, gap.end_us);
	add_line(lines, chain_add_seal(chain, seal.duration_us, &seal, NULL));
	put_file(dir, CHAIN_FILE, lines->str);
	put_file(dir, CHAIN_CERTIFICATE_FILE, chain_key_certificate_pem(key));
	chain_destroy(chain);
}
