/* Judging evidence files: an honest one holds, every flipped byte is found and blamed on the right
 * class, and so is every honest signer who says something untrue. */
#include "evidence/layout.h"
#include "evidence/tar_write.h"
#include "evidence/verify_evidence.h"
#include "recorder/chain/cms.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/evidence/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct recording recording;
	char *out, *target;
	char *bytes;
	gsize length;
};

static void fixture_init(struct fixture *f)
{
	struct evidence_made made;

	recording_init_whole(&f->recording);
	f->out = temp_dir_create();
	f->target = g_build_filename(f->out, "evidence.mp4", NULL);
	struct evidence_order order = recording_order(&f->recording, f->target);
	g_assert_true(evidence_export(&order, &made, NULL));
	f->bytes = recording_get(f->target, &f->length);
}

static void fixture_finish(struct fixture *f)
{
	recording_finish(&f->recording);
	temp_dir_remove(f->out);
	g_free(f->out);
	g_free(f->target);
	g_free(f->bytes);
}

static int verdict(const struct fixture *f, struct evidence_report *report)
{
	return evidence_verify(f->target, f->recording.ca_path, report);
}

static enum verify_class worst(const struct evidence_report *report)
{
	enum verify_class class = VERIFY_NOTE;

	for (unsigned i = 0; i < report->recording.findings->len; i++) {
		const struct verify_finding *finding = report->recording.findings->pdata[i];
		class = MIN(class, finding->class);
	}
	return class;
}

static void expect(const struct fixture *f, enum verify_class class, uint32_t segment,
		   const char *text)
{
	struct evidence_report report;
	bool found = false;

	g_assert_cmpint(verdict(f, &report), ==, 1);
	for (unsigned i = 0; i < report.recording.findings->len; i++) {
		const struct verify_finding *finding = report.recording.findings->pdata[i];
		g_test_message("%u %u %s", finding->class, finding->segment, finding->text);
		found |= finding->class == class && finding->segment == segment &&
			 strstr(finding->text, text) != NULL;
	}
	g_assert_true(found);
	evidence_report_finish(&report);
}

static void test_honest(void)
{
	struct fixture f;
	struct evidence_report report;

	fixture_init(&f);
	g_assert_cmpint(verdict(&f, &report), ==, 0);
	g_assert_cmpuint(report.recording.findings->len, ==, 1); /* the gap */
	g_assert_cmpstr(report.exporter, ==, "CN=exports");
	g_assert_cmpstr(report.recording.signer, ==, "CN=recorder");
	g_assert_cmpuint(report.n_segments, ==, 5);
	g_assert_cmpuint(report.recording.n_frames, ==, 10);
	g_assert_cmpuint(report.recording.n_bytes, >, report.manifest.video_bytes);
	evidence_report_finish(&report);
	fixture_finish(&f);
}

/* No byte of the file is free, whether hashed, signed, or only counted. All of the frame around the
 * archive are tried, every 29th elsewhere. */
static gsize next_flip(const struct fixture *f, gsize i)
{
	uint32_t box_bytes = 0;
	const uint8_t *end = (const uint8_t *)f->bytes + f->length;

	g_assert_true(layout_read_footer(end - EVIDENCE_FOOTER_BYTES, &box_bytes));
	gsize box_at = f->length - box_bytes;
	bool frame = (i >= box_at && i < box_at + 40) || i >= f->length - 40;
	return i + (frame ? 1 : 29);
}

static void test_every_flipped_byte(void)
{
	struct fixture f;
	unsigned taken = 0;

	fixture_init(&f);
	for (gsize i = 0; i < f.length; i = next_flip(&f, i)) {
		struct evidence_report report;
		int fd = open(f.target, O_WRONLY);
		char flipped = (char)(f.bytes[i] ^ (1 << i % 8));
		g_assert_cmpint(pwrite(fd, &flipped, 1, (off_t)i), ==, 1);
		int result = verdict(&f, &report);
		bool broken = result == 1 && worst(&report) == VERIFY_BROKEN;
		if (!broken && result != -EPROTONOSUPPORT) {
			g_test_message("byte %zu: %d", (size_t)i, result);
			taken++;
		}
		evidence_report_finish(&report);
		g_assert_cmpint(pwrite(fd, &f.bytes[i], 1, (off_t)i), ==, 1);
		close(fd);
	}
	g_assert_cmpuint(taken, ==, 0);
	fixture_finish(&f);
}

static void test_every_cut(void)
{
	struct fixture f;

	fixture_init(&f);
	for (gsize length = 0; length < f.length; length += 97) {
		struct evidence_report report;
		recording_put(f.target, f.bytes, length);
		g_assert_cmpint(verdict(&f, &report), ==, 1);
		g_assert_cmpint(worst(&report), ==, VERIFY_BROKEN);
		evidence_report_finish(&report);
	}
	fixture_finish(&f);
}

static void test_flip_is_located(void)
{
	struct fixture f;
	const gsize in_segment_4 = 332 + 5 * (108 + RECORDING_FRAME_BYTES + 8) + 400;

	fixture_init(&f);
	f.bytes[in_segment_4] ^= 1;
	recording_put(f.target, f.bytes, f.length);
	expect(&f, VERIFY_BROKEN, 4, "the pictures of seg-00004.mp4");
	fixture_finish(&f);
}

/* Writes the file anew with another manifest, signed by the exporter's own key: somebody
 * who may sign, and lies. */
static void lie(struct fixture *f, void (*change)(struct manifest *m, GByteArray *video))
{
	struct evidence_report report;
	g_autoptr(GByteArray) video = g_byte_array_new();
	g_autofree char *copy = g_strconcat(f->target, ".lie", NULL);
	uint8_t header[EVIDENCE_BOX_HEADER_BYTES], footer[EVIDENCE_FOOTER_BYTES];

	recording_put(f->target, f->bytes, f->length);
	g_assert_cmpint(verdict(f, &report), ==, 0);
	g_byte_array_append(video, (const guint8 *)f->bytes, (guint)report.manifest.video_bytes);
	change(&report.manifest, video);
	report.manifest.video_bytes = video->len;
	digest_hex_of(video->data, video->len, report.manifest.video_sha256);
	g_autofree char *json = manifest_to_json(&report.manifest);
	g_autoptr(GBytes) cms = cms_sign(f->recording.export_key, json, strlen(json), NULL);
	int fd = open(copy, O_RDWR | O_CREAT | O_TRUNC, 0600);
	g_assert_cmpint(write(fd, video->data, video->len), ==, (int)video->len);
	g_assert_cmpint(write(fd, header, sizeof header), ==, (int)sizeof header);
	struct tar_write *tar = tar_write_create(fd, 1780000000);
	tar_write_file(tar, EVIDENCE_MANIFEST, json, strlen(json));
	tar_write_file(tar, EVIDENCE_SIGNATURE, g_bytes_get_data(cms, NULL), g_bytes_get_size(cms));
	for (unsigned i = 0; i < report.manifest.files->len; i++) {
		const struct chain_file *file =
			&g_array_index(report.manifest.files, struct chain_file, i);
		g_autofree char *path = g_build_filename(f->out, "unpacked", file->name, NULL);
		gsize length;
		g_autofree char *bytes = recording_get(path, &length);
		tar_write_file(tar, file->name, bytes, length);
	}
	g_assert_cmpint(tar_write_end(tar), ==, 0);
	tar_write_destroy(tar);
	uint32_t box_bytes = (uint32_t)lseek(fd, 0, SEEK_CUR) - video->len + sizeof footer;
	layout_footer(box_bytes, footer);
	layout_box_header(box_bytes, header);
	g_assert_cmpint(write(fd, footer, sizeof footer), ==, (int)sizeof footer);
	g_assert_cmpint(pwrite(fd, header, sizeof header, video->len), ==, (int)sizeof header);
	close(fd);
	g_rename(copy, f->target);
	evidence_report_finish(&report);
}

static void change_nothing(struct manifest *m, GByteArray *video)
{
}

static void drop_last_segment(struct manifest *m, GByteArray *video)
{
	const guint i = m->parts->len - 1;

	g_byte_array_set_size(video,
			      (guint)g_array_index(m->parts, struct manifest_part, i).offset);
	g_array_set_size(m->parts, i);
}

static void swap_segments(struct manifest *m, GByteArray *video)
{
	struct manifest_part *a = &g_array_index(m->parts, struct manifest_part, 1), *b = a + 1;
	struct chain_file file = a->file;
	g_autofree uint8_t *first = g_memdup2(video->data + a->offset, a->file.bytes);

	memmove(video->data + a->offset, video->data + b->offset, b->file.bytes);
	a->file = b->file;
	b->file = file;
	b->offset = a->offset + a->file.bytes;
	memcpy(video->data + b->offset, first, file.bytes);
}

static void change_pictures(struct manifest *m, GByteArray *video)
{
	struct manifest_part *part = &g_array_index(m->parts, struct manifest_part, 2);

	video->data[part->offset + 200] ^= 1;
	digest_hex_of(video->data + part->offset, part->file.bytes, part->file.sha256);
}

static void drop_timeline(struct manifest *m, GByteArray *video)
{
	for (unsigned i = 0; i < m->files->len; i++)
		if (strcmp(g_array_index(m->files, struct chain_file, i).name,
			   "seg-00003.jsonl.gz") == 0)
			g_array_remove_index(m->files, i--);
}

static void leave_out_init(struct manifest *m, GByteArray *video)
{
	manifest_leave_out(m, "init-004.mp4", "nobody needs it");
}

static void other_session(struct manifest *m, GByteArray *video)
{
	m->session[0] = '0';
}

static void longer_span(struct manifest *m, GByteArray *video)
{
	m->span_end_us += 5;
}

static void not_whole(struct manifest *m, GByteArray *video)
{
	m->whole = false;
}

static void no_readme(struct manifest *m, GByteArray *video)
{
	g_array_remove_index(m->files, 0);
}

static void test_signed_lies(void)
{
	static const struct {
		void (*change)(struct manifest *m, GByteArray *video);
		uint32_t segment;
		const char *text;
	} lies[] = {
		{drop_last_segment, 5, "seg-00005.mp4 is not where it belongs"},
		{swap_segments, 1, "seg-00001.mp4 is not where it belongs"},
		{change_pictures, 2, "seg-00002.mp4 in the video is not what the recorder signed"},
		{drop_timeline, 3, "seg-00003.jsonl.gz is missing"},
		{leave_out_init, 0, "init-004.mp4 may not be left out"},
		{other_session, 0, "speaks of session"},
		{longer_span, 0, "not one of whole segments"},
		{not_whole, 0, "wrong about whether it is the whole"},
		{no_readme, 0, "the file has no README.txt"},
	};
	struct fixture f;
	struct evidence_report report;

	fixture_init(&f);
	g_autofree char *command =
		g_strdup_printf("mkdir %s/unpacked; size=$(tail -c 32 %s | cut -d ' ' -f 2);"
				" tail -c \"$size\" %s | tail -c +25 | tar -C %s/unpacked -xf -",
				f.out, f.target, f.target, f.out);
	const char *words[] = {"sh", "-c", command, NULL};
	g_assert_true(g_spawn_sync(NULL, (char **)(gpointer)words, NULL, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, NULL, NULL, NULL, NULL));
	lie(&f, change_nothing);
	g_assert_cmpint(verdict(&f, &report), ==, 0);
	evidence_report_finish(&report);
	for (unsigned i = 0; i < G_N_ELEMENTS(lies); i++) {
		lie(&f, lies[i].change);
		expect(&f, VERIFY_BROKEN, lies[i].segment, lies[i].text);
	}
	fixture_finish(&f);
}

/* Signed by somebody the caller does not trust: whole, but not theirs. */
static void test_foreign_exporter(void)
{
	struct fixture f;
	struct signing_key stranger;
	struct evidence_report report;
	g_autofree char *pem = NULL;

	fixture_init(&f);
	signing_key_init(&stranger, "stranger", NULL);
	pem = g_build_filename(f.out, "stranger.pem", NULL);
	recording_put(pem, stranger.certificate_pem, strlen(stranger.certificate_pem));
	g_assert_cmpint(evidence_verify(f.target, pem, &report), ==, 1);
	g_assert_cmpint(worst(&report), ==, VERIFY_UNTRUSTED);
	evidence_report_finish(&report);
	recording_put(pem, f.recording.recorder_pem.certificate_pem,
		      strlen(f.recording.recorder_pem.certificate_pem));
	g_assert_cmpint(evidence_verify(f.target, pem, &report), ==, 1);
	g_assert_cmpint(worst(&report), ==, VERIFY_UNTRUSTED);
	evidence_report_finish(&report);
	g_assert_cmpint(evidence_verify(f.target, NULL, &report), ==, 0);
	evidence_report_finish(&report);
	g_assert_cmpint(evidence_verify(f.target, "/nonexistent", &report), ==, -ENOENT);
	evidence_report_finish(&report);
	signing_key_finish(&stranger);
	fixture_finish(&f);
}

static void test_not_there(void)
{
	struct evidence_report report;

	g_assert_cmpint(evidence_verify("/nonexistent", NULL, &report), ==, -ENOENT);
	evidence_report_finish(&report);
	g_assert_cmpint(evidence_verify("/", NULL, &report), ==, -EINVAL);
	evidence_report_finish(&report);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/evidence/honest", test_honest);
	g_test_add_func("/evidence/every-flipped-byte", test_every_flipped_byte);
	g_test_add_func("/evidence/every-cut", test_every_cut);
	g_test_add_func("/evidence/flip-is-located", test_flip_is_located);
	g_test_add_func("/evidence/signed-lies", test_signed_lies);
	g_test_add_func("/evidence/foreign-exporter", test_foreign_exporter);
	g_test_add_func("/evidence/not-there", test_not_there);
	return g_test_run();
}
