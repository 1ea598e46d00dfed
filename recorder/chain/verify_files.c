/* Compares the files of a recording with what its chain says about them, each file read once. It must not judge the chain itself. */
#include "recorder/chain/verify_files.h"

#include "recorder/chain/tombstone.h"

#include "recorder/chain/verify_report.h"
#include "recorder/chain/verify_stamps.h"
#include "recorder/crypt/data_key.h"

#include <errno.h>
#include <string.h>

#define READ_BYTES (256u << 10)

struct prefix {
	uint64_t bytes, t_us;
	char sha256[DIGEST_HEX_BYTES];
};

struct known_file {
	struct chain_file final; /**< valid when is_final */
	bool is_final;
	uint32_t segment;
	uint64_t start_us, end_us;
	GArray *prefixes; /**< struct prefix, in the order of the chain */
};

struct verify_files {
	unsigned n_unread;   /**< encrypted files that nobody here can read */
	GHashTable *by_name; /**< name -> struct known_file */
	GPtrArray *names;    /**< in the order of the chain; borrowed from by_name */
};

static void known_file_free(void *pointer)
{
	struct known_file *file = pointer;

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

static struct known_file *know(struct verify_files *files, const char *name)
{
	struct known_file *known = g_hash_table_lookup(files->by_name, name);

	if (known != NULL)
		return known;
	char *key = g_strdup(name);
	known = g_new0(struct known_file, 1);
	known->prefixes = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	g_hash_table_insert(files->by_name, key, known);
	g_ptr_array_add(files->names, key);
	return known;
}

static void add_prefix(struct known_file *known, const struct chain_file *file,
		       const struct chain_entry *entry)
{
	struct prefix prefix = {file->bytes, entry->t_us, ""};

	memcpy(prefix.sha256, file->sha256, sizeof prefix.sha256);
	g_array_append_val(known->prefixes, prefix);
}

bool verify_files_add_final(struct verify_files *files, const struct chain_file *file,
			    const struct chain_entry *entry)
{
	struct known_file *known = know(files, file->name);

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
			     const struct chain_entry *entry)
{
	struct known_file *known = know(files, file->name);

	add_prefix(known, file, entry);
	if (!known->is_final) {
		known->segment = entry->number;
		known->end_us = entry->t_us;
	}
}

/* A checkpoint that the bytes read so far disagree with. NULL: all hold up to here. */
struct check {
	struct digest *digest;
	const GArray *prefixes;
	unsigned next;
	const struct prefix *broken;
};

static uint64_t next_stop(const struct check *c)
{
	return c->next < c->prefixes->len ? g_array_index(c->prefixes, struct prefix, c->next).bytes
					  : UINT64_MAX;
}

static void pass_stops(struct check *c)
{
	char hex[DIGEST_HEX_BYTES];

	while (next_stop(c) == digest_bytes(c->digest)) {
		const struct prefix *p = &g_array_index(c->prefixes, struct prefix, c->next++);
		digest_hex(c->digest, hex);
		if (strcmp(hex, p->sha256) != 0 && c->broken == NULL)
			c->broken = p;
	}
}

static void add_with_stops(struct check *c, const uint8_t *bytes, size_t length)
{
	pass_stops(c);
	while (length > 0) {
		size_t n = (size_t)MIN((uint64_t)length, next_stop(c) - digest_bytes(c->digest));
		digest_add(c->digest, bytes, n);
		bytes += n;
		length -= n;
		pass_stops(c);
	}
}

static int hash_file(struct reader_file *file, struct check *c)
{
	g_autofree uint8_t *buffer = g_malloc(READ_BYTES);
	ssize_t n;

	pass_stops(c);
	while ((n = reader_file_pread(file, buffer, READ_BYTES, digest_bytes(c->digest))) > 0)
		add_with_stops(c, buffer, (size_t)n);
	return (int)n;
}

/* The findings about one file share what they are about. */
struct judge {
	const char *name;
	const struct known_file *known;
	struct verify_report *report;
};

#define SAY(j, class, ...)                                                                         \
	verify_report_add((j)->report, class, (j)->known->segment, (j)->known->start_us,           \
			  (j)->known->end_us, __VA_ARGS__)

/* False: told that it has more or less than the entry says. */
static bool judge_length(const struct judge *j, uint64_t bytes)
{
	uint64_t signed_bytes = j->known->final.bytes + j->known->final.tail_bytes;

	if (bytes == signed_bytes)
		return true;
	SAY(j, VERIFY_BROKEN, "%s has %" G_GUINT64_FORMAT " bytes, signed were %" G_GUINT64_FORMAT,
	    j->name, bytes, signed_bytes);
	return false;
}

static void judge_final(const struct judge *j, const struct check *c)
{
	char hex[DIGEST_HEX_BYTES];
	bool tail = j->known->final.tail_bytes > 0;

	digest_hex(c->digest, hex);
	if (!judge_length(j, digest_bytes(c->digest)))
		return;
	if (!tail && strcmp(hex, j->known->final.sha256) != 0)
		SAY(j, VERIFY_BROKEN, "the content of %s is not what was signed", j->name);
	else if (c->broken != NULL || c->next < c->prefixes->len)
		SAY(j, VERIFY_BROKEN,
		    "a checkpoint over %s says something else than its final entry", j->name);
	else if (tail)
		SAY(j, VERIFY_INCOMPLETE,
		    "the last %" G_GUINT64_FORMAT " bytes of %s were written before a crash that "
		    "took their key: they are not signed",
		    j->known->final.tail_bytes, j->name);
}

static void judge_open(const struct judge *j, const struct check *c)
{
	if (c->broken != NULL)
		verify_report_add(j->report, VERIFY_BROKEN, j->known->segment, j->known->start_us,
				  c->broken->t_us,
				  "the content of %s is not what the checkpoint at %.1f s covers",
				  j->name, (double)c->broken->t_us / 1e6);
	else if (c->next < c->prefixes->len)
		SAY(j, VERIFY_BROKEN, "%s is shorter than its last checkpoint", j->name);
	else
		SAY(j, VERIFY_INCOMPLETE,
		    "%s is not closed; it is proven up to the checkpoint at %.1f s", j->name,
		    (double)j->known->end_us / 1e6);
}

/* Without a key the lengths can still be compared. */
static void judge_unread(const struct judge *j, struct reader_file *file)
{
	uint64_t bytes = 0, last = 0;
	const GArray *prefixes = j->known->prefixes;

	if (prefixes->len > 0)
		last = g_array_index(prefixes, struct prefix, prefixes->len - 1).bytes;
	int result = reader_file_size(file, &bytes);
	if (result < 0)
		SAY(j, VERIFY_BROKEN, "%s cannot be read: %s", j->name, g_strerror(-result));
	else if (j->known->is_final)
		judge_length(j, bytes);
	else if (bytes < last)
		SAY(j, VERIFY_BROKEN, "%s is shorter than its last checkpoint", j->name);
}

static void judge_torn(const struct judge *j, struct reader_file *file)
{
	uint64_t bytes;

	if (j->known->is_final && reader_file_torn_bytes(file, &bytes) == 0 && bytes > 0)
		SAY(j, VERIFY_BROKEN,
		    "the last %" G_GUINT64_FORMAT " bytes of %s on the disk are no whole record",
		    bytes, j->name);
}

static void judge_file(struct verify_files *files, const struct judge *j, struct reader_file *file)
{
	struct check c = {digest_create(), j->known->prefixes, 0, NULL};
	int result = hash_file(file, &c);

	if (result == -ENOKEY) {
		files->n_unread++;
		judge_unread(j, file);
	} else if (result == -EBADMSG)
		SAY(j, VERIFY_BROKEN,
		    "the content of %s is not what was written: a record was changed, moved or "
		    "taken out",
		    j->name);
	else if (result < 0)
		SAY(j, VERIFY_BROKEN, "%s cannot be read: %s", j->name, g_strerror(-result));
	else if (j->known->is_final)
		judge_final(j, &c);
	else
		judge_open(j, &c);
	judge_torn(j, file);
	digest_destroy(c.digest);
}

/* What an entry calls finished must lie there under its final name. */
static int open_known(const struct reader *reader, const char *name, const struct known_file *known,
		      struct reader_file **ret_file)
{
	int result = reader_file_open(reader, name, ret_file);

	if (result == 0 && known->is_final && reader_file_growing(*ret_file)) {
		reader_file_close(*ret_file);
		result = -ENOENT;
	}
	return result;
}

/* Returns the bytes that are proven. */
static uint64_t check_file(struct verify_files *files, const struct reader *reader,
			   const char *name, struct verify_report *report)
{
	const struct known_file *known = g_hash_table_lookup(files->by_name, name);
	const struct judge judge = {name, known, report};
	struct reader_file *file;
	int result = open_known(reader, name, known, &file);

	if (result < 0) {
		SAY(&judge, VERIFY_BROKEN, "%s is missing or cannot be read: %s", name,
		    g_strerror(-result));
		return 0;
	}
	unsigned n_findings = report->findings->len, n_unread = files->n_unread;
	judge_file(files, &judge, file);
	reader_file_close(file);
	bool proven = known->is_final && report->findings->len == n_findings &&
		      files->n_unread == n_unread;
	return proven ? known->final.bytes : 0;
}

static bool is_known(const struct verify_files *files, const struct reader_entry *entry,
		     bool sealed)
{
	if (strcmp(entry->disk_name, CHAIN_FILE) == 0 || verify_stamps_is_name(entry->disk_name))
		return true;
	const struct known_file *known = g_hash_table_lookup(files->by_name, entry->name);
	return known != NULL && (!entry->growing || (!sealed && !known->is_final));
}

/* While a recording runs its newest files are not in the chain yet: that is unproven, in a sealed one it is foreign. Of two files with one name only the
 * first was checked. */
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

/* All sealed data keys are gone, one and all: that is how a recording is deleted. If some are left, the others were lost. */
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
