/* What a power cut leaves and a kill does not: files that are empty, torn, filled with zeros, under
 * one name or the other, or gone; and keys in memory that are gone.
 * The next start seals what can be sealed, calls nothing broken that is not, and never minds the
 * recordings beside it. */
#include "recorder/chain/verify.h"
#include "tests/unit/recorder/shade_session.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define BESIDE "6f9619ff-8b86-4011-b42d-00c04fc96400"
#define ZEROS 4096u

/* ---- Cutting ---- */

static void torn(const char *dir, const char *name, long bytes)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	g_assert_cmpint(truncate(path, bytes), ==, 0);
}

static void gone(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	g_assert_cmpint(g_unlink(path), ==, 0);
}

static void renamed(const char *dir, const char *name, const char *to)
{
	g_autofree char *from_path = g_build_filename(dir, name, NULL);
	g_autofree char *to_path = g_build_filename(dir, to, NULL);

	g_assert_cmpint(g_rename(from_path, to_path), ==, 0);
}

static void appended(const char *dir, const char *name, const char *bytes, size_t length)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	FILE *file = g_fopen(path, "ab");

	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(bytes, 1, length, file), ==, length);
	g_assert_cmpint(fclose(file), ==, 0);
}

static void init_torn(const char *dir)
{
	torn(dir, "init-001.mp4", 40);
}

static void init_empty(const char *dir)
{
	torn(dir, "init-001.mp4", 0);
}

static void init_never_renamed(const char *dir)
{
	torn(dir, "init-001.mp4", 100);
	renamed(dir, "init-001.mp4", "init-001.mp4.part");
}

static void init_gone(const char *dir)
{
	gone(dir, "init-001.mp4");
}

static void init_zeros(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "init-001.mp4", NULL);
	static const char zeros[ZEROS];

	g_assert_true(g_file_set_contents(path, zeros, 700, NULL));
}

static void chain_torn(const char *dir)
{
	appended(dir, "chain", "MEUCIQ== {\"kind\":\"checkp", 24);
}

static void chain_zeros(const char *dir)
{
	static const char zeros[ZEROS];

	appended(dir, "chain", zeros, sizeof zeros);
	appended(dir, "chain", "point\",\"files\":[]}\n", 19);
}

static void chain_empty(const char *dir)
{
	torn(dir, "chain", 0);
}

static void chain_gone(const char *dir)
{
	gone(dir, "chain");
}

static void certificate_empty(const char *dir)
{
	torn(dir, "certificate.pem", 0);
}

static void certificate_gone(const char *dir)
{
	gone(dir, "certificate.pem");
}

static void key_torn(const char *dir)
{
	torn(dir, "key-001.cms", 50);
}

static void key_empty(const char *dir)
{
	torn(dir, "key-001.cms", 0);
}

static void key_gone(const char *dir)
{
	gone(dir, "key-001.cms");
}

static void video_empty(const char *dir)
{
	torn(dir, "seg-00001.mp4.enc.part", 0);
}

static void video_renamed_empty(const char *dir)
{
	torn(dir, "seg-00001.mp4.enc.part", 0);
	renamed(dir, "seg-00001.mp4.enc.part", "seg-00001.mp4.enc");
}

static void video_gone(const char *dir)
{
	gone(dir, "seg-00001.mp4.enc.part");
}

static void nothing_came_down(const char *dir)
{
	g_autoptr(GDir) listing = g_dir_open(dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(listing)) != NULL)
		torn(dir, name, 0);
}

static void directory_empty(const char *dir)
{
	g_autoptr(GDir) listing = g_dir_open(dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(listing)) != NULL)
		gone(dir, name);
}

struct cut {
	const char *name;
	void (*make)(const char *dir);
	bool plain;    /**< of a store without encryption: what lies there can be read */
	bool hopeless; /**< nothing can be signed: it is left as it lies */
};

static const struct cut cuts[] = {
	{"init/torn", init_torn},
	{"init/empty", init_empty},
	{"init/never-renamed", init_never_renamed},
	{"init/zeros", init_zeros},
	{"init/gone", init_gone},
	{"plain/init-torn", init_torn, .plain = true},
	{"plain/init-empty", init_empty, .plain = true},
	{"plain/init-never-renamed", init_never_renamed, .plain = true},
	{"plain/init-zeros", init_zeros, .plain = true},
	{"plain/init-gone", init_gone, .plain = true},
	{"plain/chain-zeros", chain_zeros, .plain = true},
	{"chain/torn", chain_torn},
	{"chain/zeros", chain_zeros},
	{"chain/empty", chain_empty, .hopeless = true},
	{"chain/gone", chain_gone, .hopeless = true},
	{"certificate/empty", certificate_empty},
	{"certificate/gone", certificate_gone},
	{"key/torn", key_torn},
	{"key/empty", key_empty},
	{"key/gone", key_gone},
	{"video/empty", video_empty},
	{"video/renamed-empty", video_renamed_empty},
	{"video/gone", video_gone},
	{"nothing-came-down", nothing_came_down, .hopeless = true},
	{"directory-empty", directory_empty, .hopeless = true},
};

/* ---- Recording, and what became of it ---- */

/* What lies in memory is gone. */
static void forget_keys(const struct recorder_process *p)
{
	g_autoptr(GDir) listing = g_dir_open(p->dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(listing)) != NULL)
		if (g_str_has_prefix(name, "data-key-"))
			gone(p->dir, name);
}

/* Three pictures of the session that is cut, one of the session beside it; then the recorder is
 * gone. */
static void record(struct recorder_process *p, struct shade_session *session)
{
	struct painter beside = {.link_fd = -1, .session_id = BESIDE};

	recorder_process_start(p);
	g_assert_true(shade_session_open(session, p));
	painter_event(&session->painter, "{\"type\":\"key\"}");
	g_assert_true(shade_session_paint_and_wait(session));
	g_assert_true(shade_session_paint_and_wait(session));
	painter_connect(&beside, p, false);
	painter_canvas(&beside, 64, 64);
	recorder_process_kill(p);
	painter_finish(&beside);
	shade_session_finish(session);
}

static void judge(const struct recorder_process *p, const char *session_id, bool sealed)
{
	g_autofree char *dir = g_build_filename(p->store_dir, session_id, NULL);
	struct verify_report report;
	unsigned n_broken = 0;

	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), >=,
			0);
	for (unsigned i = 0; i < report.findings->len; i++) {
		const struct verify_finding *f = g_ptr_array_index(report.findings, i);
		g_test_message("%s: %s: %s", session_id, verify_class_name(f->class), f->text);
		n_broken += f->class == VERIFY_BROKEN;
	}
	g_assert_cmpint(report.sealed, ==, sealed);
	if (sealed)
		g_assert_cmpuint(n_broken, ==, 0);
	verify_report_finish(&report);
}

static void test_cut(gconstpointer data)
{
	const struct cut *cut = data;
	struct recorder_process p;
	struct shade_session session;

	recorder_process_init(&p, false);
	if (cut->plain)
		recorder_process_configure(&p, "  encryption: false\n");
	record(&p, &session);
	g_autofree char *dir = recorder_process_recording(&p);
	g_autofree char *path = g_build_filename(dir, "init-001.mp4", NULL);
	g_autofree char *init = NULL, *again = NULL;
	gsize length, length_again;
	g_assert_true(g_file_get_contents(path, &init, &length, NULL));
	cut->make(dir);
	forget_keys(&p);
	recorder_process_start(&p);
	recorder_process_stop(&p);
	judge(&p, BESIDE, true);
	judge(&p, TEST_SESSION, !cut->hopeless);
	if (cut->plain) {
		g_assert_true(g_file_get_contents(path, &again, &length_again, NULL));
		g_assert_cmpmem(again, length_again, init, length);
		g_assert_cmpuint(shade_session_count_lost(&session), ==, 0);
	}
	/* It does not come up again and again. */
	recorder_process_start(&p);
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(cuts); i++) {
		g_autofree char *path = g_strconcat("/power-cut/", cuts[i].name, NULL);
		g_test_add_data_func(path, &cuts[i], test_cut);
	}
	return g_test_run();
}
