/* Reads a file of a recording once and compares it with its final entry and with every checkpoint
 * on the way. It must not know the other files. */
#include "recorder/chain/verify_file.h"

#include "recorder/chain/verify_report.h"

#include <errno.h>
#include <string.h>

#define READ_BYTES (256u << 10)

/* A checkpoint that the bytes read so far disagree with. NULL: all hold up to here. */
struct check {
	struct digest *digest;
	const GArray *prefixes;
	unsigned next;
	const struct verify_prefix *broken;
};

static uint64_t next_stop(const struct check *c)
{
	return c->next < c->prefixes->len
		       ? g_array_index(c->prefixes, struct verify_prefix, c->next).bytes
		       : UINT64_MAX;
}

static void pass_stops(struct check *c)
{
	char hex[DIGEST_HEX_BYTES];

	while (next_stop(c) == digest_bytes(c->digest)) {
		const struct verify_prefix *p =
			&g_array_index(c->prefixes, struct verify_prefix, c->next++);
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
	const struct verify_known_file *known;
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
		last = g_array_index(prefixes, struct verify_prefix, prefixes->len - 1).bytes;
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

/* False: nobody here can read it. */
static bool judge_file(const struct judge *j, struct reader_file *file)
{
	struct check c = {digest_create(), j->known->prefixes, 0, NULL};
	int result = hash_file(file, &c);

	if (result == -ENOKEY)
		judge_unread(j, file);
	else if (result == -EBADMSG)
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
	return result != -ENOKEY;
}

/* What an entry calls finished must lie there under its final name. */
static int open_known(const struct reader *reader, const char *name,
		      const struct verify_known_file *known, struct reader_file **ret_file)
{
	int result = reader_file_open(reader, name, ret_file);

	if (result == 0 && known->is_final && reader_file_growing(*ret_file)) {
		reader_file_close(*ret_file);
		result = -ENOENT;
	}
	return result;
}

enum verify_file_result verify_file_check(const struct reader *reader, const char *name,
					  const struct verify_known_file *known,
					  struct verify_report *report)
{
	const struct judge judge = {name, known, report};
	unsigned n_findings = report->findings->len;
	struct reader_file *file;
	int result = open_known(reader, name, known, &file);

	if (result < 0) {
		SAY(&judge, VERIFY_BROKEN, "%s is missing or cannot be read: %s", name,
		    g_strerror(-result));
		return VERIFY_FILE_FOUND;
	}
	bool read = judge_file(&judge, file);
	reader_file_close(file);
	if (!read)
		return VERIFY_FILE_UNREAD;
	return known->is_final && report->findings->len == n_findings ? VERIFY_FILE_PROVEN
								      : VERIFY_FILE_FOUND;
}
