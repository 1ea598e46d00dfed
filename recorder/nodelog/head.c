/* Writes and reads tree heads. It must not know which leaves they cover, nor whom to trust. */
#include "recorder/nodelog/head.h"

#include "recorder/chain/strict_json.h"

#include <errno.h>
#include <jansson.h>

char *head_sign(const struct head *head, const struct chain_key *key, GError **error)
{
	char root[MERKLE_HEX_BYTES];

	merkle_hex(&head->root, root);
	json_t *object = json_pack("{s:s, s:s, s:I, s:s, s:I}", "node", head->node, "root", root,
				   "size", (json_int_t)head->size, "utc", head->utc, "version",
				   (json_int_t)HEAD_VERSION);
	char *json = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(object);
	char *line = signed_line_make(key, json, error);
	free(json);
	return line;
}

static int take(json_t *object, struct head *ret)
{
	const char *node, *root, *utc;
	json_int_t size, version;

	if (json_unpack(object, "{s:I}", "version", &version) != 0 || version < 0)
		return -EPROTO;
	ret->version = (uint64_t)version;
	if (version != HEAD_VERSION)
		return -EPROTONOSUPPORT;
	if (json_unpack(object, "{s:s, s:s, s:I, s:s}", "node", &node, "root", &root, "size", &size,
			"utc", &utc) != 0 ||
	    size < 0 || !strict_json_is_utc(utc) || !merkle_from_hex(root, &ret->root))
		return -EPROTO;
	ret->size = (uint64_t)size;
	ret->node = g_strdup(node);
	ret->utc = g_strdup(utc);
	return 0;
}

int head_parse(const char *line, size_t length, struct head *ret)
{
	*ret = (struct head){0};
	if (length > HEAD_MAX_BYTES || signed_line_parse(line, length, &ret->line) < 0)
		return -EPROTO;
	json_t *object = strict_json_load(ret->line.json, ret->line.json_bytes);
	int result = object != NULL ? take(object, ret) : -EPROTO;
	json_decref(object);
	return result;
}

void head_clear(struct head *head)
{
	g_free(head->node);
	g_free(head->utc);
	*head = (struct head){0};
}
