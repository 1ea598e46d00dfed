/* Headers, contents and padding of an archive, block by block. It must not know which names belong
 * there. */
#include "evidence/tar_read.h"

#include "evidence/layout.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BLOCK EVIDENCE_BLOCK_BYTES

/* Fields of a ustar header (IEEE Std 1003.1-1988, 10.1.1): offset and length. */
enum {
	NAME_AT = 0,
	NAME_BYTES = 100,
	SIZE_AT = 124,
	SIZE_DIGITS = 11,
	CHECKSUM_AT = 148,
	CHECKSUM_BYTES = 8,
	TYPE_AT = 156,
	MAGIC_AT = 257,
	PREFIX_AT = 345,
	PREFIX_BYTES = 155
};

struct tar_read {
	int fd;
	uint64_t at, end;
	uint64_t left, padding; /**< of the current entry */
	bool ended;
};

struct tar_read *tar_read_create(int fd, uint64_t offset, uint64_t bytes)
{
	struct tar_read *tar = g_new0(struct tar_read, 1);

	tar->fd = fd;
	tar->at = offset;
	tar->end = offset + bytes;
	return tar;
}

void tar_read_destroy(struct tar_read *tar)
{
	g_free(tar);
}

static ssize_t read_some(struct tar_read *tar, void *buffer, size_t length)
{
	size_t wanted = (size_t)MIN((uint64_t)length, tar->end - tar->at);
	ssize_t n;

	do
		n = pread(tar->fd, buffer, wanted, (off_t)tar->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	tar->at += (uint64_t)n;
	return n;
}

static int read_block(struct tar_read *tar, uint8_t *block, size_t length)
{
	for (size_t have = 0; have < length;) {
		ssize_t n = read_some(tar, block + have, length - have);
		if (n <= 0)
			return n < 0 ? (int)n : -EPROTO;
		have += (size_t)n;
	}
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
	return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

static bool read_octal(const uint8_t *digits, unsigned n, uint64_t *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < n; i++) {
		if (digits[i] < '0' || digits[i] > '7')
			return false;
		*ret = *ret << 3 | (uint64_t)(digits[i] - '0');
	}
	return true;
}

static bool checksum_holds(const uint8_t *header)
{
	uint64_t said, sum = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		sum += i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_BYTES ? ' ' : header[i];
	return read_octal(header + CHECKSUM_AT, 6, &said) && said == sum &&
	       header[CHECKSUM_AT + 6] == 0 && header[CHECKSUM_AT + 7] == ' ';
}

static bool parse_header(const uint8_t *header, struct tar_entry *ret)
{
	const uint8_t end = header[SIZE_AT + SIZE_DIGITS];
	size_t name_bytes = strnlen((const char *)header + NAME_AT, NAME_BYTES);

	memcpy(ret->name, header + NAME_AT, name_bytes);
	ret->name[name_bytes] = '\0';
	return checksum_holds(header) && name_bytes > 0 &&
	       memcmp(header + MAGIC_AT,
		      "ustar\0"
		      "00",
		      8) == 0 &&
	       header[TYPE_AT] == '0' && is_zero(header + PREFIX_AT, PREFIX_BYTES) &&
	       read_octal(header + SIZE_AT, SIZE_DIGITS, &ret->bytes) && (end == ' ' || end == 0);
}

static int skip_entry(struct tar_read *tar)
{
	uint8_t block[BLOCK];

	if (tar->left + tar->padding > tar->end - tar->at)
		return -EPROTO;
	tar->at += tar->left;
	tar->left = 0;
	int result = read_block(tar, block, (size_t)tar->padding);
	if (result == 0 && !is_zero(block, (size_t)tar->padding))
		result = -EPROTO;
	tar->padding = 0;
	return result;
}

/* Behind the last entry there are two blocks of zeros or more, and nothing else. */
static int read_end(struct tar_read *tar)
{
	uint8_t block[BLOCK];

	if (tar->at == tar->end)
		return -EPROTO;
	while (tar->at < tar->end) {
		int result = read_block(tar, block, BLOCK);
		if (result < 0)
			return result;
		if (!is_zero(block, BLOCK))
			return -EPROTO;
	}
	tar->ended = true;
	return 0;
}

int tar_read_next(struct tar_read *tar, struct tar_entry *ret)
{
	uint8_t header[BLOCK];

	if (tar->ended)
		return 0;
	int result = skip_entry(tar);
	if (result == 0)
		result = read_block(tar, header, BLOCK);
	if (result < 0)
		return result;
	if (is_zero(header, BLOCK))
		return read_end(tar);
	if (!parse_header(header, ret))
		return -EPROTO;
	tar->left = ret->bytes;
	tar->padding = (BLOCK - ret->bytes % BLOCK) % BLOCK;
	return 1;
}

ssize_t tar_read_data(struct tar_read *tar, void *buffer, size_t length)
{
	ssize_t n = read_some(tar, buffer, (size_t)MIN((uint64_t)length, tar->left));

	if (n > 0)
		tar->left -= (uint64_t)n;
	return n == 0 && tar->left > 0 && length > 0 ? -EPROTO : n;
}
