/* Finds and opens the records of one encrypted file. It must not trust a length before it was
 * compared with the file's, nor a byte before its tag was. */
#include "recorder/reader/reader_crypt.h"

#include "recorder/reader/reader_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Ten minutes of events at the highest rate that is written have a tenth of it. */
#define RECORDS_MAX (4u << 20)
#define NO_RECORD UINT_MAX

struct record {
	uint64_t disk_offset, plain_offset;
};

struct reader_crypt {
	const struct reader *reader;
	unsigned key_kind; /**< 0 or READER_KEYSTROKE_KEY */
	int fd;
	char *name;
	struct crypt_file_id id;      /**< valid once there are records */
	struct crypt_cipher *cipher;  /**< NULL until the first byte is read */
	GArray *records;	      /**< struct record */
	uint64_t disk_end, plain_end; /**< of the last whole record */
	unsigned cached;	      /**< the record whose bytes are in `plain` */
	GByteArray *sealed, *plain;
};

struct reader_crypt *reader_crypt_create(const struct reader *reader, int fd, const char *name,
					 bool keystrokes)
{
	struct reader_crypt *c = g_new0(struct reader_crypt, 1);

	c->reader = reader;
	c->key_kind = keystrokes ? READER_KEYSTROKE_KEY : 0;
	c->fd = fd;
	c->name = g_strdup(name);
	c->records = g_array_new(FALSE, FALSE, sizeof(struct record));
	c->cached = NO_RECORD;
	c->sealed = g_byte_array_new();
	c->plain = g_byte_array_new();
	return c;
}

void reader_crypt_destroy(struct reader_crypt *crypt)
{
	if (crypt == NULL)
		return;
	crypt_cipher_destroy(crypt->cipher);
	g_array_unref(crypt->records);
	g_byte_array_unref(crypt->sealed);
	g_byte_array_unref(crypt->plain);
	g_free(crypt->name);
	g_free(crypt);
}

/* ---- Finding records ---- */

static int read_exactly(int fd, void *buffer, size_t length, uint64_t offset)
{
	ssize_t n = reader_read_fd(fd, buffer, length, offset);

	if (n < 0)
		return (int)n;
	return (size_t)n == length ? 0 : -EBADMSG;
}

static int read_header(struct reader_crypt *c)
{
	uint8_t header[CRYPT_HEADER_BYTES];
	int result = read_exactly(c->fd, header, sizeof header, 0);

	if (result == 0)
		result = crypt_header_read(header, c->name, &c->id);
	if (result == 0 && c->reader->session_id != NULL &&
	    g_ascii_strcasecmp(c->reader->session_id, c->id.session_id) != 0)
		result = -EBADMSG;
	if (result == 0)
		c->disk_end = CRYPT_HEADER_BYTES;
	return result;
}

/* False: no whole record lies behind those that are known. */
static bool find_next(struct reader_crypt *c, uint64_t disk_bytes)
{
	uint8_t header[CRYPT_RECORD_HEADER_BYTES];
	const struct record record = {c->disk_end, c->plain_end};

	if (disk_bytes - c->disk_end <= CRYPT_RECORD_OVERHEAD_BYTES ||
	    read_exactly(c->fd, header, sizeof header, c->disk_end) < 0)
		return false;
	size_t length = crypt_record_length(header);
	if (length == 0 || length > disk_bytes - c->disk_end - CRYPT_RECORD_OVERHEAD_BYTES)
		return false;
	g_array_append_val(c->records, record);
	c->disk_end += length + CRYPT_RECORD_OVERHEAD_BYTES;
	c->plain_end += length;
	return true;
}

int reader_crypt_size(struct reader_crypt *crypt, uint64_t *ret_plain_bytes,
		      uint64_t *ret_disk_bytes)
{
	struct reader_crypt *c = crypt;
	struct stat st;
	int result = fstat(c->fd, &st) == 0 ? 0 : -errno;

	*ret_disk_bytes = result == 0 ? (uint64_t)st.st_size : 0;
	/* A file that was made this moment has no header yet. */
	if (result == 0 && c->disk_end == 0 && *ret_disk_bytes >= CRYPT_HEADER_BYTES)
		result = read_header(c);
	while (result == 0 && c->disk_end > 0 && *ret_disk_bytes > c->disk_end &&
	       find_next(c, *ret_disk_bytes))
		if (c->records->len > RECORDS_MAX)
			result = -EFBIG;
	*ret_plain_bytes = c->plain_end;
	return result;
}

unsigned reader_crypt_key_number(struct reader_crypt *crypt)
{
	uint64_t plain_bytes, disk_bytes;

	return reader_crypt_size(crypt, &plain_bytes, &disk_bytes) == 0 ? crypt->id.key_number : 0;
}

/* ---- Opening them ---- */

static unsigned record_at(const struct reader_crypt *c, uint64_t offset)
{
	unsigned low = 0, high = c->records->len;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;
		if (g_array_index(c->records, struct record, middle).plain_offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int load_key(struct reader_crypt *c)
{
	struct data_key *key;

	if (c->cipher != NULL)
		return 0;
	int result = reader_data_key(c->reader, c->id.key_number | c->key_kind, &key);
	if (result == 0) {
		c->cipher = crypt_cipher_create(key, &c->id);
		data_key_unref(key);
	}
	return result;
}

static uint64_t plain_end_of(const struct reader_crypt *c, unsigned number)
{
	return number + 1 < c->records->len
		       ? g_array_index(c->records, struct record, number + 1).plain_offset
		       : c->plain_end;
}

static int load_record(struct reader_crypt *c, unsigned number)
{
	const struct record *record = &g_array_index(c->records, struct record, number);
	const struct crypt_place place = {number, record->plain_offset};
	size_t length = (size_t)(plain_end_of(c, number) - record->plain_offset);
	int result = load_key(c);

	if (result < 0 || number == c->cached)
		return result;
	c->cached = NO_RECORD;
	g_byte_array_set_size(c->sealed, (guint)length + CRYPT_RECORD_OVERHEAD_BYTES);
	g_byte_array_set_size(c->plain, (guint)length);
	result = read_exactly(c->fd, c->sealed->data, c->sealed->len, record->disk_offset);
	/* Somebody may write to the file while we read. */
	if (result == 0 && crypt_record_length(c->sealed->data) != length)
		result = -EBADMSG;
	if (result == 0)
		result = crypt_record_open(c->cipher, &place, c->sealed->data, c->plain->data);
	if (result == 0)
		c->cached = number;
	return result;
}

ssize_t reader_crypt_pread(struct reader_crypt *crypt, void *buffer, size_t length, uint64_t offset)
{
	uint64_t plain_bytes, unused;
	int result = reader_crypt_size(crypt, &plain_bytes, &unused);
	uint8_t *at = buffer;
	size_t done = 0;

	while (result == 0 && done < length && offset + done < plain_bytes) {
		unsigned number = record_at(crypt, offset + done);
		result = load_record(crypt, number);
		if (result < 0)
			break;
		size_t skip =
			(size_t)(offset + done -
				 g_array_index(crypt->records, struct record, number).plain_offset);
		size_t n = MIN(length - done, crypt->plain->len - skip);
		memcpy(at + done, crypt->plain->data + skip, n);
		done += n;
	}
	return done > 0 ? (ssize_t)done : result;
}

int reader_crypt_place(struct reader_crypt *crypt, uint64_t offset, uint64_t *ret_disk_bytes)
{
	uint64_t plain_bytes, unused;
	int result = reader_crypt_size(crypt, &plain_bytes, &unused);

	*ret_disk_bytes = crypt->disk_end;
	if (result < 0 || offset == plain_bytes)
		return result;
	if (offset > plain_bytes || crypt->records->len == 0)
		return -EINVAL;
	const struct record *record =
		&g_array_index(crypt->records, struct record, record_at(crypt, offset));
	*ret_disk_bytes = record->disk_offset;
	return record->plain_offset == offset ? 0 : -EINVAL;
}
