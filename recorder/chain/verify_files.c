/* Compares the files of a recording with what its chain says about them, each file read once. It must not judge the chain itself. */
#include "recorder/chain/verify_files.h"

#include "recorder/chain/verify_report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)
#define PART_SUFFIX ".part"

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

static int hash_file(int fd, struct check *c)
{
	g_autofree uint8_t *buffer = g_malloc(READ_BYTES);
	ssize_t n;

	pass_stops(c);
	while ((n = read(fd, buffer, READ_BYTES)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			add_with_stops(c, buffer, (size_t)n);
	}
	return 0;
}

/* Only plain files: a link could point at anything. */
static int open_file(int dir_fd, const char *name, bool maybe_part)
{
	g_autofree char *part = g_strconcat(name, PART_SUFFIX, NULL);
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT && maybe_part)
		fd = openat(dir_fd, part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
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

static uint64_t check_file(int dir_fd, const char *name, const struct known_file *known,
			   struct verify_report *report)
{
	int fd = open_file(dir_fd, name, !known->is_final);

	if (fd < 0) {
		verify_report_add(report, VERIFY_BROKEN, known->segment, known->start_us,
				  known->end_us, "%s is missing or cannot be read: %s", name,
				  g_strerror(-fd));
		return 0;
	}
	struct check c = {digest_create(), known->prefixes, 0, NULL};
	unsigned before = report->findings->len;
	int result = hash_file(fd, &c);
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
	close(fd);
	return proven;
}

static bool is_known(const struct verify_files *files, const char *name, bool sealed)
{
	g_autofree char *base = g_strdup(name);

	if (strcmp(name, CHAIN_FILE) == 0)
		return true;
	const struct known_file *known = g_hash_table_lookup(files->by_name, name);
	if (known != NULL)
		return true;
	if (sealed || !g_str_has_suffix(base, PART_SUFFIX))
		return false;
	base[strlen(base) - strlen(PART_SUFFIX)] = '\0';
	known = g_hash_table_lookup(files->by_name, base);
	return known != NULL && !known->is_final;
}

/* While a recording runs its newest files are not in the chain yet: that is unproven, in a sealed one it is foreign. */
static void check_extra(const struct verify_files *files, const char *dir, bool sealed,
			struct verify_report *report)
{
	g_autoptr(GDir) listing = g_dir_open(dir, 0, NULL);
	const char *name;

	while (listing != NULL && (name = g_dir_read_name(listing)) != NULL)
		if (!is_known(files, name, sealed))
			verify_report_add(
				report, sealed ? VERIFY_BROKEN : VERIFY_INCOMPLETE, 0, 0, 0,
				"%s lies in the recording, but no entry of the chain knows it",
				name);
}

uint64_t verify_files_check(struct verify_files *files, const char *dir, bool sealed,
			    struct verify_report *report)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t proven = 0;

	for (unsigned i = 0; dir_fd >= 0 && i < files->names->len; i++) {
		const char *name = g_ptr_array_index(files->names, i);
		proven +=
			check_file(dir_fd, name, g_hash_table_lookup(files->by_name, name), report);
	}
	if (dir_fd >= 0)
		close(dir_fd);
	check_extra(files, dir, sealed, report);
	return proven;
}
