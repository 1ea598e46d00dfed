/* Judges a recording's directory: the chain by verify_chain.c, the files by verify_files.c. It must
 * not need anything but the directory. */
#include "recorder/chain/verify.h"

#include "recorder/chain/tombstone.h"
#include "recorder/chain/verify_chain.h"
#include "recorder/chain/verify_files.h"
#include "recorder/chain/verify_report.h"
#include "recorder/chain/verify_tombstone.h"
#include "recorder/stamp/stamp.h"

#include <errno.h>

/* A session of days has entries of some megabytes. */
#define TEXT_MAX_BYTES (256u << 20)

struct look {
	struct verify_report *report;
	struct verify_files *files;
	uint64_t position_us; /**< where the last segment or gap ended: there the open one began */
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
			verify_files_add_prefix(look->files, &e->files[i], e, look->position_us);
	if (e->kind == CHAIN_SEGMENT || e->kind == CHAIN_GAP)
		look->position_us = e->end_us;
}

/* `*ret_text` stays NULL when there is no such file. */
static int read_text(const struct reader *reader, const char *name, char **ret_text,
		     size_t *ret_length)
{
	uint8_t *bytes;
	int result = reader_read(reader, name, TEXT_MAX_BYTES, &bytes, ret_length);

	if (result == 0)
		*ret_text = (char *)bytes;
	return result == -ENOENT ? 0 : result;
}

/* Unreadable ones are broken like those that do not hold: an empty answer is judged instead. */
static struct verify_stamps *read_stamps(const struct reader *reader)
{
	struct verify_stamps *stamps = verify_stamps_create();
	g_autoptr(GPtrArray) entries = NULL;

	if (reader_list(reader, &entries) < 0)
		return stamps;
	for (unsigned i = 0; i < entries->len; i++) {
		const struct reader_entry *entry = g_ptr_array_index(entries, i);
		uint8_t *bytes = NULL;
		size_t length = 0;
		if (!verify_stamps_is_name(entry->disk_name))
			continue;
		if (reader_read(reader, entry->name, STAMP_MAX_BYTES, &bytes, &length) < 0)
			length = 0;
		g_autoptr(GBytes) answer = g_bytes_new_take(bytes, length);
		verify_stamps_add(stamps, entry->name, answer);
	}
	return stamps;
}

static int look_for_tombstone(struct look *look, const struct reader *reader,
			      const struct verify_whom *whom)
{
	g_autofree char *text = NULL;
	size_t length;
	int result = read_text(reader, TOMBSTONE_FILE, &text, &length);

	if (result == 0 && text != NULL)
		look->report->deleted = verify_tombstone(text, length, whom, look->report, &result);
	return result;
}

static int look_at(struct look *look, struct reader *reader, const struct verify_whom *whom)
{
	struct verify_chain_texts texts = {
		.trusted_pem_path = whom->ca, .tsa_ca_path = whom->tsa_ca, .crl_path = whom->crl};
	g_autofree char *chain = NULL, *pem = NULL;
	size_t pem_bytes;
	int result = read_text(reader, CHAIN_FILE, &chain, &texts.chain_bytes);

	if (result < 0)
		return result;
	/* Without a readable certificate nothing can be proven; that is a finding,
	 * not a failure to look. */
	if (read_text(reader, CHAIN_CERTIFICATE_FILE, &pem, &pem_bytes) == 0)
		texts.certificate_pem = pem;
	texts.chain = chain;
	texts.stamps = read_stamps(reader);
	result = verify_chain(&texts, note_files, look, look->report);
	verify_stamps_destroy(texts.stamps);
	if (result == -EPROTONOSUPPORT)
		return result;
	if (result == 0)
		result = look_for_tombstone(look, reader, whom);
	reader_expect_session(reader, look->report->session_id);
	if (look->report->deleted)
		verify_files_check_deleted(look->files, reader, look->report);
	else
		look->report->n_bytes =
			verify_files_check(look->files, reader, look->report->sealed, look->report);
	return result < 0 ? result : verify_report_verdict(look->report);
}

int verify_recording_for(const char *dir, const struct verify_whom *whom,
			 const struct archive_key *key, struct verify_report *report)
{
	struct look look = {report, verify_files_create(), 0};
	struct reader *reader = NULL;

	verify_report_init(report);
	int result = reader_open(dir, key, &reader);
	if (result == 0)
		result = look_at(&look, reader, whom);
	reader_close(reader);
	verify_files_destroy(look.files);
	return result;
}

int verify_recording(const char *dir, const char *trusted_pem_path, const struct archive_key *key,
		     struct verify_report *report)
{
	const struct verify_whom whom = {.ca = trusted_pem_path};

	return verify_recording_for(dir, &whom, key, report);
}
