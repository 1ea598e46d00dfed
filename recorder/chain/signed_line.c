/* The form of a signed line. It must not know what the JSON says. */
#include "recorder/chain/signed_line.h"

#include <errno.h>
#include <string.h>

/* Base64 has several texts for the same bytes; only the one we would write is taken, so that no
 * byte of the file can change unnoticed. */
static bool take_signature(const char *text, size_t length, struct signed_line *ret)
{
	g_autofree char *copy = g_strndup(text, length);
	gsize n = 0;
	g_autofree uint8_t *bytes = g_base64_decode(copy, &n);
	g_autofree char *again = g_base64_encode(bytes, n);

	/* `copy` ends at a zero byte, the line does not. */
	if (strlen(copy) != length || strcmp(copy, again) != 0 || n == 0 ||
	    n > sizeof ret->signature)
		return false;
	memcpy(ret->signature, bytes, n);
	ret->signature_bytes = n;
	return true;
}

int signed_line_parse(const char *line, size_t length, struct signed_line *ret)
{
	const char *space = memchr(line, ' ', length);

	*ret = (struct signed_line){0};
	if (space == NULL || !take_signature(line, (size_t)(space - line), ret))
		return -EPROTO;
	ret->json = space + 1;
	ret->json_bytes = length - (size_t)(ret->json - line);
	return 0;
}

char *signed_line_make(const struct chain_key *key, const char *json, GError **error)
{
	g_autofree char *signature = chain_key_sign(key, json, strlen(json), error);

	return signature != NULL ? g_strdup_printf("%s %s", signature, json) : NULL;
}
