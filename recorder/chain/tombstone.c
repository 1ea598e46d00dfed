/* Writes and reads tombstones. It must not know whom to trust, nor who deletes. */
#include "recorder/chain/tombstone.h"

#include "base/clock.h"
#include "recorder/chain/strict_json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

void tombstone_clear(struct tombstone *tombstone)
{
	g_free(tombstone->session);
	g_free(tombstone->head);
	g_free(tombstone->cause);
	g_free(tombstone->class);
	g_free(tombstone->reason);
	g_free(tombstone->requested_by);
	g_free(tombstone->approved_by);
	g_free(tombstone->utc);
	*tombstone = (struct tombstone){0};
}

char *tombstone_make(const struct tombstone *t, const struct chain_key *key,
		     char ret_sha256[DIGEST_HEX_BYTES], GError **error)
{
	g_autofree char *utc = clock_format_utc(clock_utc_us());
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "approved_by",
			  t->approved_by, "cause", t->cause, "class", t->class, "head", t->head,
			  "kind", "tombstone", "reason", t->reason, "requested_by", t->requested_by,
			  "session", t->session, "utc", utc, "version", TOMBSTONE_VERSION);
	char *json = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(object);
	if (json == NULL) {
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_SIGN,
			    "a text of the tombstone is not UTF-8");
		return NULL;
	}
	digest_hex_of(json, strlen(json), ret_sha256);
	g_autofree char *line = signed_line_make(key, json, error);
	free(json);
	return line != NULL ? g_strdup_printf("%s\n%s", line, chain_key_certificate_pem(key))
			    : NULL;
}

static char *copy_text(const json_t *object, const char *key)
{
	return g_strdup(json_string_value(json_object_get(object, key)));
}

static int take(const json_t *object, struct tombstone *ret)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	json_int_t version = json_integer_value(json_object_get(object, "version"));

	if (kind == NULL || strcmp(kind, "tombstone") != 0 || version <= 0)
		return -EPROTO;
	ret->version = (uint64_t)version;
	if (version != TOMBSTONE_VERSION)
		return -EPROTONOSUPPORT;
	ret->session = copy_text(object, "session");
	ret->head = copy_text(object, "head");
	ret->cause = copy_text(object, "cause");
	ret->class = copy_text(object, "class");
	ret->reason = copy_text(object, "reason");
	ret->requested_by = copy_text(object, "requested_by");
	ret->approved_by = copy_text(object, "approved_by");
	ret->utc = copy_text(object, "utc");
	bool whole = ret->session != NULL && ret->head != NULL && ret->cause != NULL &&
		     ret->class != NULL && ret->reason != NULL && ret->requested_by != NULL &&
		     ret->approved_by != NULL && ret->utc != NULL;
	return whole ? 0 : -EPROTO;
}

int tombstone_parse(const char *text, size_t length, struct tombstone *ret,
		    struct signed_line *ret_line, const char **ret_certificate_pem)
{
	const char *newline = memchr(text, '\n', length);

	*ret = (struct tombstone){0};
	if (newline == NULL || length > TOMBSTONE_MAX_BYTES ||
	    signed_line_parse(text, (size_t)(newline - text), ret_line) < 0)
		return -EPROTO;
	*ret_certificate_pem = newline + 1;
	json_t *object = strict_json_load(ret_line->json, ret_line->json_bytes);
	int result = object != NULL ? take(object, ret) : -EPROTO;
	json_decref(object);
	return result;
}
