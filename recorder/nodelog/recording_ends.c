/* Reads the ends of a chain. It must not judge more of them than whose word they are. */
#include "recorder/nodelog/recording_ends.h"

#include "recorder/chain/chain_reader.h"
#include "recorder/chain/tombstone.h"
#include "recorder/reader/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Whose word the ends have to be. */
struct ends_judge {
	const struct verify_trust *keys; /**< NULL: whose they are does not matter */
	char *pem; /**< the recording's own certificate; NULL: there is none */
	/** the same, once the genesis named it: older keys of this node are known by nothing
	 *  else */
	struct verify_trust *own;
};

static bool holds(const struct verify_trust *trust, const char *line, size_t length)
{
	struct signed_line parts;

	return trust != NULL && signed_line_parse(line, length, &parts) == 0 &&
	       verify_trust_signer(trust, &parts) >= 0;
}

/* Under one key from beginning to end: whoever puts a seal behind what we signed has to
 * have signed its genesis. */
static bool is_signed(struct ends_judge *judge, const struct chain_entry *entry, const char *line,
		      size_t length)
{
	char hex[DIGEST_HEX_BYTES];

	if (judge->keys == NULL)
		return true;
	if (entry->kind == CHAIN_GENESIS && judge->pem != NULL &&
	    !holds(judge->keys, line, length)) {
		digest_hex_of(judge->pem, strlen(judge->pem), hex);
		if (strcmp(hex, entry->files[0].sha256) == 0)
			judge->own = verify_trust_create(judge->pem);
	}
	return holds(judge->own != NULL ? judge->own : judge->keys, line, length);
}

static void note_line(const char *line, size_t length, struct ends_judge *judge,
		      struct recording_ends *ret)
{
	struct chain_entry entry;

	if (chain_entry_parse(line, length, &entry) < 0)
		return;
	if ((entry.kind == CHAIN_GENESIS || entry.kind == CHAIN_SEAL) &&
	    !is_signed(judge, &entry, line, length)) {
		ret->foreign_chain = true;
		chain_entry_clear(&entry);
		return;
	}
	if (entry.kind == CHAIN_GENESIS && ret->utc == NULL) {
		memcpy(ret->genesis, entry.hash, sizeof ret->genesis);
		ret->utc = g_strdup(entry.utc);
	}
	if (entry.kind == CHAIN_SEAL) {
		memcpy(ret->seal, entry.hash, sizeof ret->seal);
		ret->seal_seq = entry.seq;
	}
	chain_entry_clear(&entry);
}

static void note_chain(const char *text, size_t length, struct ends_judge *judge,
		       struct recording_ends *ret)
{
	const char *end = length > 0 ? memrchr(text, '\n', length) : NULL;

	if (end == NULL)
		return;
	const char *first = memchr(text, '\n', length);
	note_line(text, (size_t)(first - text), judge, ret);
	const char *before = first < end ? memrchr(text, '\n', (size_t)(end - text)) : NULL;
	if (before != NULL && !ret->foreign_chain)
		note_line(before + 1, (size_t)(end - before - 1), judge, ret);
}

/* Anybody who may write to the disk can put a file there; whose word it is, only its signature
 * says. */
static bool is_ours(const struct tombstone *tombstone, const struct signed_line *line,
		    const char *session_id, const struct verify_trust *keys, int *ret_signer)
{
	*ret_signer = keys != NULL ? verify_trust_signer(keys, line) : -1;
	return keys == NULL ||
	       (g_ascii_strcasecmp(tombstone->session, session_id) == 0 && *ret_signer >= 0);
}

static void note_tombstone(const struct reader *reader, const char *session_id,
			   const struct verify_trust *keys, struct recording_ends *ret)
{
	struct tombstone tombstone;
	struct signed_line line;
	const char *pem;
	g_autofree uint8_t *bytes = NULL;
	size_t length;

	if (reader_read(reader, TOMBSTONE_FILE, TOMBSTONE_MAX_BYTES, &bytes, &length) < 0)
		return;
	int result = tombstone_parse((const char *)bytes, length, &tombstone, &line, &pem);
	ret->foreign_tombstone = result == -EPROTO;
	if (result == 0 && is_ours(&tombstone, &line, session_id, keys, &ret->tombstone_signer)) {
		digest_hex_of(line.json, line.json_bytes, ret->tombstone);
		ret->tombstone_utc = g_strdup(tombstone.utc);
	} else if (result == 0) {
		ret->foreign_tombstone = true;
	}
	tombstone_clear(&tombstone);
}

static char *read_certificate(const struct reader *reader)
{
	uint8_t *bytes = NULL;
	size_t length;

	if (reader_read(reader, CHAIN_CERTIFICATE_FILE, CHAIN_CERTIFICATE_MAX_BYTES, &bytes,
			&length) < 0)
		return NULL;
	char *text = g_strndup((const char *)bytes, length);
	g_free(bytes);
	return text;
}

int recording_ends_read(const char *store_dir, const char *session_id,
			const struct verify_trust *keys, struct recording_ends *ret)
{
	struct reader *reader;
	g_autofree uint8_t *bytes = NULL;
	size_t length = 0;
	int result = reader_open_session(store_dir, session_id, NULL, &reader);

	*ret = (struct recording_ends){0};
	if (result < 0)
		return result;
	result = reader_read(reader, CHAIN_FILE, CHAIN_MAX_BYTES, &bytes, &length);
	if (result == 0) {
		struct ends_judge judge = {.keys = keys};
		if (keys != NULL)
			judge.pem = read_certificate(reader);
		note_chain((const char *)bytes, length, &judge, ret);
		verify_trust_destroy(judge.own);
		g_free(judge.pem);
	}
	note_tombstone(reader, session_id, keys, ret);
	reader_close(reader);
	return result;
}

void recording_ends_clear(struct recording_ends *ends)
{
	g_free(ends->utc);
	g_free(ends->tombstone_utc);
	*ends = (struct recording_ends){0};
}

int recording_ends_sync(const char *store_dir, const char *session_id)
{
	g_autofree char *path = g_build_filename(store_dir, session_id, CHAIN_FILE, NULL);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int result = fdatasync(fd) == 0 ? 0 : -errno;
	close(fd);
	return result;
}
