/* Writes and reads leaves. It must not know where they are kept or what the hash in them is of. */
#include "recorder/nodelog/leaf.h"

#include "recorder/chain/strict_json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static const char *const kind_names[LEAF_KIND_COUNT] = {
	[LEAF_GENESIS] = "genesis",   [LEAF_SEAL] = "seal",	[LEAF_AUDIT] = "audit",
	[LEAF_DELETION] = "deletion", [LEAF_EXPORT] = "export",
};

const char *leaf_kind_name(enum leaf_kind kind)
{
	return kind < LEAF_KIND_COUNT ? kind_names[kind] : "unknown";
}

char *leaf_format(const struct leaf *leaf)
{
	json_t *object = json_pack("{s:I, s:s, s:s, s:s, s:s}", "index", (json_int_t)leaf->index,
				   "kind", leaf_kind_name(leaf->kind), "node", leaf->node, "sha256",
				   leaf->sha256, "utc", leaf->utc);

	if (leaf->kind == LEAF_AUDIT)
		json_object_set_new(object, "id", json_integer((json_int_t)leaf->audit_id));
	else
		json_object_set_new(object, "session", json_string(leaf->session));
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(object);
	char *line = g_strdup(text);
	free(text);
	return line;
}

static enum leaf_kind kind_of(const char *name)
{
	unsigned kind = 0;

	while (kind < LEAF_KIND_COUNT && strcmp(kind_names[kind], name) != 0)
		kind++;
	return (enum leaf_kind)kind;
}

static bool is_hash(const char *text)
{
	return strlen(text) == DIGEST_HEX_BYTES - 1 &&
	       strspn(text, "0123456789abcdef") == DIGEST_HEX_BYTES - 1;
}

static bool take_subject(json_t *object, struct leaf *ret)
{
	json_int_t id = 0;
	const char *session = NULL;

	if (ret->kind == LEAF_AUDIT) {
		bool ok = json_unpack(object, "{s:I}", "id", &id) == 0 && id > 0;
		ret->audit_id = ok ? (uint64_t)id : 0;
		return ok;
	}
	if (json_unpack(object, "{s:s}", "session", &session) != 0 ||
	    !g_uuid_string_is_valid(session))
		return false;
	g_strlcpy(ret->session, session, sizeof ret->session);
	return true;
}

static bool take(json_t *object, struct leaf *ret)
{
	const char *kind, *node, *sha256, *utc;
	json_int_t index;

	if (json_unpack(object, "{s:I, s:s, s:s, s:s, s:s}", "index", &index, "kind", &kind, "node",
			&node, "sha256", &sha256, "utc", &utc) != 0 ||
	    index < 0 || !is_hash(sha256) || !strict_json_is_utc(utc))
		return false;
	ret->kind = kind_of(kind);
	ret->index = (uint64_t)index;
	if (ret->kind == LEAF_KIND_COUNT || !take_subject(object, ret))
		return false;
	g_strlcpy(ret->sha256, sha256, sizeof ret->sha256);
	ret->node = g_strdup(node);
	ret->utc = g_strdup(utc);
	return true;
}

int leaf_parse(const char *line, size_t length, struct leaf *ret)
{
	*ret = (struct leaf){0};
	if (length > LEAF_MAX_BYTES)
		return -EPROTO;
	json_t *object = strict_json_load(line, length);
	bool ok = object != NULL && take(object, ret);
	json_decref(object);
	return ok ? 0 : -EPROTO;
}

void leaf_clear(struct leaf *leaf)
{
	g_free(leaf->utc);
	g_free(leaf->node);
	*leaf = (struct leaf){0};
}
