/* Judges a recording's directory: the chain by verify_chain.c, the files by verify_files.c. It must not need anything but the directory. */
#include "recorder/chain/verify.h"

#include "recorder/chain/verify_chain.h"
#include "recorder/chain/verify_files.h"
#include "recorder/chain/verify_report.h"

#include <errno.h>
#include <sys/stat.h>

struct look {
	struct verify_report *report;
	struct verify_files *files;
};

static void add_finals(struct look *look, const struct chain_entry *e)
{
	for (unsigned i = 0; i < e->n_files; i++)
		if (!verify_files_add_final(look->files, &e->files[i], e))
			verify_report_add(look->report, VERIFY_BROKEN, 0, e->start_us, e->end_us,
					  "two entries disagree about %s", e->files[i].name);
}

static void note_files(const struct chain_entry *e, void *user)
{
	struct look *look = user;

	if (e->kind == CHAIN_GENESIS || e->kind == CHAIN_SEGMENT)
		add_finals(look, e);
	if (e->kind == CHAIN_CHECKPOINT)
		for (unsigned i = 0; i < e->n_files; i++)
			verify_files_add_prefix(look->files, &e->files[i], e);
}

static char *read_file(const char *dir, const char *name, gsize *ret_length, int *ret_error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	if (g_file_get_contents(path, &text, ret_length, &error))
		return text;
	*ret_error = error->code == G_FILE_ERROR_NOENT ? -ENOENT : -EIO;
	return NULL;
}

static int look_at(struct look *look, const char *dir, const char *trusted_pem_path)
{
	struct stat st;
	struct verify_chain_texts texts = {.trusted_pem_path = trusted_pem_path};
	gsize pem_bytes = 0, chain_bytes = 0;
	int result = 0, unused;

	if (stat(dir, &st) != 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	g_autofree char *chain = read_file(dir, CHAIN_FILE, &chain_bytes, &result);
	if (chain == NULL && result != -ENOENT)
		return result;
	g_autofree char *pem = read_file(dir, CHAIN_CERTIFICATE_FILE, &pem_bytes, &unused);
	texts.chain = chain;
	texts.chain_bytes = chain_bytes;
	texts.certificate_pem = pem;
	result = verify_chain(&texts, note_files, look, look->report);
	if (result == -EPROTONOSUPPORT)
		return result;
	look->report->n_bytes =
		verify_files_check(look->files, dir, look->report->sealed, look->report);
	return result < 0 ? result : verify_report_verdict(look->report);
}

int verify_recording(const char *dir, const char *trusted_pem_path, struct verify_report *report)
{
	struct look look = {report, verify_files_create()};

	verify_report_init(report);
	int result = look_at(&look, dir, trusted_pem_path);
	verify_files_destroy(look.files);
	return result;
}
