/* Looks up what is known of one recording. It must not know how it is shown. */
#include "cli/recording_facts.h"

#include "recorder/chain/chain.h"
#include "recorder/chain/verify_chain.h"
#include "recorder/chain/verify_report.h"
#include "recorder/reader/reader.h"

#include <errno.h>

void recording_facts_clear(struct recording_facts *f)
{
	recording_row_free(f->recording);
	session_row_free(f->session);
	keeping_free(f->keeping);
	g_clear_pointer(&f->segments, g_ptr_array_unref);
	if (f->dir != NULL)
		verify_report_finish(&f->chain);
	g_free(f->dir);
}

static int read_chain(struct recording_facts *f, const struct reader *reader)
{
	g_autofree uint8_t *chain = NULL, *pem = NULL;
	size_t chain_bytes = 0, pem_bytes;
	int result = reader_read(reader, CHAIN_FILE, CHAIN_MAX_BYTES, &chain, &chain_bytes);

	if (result == 0 || result == -ENOENT)
		result = reader_read(reader, CHAIN_CERTIFICATE_FILE, CHAIN_CERTIFICATE_MAX_BYTES,
				     &pem, &pem_bytes);
	if (result < 0 && result != -ENOENT)
		return result;
	const struct verify_chain_texts texts = {.chain = (const char *)chain,
						 .chain_bytes = chain_bytes,
						 .certificate_pem = (const char *)pem};
	return verify_chain(&texts, NULL, NULL, &f->chain);
}

/* False: said why. A recording that lies elsewhere is no failure. */
static bool look_into_store(struct recording_facts *f, const struct config *config)
{
	const char *id = f->recording->session_id;
	struct reader *reader;
	int result = config->recorder.store_dir != NULL
			     ? reader_open_session(config->recorder.store_dir, id, NULL, &reader)
			     : -ENOENT;

	if (result == -ENOENT)
		return true;
	if (result < 0) {
		cli_fail("cannot read recording %s: %s", id, g_strerror(-result));
		return false;
	}
	f->dir = g_build_filename(config->recorder.store_dir, id, NULL);
	verify_report_init(&f->chain);
	result = read_chain(f, reader);
	reader_close(reader);
	if (result < 0)
		cli_fail("cannot read the chain of %s: %s", id, g_strerror(-result));
	return result == 0;
}

bool recording_facts_look(struct cli *cli, const char *session_id, struct recording_facts *f)
{
	g_autoptr(GError) error = NULL;
	bool ok = recording_store_find(cli->db, session_id, &f->recording, &error);

	if (ok && f->recording == NULL) {
		cli_fail("there is no recording of session %s: see vitrine recording list",
			 session_id);
		return false;
	}
	ok = ok && session_store_find(cli->db, session_id, &f->session, &error) &&
	     deletion_store_keeping(cli->db, session_id, &f->keeping, &error) &&
	     recording_store_segments(cli->db, session_id, &f->segments, &error);
	if (!ok)
		cli_fail("%s", error->message);
	return ok && look_into_store(f, cli->config);
}

unsigned recording_facts_broken(const struct recording_facts *f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->chain.findings->len; i++)
		n += ((const struct verify_finding *)f->chain.findings->pdata[i])->class ==
		     VERIFY_BROKEN;
	return n;
}

/* The database may lag behind a chain that still grows; a closed one says what was sealed. */
bool recording_facts_heads_agree(const struct recording_facts *f)
{
	return f->recording->head[0] == '\0' || g_str_equal(f->recording->head, f->chain.head);
}
