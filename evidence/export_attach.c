/* What proves a recording from outside its chain: time stamps and the node log's proofs.
 * It must not judge them. */
#include "evidence/export_internal.h"

#include "recorder/nodelog/proof.h"

#include <errno.h>
#include <string.h>

#define STAMP_MAX_BYTES (64u << 10)

/* Time stamps lie beside the chain and are no matter of it. */
static bool read_stamps(struct exporter *e, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL;
	int code = reader_list(e->order->reader, &entries);

	if (code < 0)
		return exporter_failed(code, "list", "the recording", error);
	for (unsigned i = 0; i < entries->len; i++) {
		const struct reader_entry *entry = entries->pdata[i];
		if (g_str_has_prefix(entry->name, "ts-") && g_str_has_suffix(entry->name, ".tsr") &&
		    !exporter_read_text(e, entry->name, STAMP_MAX_BYTES, error))
			return false;
	}
	return true;
}

static void add_proof(struct exporter *e, const char *name, char *text)
{
	if (text != NULL)
		exporter_add_text(e, name, g_bytes_new_take(text, strlen(text)));
}

/* A node without a log, or whose next head is not signed yet, has no proof to give. The log may
 * know of a seal that the chain here, read before, has not. */
static bool add_proofs(struct exporter *e, GError **error)
{
	char *genesis = NULL, *seal = NULL, *certificate = NULL;

	if (e->order->log_store_dir == NULL)
		return true;
	int code = proof_make_both(e->order->log_store_dir, e->manifest.session, &genesis, &seal,
				   &certificate);
	if (code < 0)
		return code == -ENOENT || exporter_failed(code, "read", "the node log", error);
	if (!e->manifest.chain_sealed)
		g_clear_pointer(&seal, g_free);
	if (genesis == NULL && seal == NULL)
		g_clear_pointer(&certificate, g_free);
	add_proof(e, "log-genesis.json", genesis);
	add_proof(e, "log-seal.json", seal);
	add_proof(e, "log-certificate.pem", certificate);
	return true;
}

bool export_attach(struct exporter *e, GError **error)
{
	return read_stamps(e, error) && add_proofs(e, error);
}
