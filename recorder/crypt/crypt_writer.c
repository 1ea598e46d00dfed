/* Places and nonces of the records of a file that grows. It must not know the disk. */
#include "recorder/crypt/crypt_writer.h"

struct crypt_writer {
	struct data_key *key;
	struct crypt_file_id id;
	struct crypt_cipher *cipher;
	struct crypt_place written,
		sealed; /**< behind what lies on the disk; behind what was sealed for it */
	GByteArray *bytes;
};

struct crypt_writer *crypt_writer_create(struct data_key *key, const struct crypt_file_id *id)
{
	struct crypt_writer *writer = g_new0(struct crypt_writer, 1);

	writer->key = data_key_ref(key);
	writer->id = *id;
	writer->cipher = crypt_cipher_create(key, id);
	writer->bytes = g_byte_array_new();
	return writer;
}

void crypt_writer_destroy(struct crypt_writer *writer)
{
	if (writer == NULL)
		return;
	crypt_cipher_destroy(writer->cipher);
	data_key_unref(writer->key);
	g_byte_array_unref(writer->bytes);
	g_free(writer);
}

static int seal_piece(struct crypt_writer *writer, const uint8_t *plain, size_t length)
{
	GByteArray *bytes = writer->bytes;
	guint at = bytes->len;

	g_byte_array_set_size(bytes, at + (guint)length + CRYPT_RECORD_OVERHEAD_BYTES);
	int result =
		crypt_record_seal(writer->cipher, &writer->sealed, data_key_next_nonce(writer->key),
				  plain, length, bytes->data + at);
	writer->sealed.number++;
	writer->sealed.offset += length;
	return result;
}

int crypt_writer_seal(struct crypt_writer *writer, const void *plain, size_t length,
		      const GByteArray **ret_bytes)
{
	const uint8_t *at = plain;
	int result = 0;

	writer->sealed = writer->written;
	g_byte_array_set_size(writer->bytes, 0);
	if (writer->written.number == 0) {
		g_byte_array_set_size(writer->bytes, CRYPT_HEADER_BYTES);
		crypt_header_write(&writer->id, writer->bytes->data);
	}
	for (size_t n; length > 0 && result == 0; at += n, length -= n) {
		n = MIN(length, CRYPT_RECORD_MAX_BYTES);
		result = seal_piece(writer, at, n);
	}
	*ret_bytes = writer->bytes;
	return result;
}

void crypt_writer_commit(struct crypt_writer *writer)
{
	writer->written = writer->sealed;
}
