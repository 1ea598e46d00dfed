/* Reads tombstones of this node. It must not know what is done about others. */
#include "recorder/chain/own_tombstone.h"

#include "recorder/chain/tombstone.h"
#include "recorder/chain/verify_trust.h"

static bool is_signed_with(const struct chain_key *key, const struct signed_line *line)
{
	struct verify_trust *trust =
		key != NULL ? verify_trust_create(chain_key_certificate_pem(key)) : NULL;
	bool is = trust != NULL && verify_trust_signer(trust, line) == 0;

	verify_trust_destroy(trust);
	return is;
}

bool own_tombstone_read(const struct own_keys *keys, const char *session_id, const char *text,
			size_t length, struct own_tombstone *ret)
{
	struct tombstone tombstone;
	struct signed_line line;
	const char *pem;
	bool own = tombstone_parse(text, length, &tombstone, &line, &pem) == 0 &&
		   g_ascii_strcasecmp(tombstone.session, session_id) == 0 &&
		   (is_signed_with(keys->present, &line) || is_signed_with(keys->previous, &line));

	if (own) {
		g_strlcpy(ret->head, tombstone.head, sizeof ret->head);
		digest_hex_of(line.json, line.json_bytes, ret->sha256);
	}
	tombstone_clear(&tombstone);
	return own;
}
