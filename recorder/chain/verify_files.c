/* Compares what a chain says about its files with what lies there: which names, and under which. A
 * file's bytes are verify_file.c's. It must not judge the chain itself. */
#include "recorder/chain/verify_files.h"

#include "recorder/chain/tombstone.h"
#include "recorder/chain/verify_file.h"
#include "recorder/chain/verify_report.h"
#include "recorder/chain/verify_stamps.h"
#include "recorder/crypt/data_key.h"

#include <errno.h>
#include <string.h>

struct verify_files {
	unsigned n_unread;   /**< encrypted files that nobody here can read */
	GHashTable *by_name; /**< name -> struct verify_known_file */
	GPtrArray *names;    /**< in the order of the chain; borrowed from by_name */
};

static void known_file_free(void *pointer)
{
	struct verify_known_file *file = pointer;

	g_array_unref(file->prefixes);
	g_free(file);
}

struct verify_files *verify_files_create(void)
{
	struct verify_files *files = g_new0(struct verify_files, 1);

	files->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_file_free);
	files->names = g_ptr_array_new();
	return files;
}

void verify_files_destroy(struct verify_files *files)
{
	if (files == NULL)
		return;
	g_ptr_array_unref(files->names);
	g_hash_table_unref(files->by_name);
	g_free(files);
}

static struct verify_known_file *know(struct verify_files *files, const char *name)
{
	struct verify_known_file *known = g_hash_table_lookup(files->by_name, name);

	if (known != NULL)
		return known;
	char *key = g_strdup(name);
	known = g_new0(struct verify_known_file, 1);
	known->prefixes = g_array_new(FALSE, FALSE, sizeof(struct verify_prefix));
	g_hash_table_insert(files->by_name, key, known);
	g_ptr_array_add(files->names, key);
	return known;
}

static void add_prefix(struct verify_known_file *known, const struct chain_file *file,
		       const struct chain_entry *entry)
{
	struct verify_prefix prefix = {file->bytes, entry->t_us, ""};

	memcpy(prefix.sha256, file->sha256, sizeof prefix.sha256);
	g_array_append_val(known->prefixes, prefix);
}

bool verify_files_add_final(struct verify_files *files, const struct chain_file *file,
			    const struct chain_entry *entry)
{
	struct verify_known_file *known = know(files, file->name);

	if (known->is_final)
		return known->final.bytes == file->bytes &&
		       known->final.tail_bytes == file->tail_bytes &&
		       strcmp(known->final.sha256, file->sha256) == 0;
	known->final = *file;
	known->is_final = true;
	/* With a tail the entry itself covers the first bytes only, as a checkpoint does. */
	if (file->tail_bytes > 0)
		add_prefix(known, file, entry);
	known->segment = entry->number;
	known->start_us = entry->start_us;
	known->end_us = entry->end_us;
	return true;
}

void verify_files_add_prefix(struct verify_files *files, const struct chain_file *file,
			     const struct chain_entry *entry, uint64_t start_us)
{
	struct verify_known_file *known = know(files, file->name);

	add_prefix(known, file, entry);
	if (!known->is_final) {
		known->segment = entry->number;
		known->start_us = start_us;
		known->end_us = entry->t_us;
	}
}

/* Returns the bytes that are proven. */
static uint64_t check_file(struct verify_files *files, const struct reader *reader,
			   const char *name, struct verify_report *report)
{
	const struct verify_known_file *known = g_hash_table_lookup(files->by_name, name);
	enum verify_file_result result = verify_file_check(reader, name, known, report);

	files->n_unread += result == VERIFY_FILE_UNREAD;
	return result == VERIFY_FILE_PROVEN ? known->final.bytes : 0;
}

static bool is_known(const struct verify_files *files, const struct reader_entry *entry,
		     bool sealed)
{
	if (strcmp(entry->disk_name, CHAIN_FILE) == 0 || verify_stamps_is_name(entry->disk_name))
		return true;
	const struct verify_known_file *known = g_hash_table_lookup(files->by_name, entry->name);
	return known != NULL && (!entry->growing || (!sealed && !known->is_final));
}

/* While a recording runs its newest files are not in the chain yet: that is unproven, in a sealed
 * one it is foreign. Of two files with one name only the first was checked. */
static void check_extra(const struct verify_files *files, const struct reader *reader, bool sealed,
			struct verify_report *report)
{
	g_autoptr(GPtrArray) entries = NULL;
	const char *before = "";

	if (reader_list(reader, &entries) < 0)
		return;
	for (unsigned i = 0; i < entries->len; i++) {
		const struct reader_entry *entry = g_ptr_array_index(entries, i);
		if (strcmp(entry->name, before) == 0 || !is_known(files, entry, sealed))
			verify_report_add(
				report, sealed ? VERIFY_BROKEN : VERIFY_INCOMPLETE, 0, 0, 0,
				"%s lies in the recording, but no entry of the chain knows it",
				entry->disk_name);
		before = entry->name;
	}
}

static bool is_sealed_key(const char *name)
{
	return g_str_has_prefix(name, DATA_KEY_FILE_PREFIX) &&
	       g_str_has_suffix(name, DATA_KEY_FILE_SUFFIX);
}

/* All sealed data keys are gone, one and all: that is how a recording is deleted. If some are left,
 * the others were lost. */
static bool is_shredded(const struct verify_files *files, const struct reader *reader)
{
	unsigned n_keys = 0;
	struct reader_file *file;

	for (unsigned i = 0; i < files->names->len; i++) {
		const char *name = g_ptr_array_index(files->names, i);
		if (!is_sealed_key(name))
			continue;
		n_keys++;
		int result = reader_file_open(reader, name, &file);
		if (result == 0)
			reader_file_close(file);
		if (result != -ENOENT)
			return false;
	}
	return n_keys > 0;
}

static void judge_contents(const struct verify_files *files, bool shredded,
			   struct verify_report *report)
{
	if (shredded) {
		report->contents = VERIFY_CONTENTS_SHREDDED;
		verify_report_add(report, VERIFY_INCOMPLETE, 0, 0, 0,
				  "the contents were shredded: the sealed data keys were removed, "
				  "nobody can read the %u encrypted files",
				  files->n_unread);
	} else if (files->n_unread > 0) {
		report->contents = VERIFY_CONTENTS_ENCRYPTED;
		verify_report_add(report, VERIFY_INCOMPLETE, 0, 0, 0,
				  "the contents of %u files were not checked: they are encrypted, "
				  "and no key that opens them was given",
				  files->n_unread);
	}
}

uint64_t verify_files_check(struct verify_files *files, const struct reader *reader, bool sealed,
			    struct verify_report *report)
{
	bool shredded = is_shredded(files, reader);
	uint64_t proven = 0;

	for (unsigned i = 0; i < files->names->len; i++) {
		const char *name = g_ptr_array_index(files->names, i);
		if (!shredded || !is_sealed_key(name))
			proven += check_file(files, reader, name, report);
	}
	check_extra(files, reader, sealed, report);
	judge_contents(files, shredded, report);
	return proven;
}

static bool outlives_deletion(const struct reader_entry *entry)
{
	return strcmp(entry->disk_name, CHAIN_FILE) == 0 ||
	       strcmp(entry->disk_name, CHAIN_CERTIFICATE_FILE) == 0 ||
	       strcmp(entry->disk_name, TOMBSTONE_FILE) == 0 ||
	       verify_stamps_is_name(entry->disk_name);
}

void verify_files_check_deleted(struct verify_files *files, const struct reader *reader,
				struct verify_report *report)
{
	g_autoptr(GPtrArray) entries = NULL;

	if (g_hash_table_contains(files->by_name, CHAIN_CERTIFICATE_FILE))
		check_file(files, reader, CHAIN_CERTIFICATE_FILE, report);
	if (reader_list(reader, &entries) < 0)
		return;
	for (unsigned i = 0; i < entries->len; i++) {
		const struct reader_entry *entry = g_ptr_array_index(entries, i);
		if (!outlives_deletion(entry))
			verify_report_add(report, VERIFY_INCOMPLETE, 0, 0, 0,
					  "%s still lies there although the recording was deleted",
					  entry->disk_name);
	}
}
