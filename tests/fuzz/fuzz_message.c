/* Fuzz target: every message of our protocols. Input: one byte that chooses the message, then its
 * fields. What decodes must encode to the same bytes. */
#include "base/secret.h"
#include "ipc/broker_proto.h"
#include "ipc/recorder_proto.h"

#include <glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct message_type *choose(uint8_t number)
{
	unsigned i = number % (broker_n_types + recorder_n_types);

	return i < broker_n_types ? &broker_types[i] : &recorder_types[i - broker_n_types];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || secret_init() < 0)
		return 0;
	const struct message_type *type = choose(data[0]);
	g_autofree void *message = g_malloc(type->struct_bytes);
	if (message_decode(type, data + 1, size - 1, message) != 0)
		return 0;
	g_autoptr(GByteArray) again = g_byte_array_new();
	g_assert(message_fits(type, message));
	message_encode(type, message, again);
	g_assert(again->len == size - 1 && memcmp(again->data, data + 1, size - 1) == 0);
	message_clear(type, message);
	return 0;
}
