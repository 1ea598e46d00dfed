/* A node log for tests, written by the product's own writer. */
#include "tests/unit/nodelog/log_fixture.h"

#include "base/clock.h"
#include "recorder/chain/chain.h"
#include "recorder/chain/tombstone.h"
#include "tests/support/temp_dir.h"

#include <glib/gstdio.h>
#include <string.h>

static void take_key(struct log_fixture *f)
{
	signing_key_init(&f->pem, "node1", &f->ca);
	f->key = chain_key_create(f->pem.key_pem, f->pem.certificate_pem, NULL);
	g_assert_nonnull(f->key);
}

void log_fixture_init(struct log_fixture *f)
{
	*f = (struct log_fixture){.store = temp_dir_create()};
	signing_key_init(&f->ca, "evidence CA", NULL);
	take_key(f);
	log_fixture_put(f, "ca.pem", f->ca.certificate_pem, strlen(f->ca.certificate_pem));
	log_fixture_reopen(f);
}

void log_fixture_finish(struct log_fixture *f)
{
	nodelog_close(f->log);
	chain_key_destroy(f->key);
	signing_key_finish(&f->pem);
	signing_key_finish(&f->ca);
	temp_dir_remove(f->store);
	g_free(f->store);
}

void log_fixture_reopen(struct log_fixture *f)
{
	g_autoptr(GError) error = NULL;

	nodelog_close(f->log);
	f->log = nodelog_open(f->store, "node1", f->key, NULL, NULL, &error);
	g_assert_no_error(error);
}

void log_fixture_rotate(struct log_fixture *f)
{
	nodelog_close(g_steal_pointer(&f->log));
	chain_key_destroy(f->key);
	signing_key_finish(&f->pem);
	take_key(f);
	log_fixture_reopen(f);
}

void log_fixture_add(struct log_fixture *f, enum leaf_kind kind, const char *session,
		     const char *sha256)
{
	struct leaf leaf = {.kind = kind};

	g_strlcpy(leaf.session, session, sizeof leaf.session);
	g_strlcpy(leaf.sha256, sha256, sizeof leaf.sha256);
	g_assert_cmpint(nodelog_append(f->log, &leaf), ==, 0);
}

void log_fixture_add_audit(struct log_fixture *f, uint64_t id, const char *sha256)
{
	struct leaf leaf = {.kind = LEAF_AUDIT, .audit_id = id};

	g_strlcpy(leaf.sha256, sha256, sizeof leaf.sha256);
	g_assert_cmpint(nodelog_append(f->log, &leaf), ==, 0);
}

char *log_fixture_head(struct log_fixture *f)
{
	g_autoptr(GError) error = NULL;
	char *line = nodelog_sign_head(f->log, &error);

	g_assert_no_error(error);
	return line;
}

void log_fixture_sign(struct log_fixture *f)
{
	g_free(log_fixture_head(f));
}

static void hash_line(const char *line, char ret[DIGEST_HEX_BYTES])
{
	const char *json = strchr(line, ' ') + 1;

	digest_hex_of(json, strcspn(json, "\n"), ret);
}

void log_fixture_record(struct log_fixture *f, const char *session, bool sealed,
			char ret_genesis[DIGEST_HEX_BYTES], char ret_seal[DIGEST_HEX_BYTES])
{
	const struct chain_genesis genesis = {
		.session_id = session, .node = "node1", .opened_utc_us = clock_utc_us()};
	const struct chain_seal seal = {.reason = "viewer-left"};
	g_autofree char *dir = log_fixture_path(f, session);
	g_autofree char *name = g_build_filename(session, CHAIN_FILE, NULL);
	struct chain *chain = chain_create(f->key);
	g_autofree char *first = chain_add_genesis(chain, &genesis, NULL);
	g_autofree char *last = sealed ? chain_add_seal(chain, 0, &seal, NULL) : g_strdup("");
	g_autofree char *text = g_strconcat(first, last, NULL);

	g_assert_cmpint(g_mkdir_with_parents(dir, 0750), ==, 0);
	log_fixture_put(f, name, text, strlen(text));
	hash_line(first, ret_genesis);
	ret_seal[0] = '\0';
	if (sealed)
		hash_line(last, ret_seal);
	chain_destroy(chain);
}

void log_fixture_bury(struct log_fixture *f, const char *session, bool lawful,
		      char ret_sha256[DIGEST_HEX_BYTES])
{
	struct signing_key own;
	char *id = (char *)(uintptr_t)session, cause[] = "age", class[] = "standard", none[] = "";
	const struct tombstone tombstone = {.session = id,
					    .head = none,
					    .cause = cause,
					    .class = class,
					    .reason = none,
					    .requested_by = none,
					    .approved_by = none};
	g_autofree char *name = g_build_filename(session, TOMBSTONE_FILE, NULL);

	signing_key_init(&own, "node1", NULL);
	struct chain_key *key = chain_key_create(own.key_pem, own.certificate_pem, NULL);
	g_autofree char *text = tombstone_make(&tombstone, lawful ? f->key : key, ret_sha256, NULL);
	log_fixture_put(f, name, text, strlen(text));
	chain_key_destroy(key);
	signing_key_finish(&own);
}

char *log_fixture_path(const struct log_fixture *f, const char *name)
{
	return g_build_filename(f->store, name, NULL);
}

char *log_fixture_get(const struct log_fixture *f, const char *name, gsize *ret_length)
{
	g_autofree char *path = log_fixture_path(f, name);
	char *bytes;

	g_assert_true(g_file_get_contents(path, &bytes, ret_length, NULL));
	return bytes;
}

/* Without the fsync of g_file_set_contents: there are hundreds of them here. */
void log_fixture_put(const struct log_fixture *f, const char *name, const char *bytes, gsize length)
{
	g_autofree char *path = log_fixture_path(f, name);
	FILE *file = g_fopen(path, "wb");

	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(bytes, 1, length, file), ==, length);
	g_assert_cmpint(fclose(file), ==, 0);
}
