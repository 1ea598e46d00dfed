/* Compares the files of a recording with what its chain says about them, each file read once. It must not judge the chain itself. */
#include "recorder/chain/verify_files.h"

#include "recorder/chain/tombstone.h"

#include "recorder/chain/verify_report.h"
#include "recorder/chain/verify_stamps.h"

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

bool verify_files_add_final(struct verify_files *files, const struct chain_file *file,
			    const struct chain_entry *entry)
{
	struct known_file *known = know(files, file->name);

	if (known->is_final)
		return known->final.bytes == file->bytes &&
		       strcmp(known->final.sha256, file->sha256) == 0;
	known->final = *file;
	known->is_final = true;
	known->segment = entry->number;
	known->start_us = entry->start_us;
	known->end_us = entry->end_us;
	return true;
}

void verify_files_add_prefix(struct verify_files *files, const struct chain_file *file,
			     const struct chain_entry *entry)
{
	struct known_file *known = know(files, file->name);
	struct prefix prefix = {file->bytes, entry->t_us, ""};

	memcpy(prefix.sha256, file->sha256, sizeof prefix.sha256);
	g_array_append_val(known->prefixes, prefix);
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

static void judge_final(const char *name, const struct known_file *known, const struct check *c,
			struct verify_report *report)
{
	char hex[DIGEST_HEX_BYTES];
	uint64_t bytes = digest_bytes(c->digest);

	digest_hex(c->digest, hex);
	if (bytes != known->final.bytes)
		verify_report_add(
			report, VERIFY_BROKEN, known->segment, known->start_us, known->end_us,
			"%s has %" G_GUINT64_FORMAT " bytes, signed were %" G_GUINT64_FORMAT, name,
			bytes, known->final.bytes);
	else if (strcmp(hex, known->final.sha256) != 0)
		verify_report_add(report, VERIFY_BROKEN, known->segment, known->start_us,
				  known->end_us, "the content of %s is not what was signed", name);
	else if (c->broken != NULL || c->next < c->prefixes->len)
		verify_report_add(
			report, VERIFY_BROKEN, known->segment, known->start_us, known->end_us,
			"a checkpoint over %s says something else than its final entry", name);
}

static void judge_open(const char *name, const struct known_file *known, const struct check *c,
		       struct verify_report *report)
{
	if (c->broken != NULL)
		verify_report_add(report, VERIFY_BROKEN, known->segment, known->start_us,
				  c->broken->t_us,
				  "the content of %s is not what the checkpoint at %.1f s covers",
				  name, (double)c->broken->t_us / 1e6);
	else if (c->next < c->prefixes->len)
		verify_report_add(report, VERIFY_BROKEN, known->segment, known->start_us,
				  known->end_us, "%s is shorter than its last checkpoint", name);
	else
		verify_report_add(report, VERIFY_INCOMPLETE, known->segment, known->start_us,
				  known->end_us,
				  "%s is not closed; it is proven up to the checkpoint at %.1f s",
				  name, (double)known->end_us / 1e6);
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

static uint64_t check_file(const struct reader *reader, const char *name,
			   const struct known_file *known, struct verify_report *report)
{
	struct reader_file *file;
	int result = open_known(reader, name, known, &file);

	if (result < 0) {
		verify_report_add(report, VERIFY_BROKEN, known->segment, known->start_us,
				  known->end_us, "%s is missing or cannot be read: %s", name,
				  g_strerror(-result));
		return 0;
	}
	struct check c = {digest_create(), known->prefixes, 0, NULL};
	unsigned before = report->findings->len;
	result = hash_file(file, &c);
	if (result < 0)
		verify_report_add(report, VERIFY_BROKEN, known->segment, known->start_us,
				  known->end_us, "%s cannot be read: %s", name,
				  g_strerror(-result));
	else if (known->is_final)
		judge_final(name, known, &c, report);
	else
		judge_open(name, known, &c, report);
	uint64_t proven =
		known->is_final && report->findings->len == before ? known->final.bytes : 0;
	digest_destroy(c.digest);
	reader_file_close(file);
	return proven;
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

uint64_t verify_files_check(struct verify_files *files, const struct reader *reader, bool sealed,
			    struct verify_report *report)
{
	uint64_t proven = 0;

	for (unsigned i = 0; i < files->names->len; i++) {
		const char *name = g_ptr_array_index(files->names, i);
		proven +=
			check_file(reader, name, g_hash_table_lookup(files->by_name, name), report);
	}
	check_extra(files, reader, sealed, report);
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
	const struct known_file *certificate =
		g_hash_table_lookup(files->by_name, CHAIN_CERTIFICATE_FILE);
	g_autoptr(GPtrArray) entries = NULL;

	if (certificate != NULL)
		check_file(reader, CHAIN_CERTIFICATE_FILE, certificate, report);
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
