/* Proofs out of the node's log that lie in an evidence file: do they hold, and do they speak of
 * this recording. It must not need the log. */
#include "evidence/verify_internal.h"

#include "recorder/chain/verify_trust.h"
#include "recorder/nodelog/proof.h"

#include <errno.h>
#include <string.h>

#define LOG_CERTIFICATE "log-certificate.pem"

struct proof_look {
	struct judge *judge;
	const char *name;
	enum leaf_kind kind;
	const char *entry_sha256; /**< of the entry it must speak of; empty: the chain has none */
};

static int judge_signer(const struct proof_look *look, const struct verify_trust *certificates,
			int signer, const char *utc)
{
	g_autofree char *why = NULL;
	/* The manifest names the proofs, so they existed when its signature was stamped. */
	const struct evidence_stamp *stamp = &look->judge->report->stamp;
	const struct verify_trust_question question = {.trusted_pem_path = look->judge->whom->ca,
						       .crl_path = look->judge->whom->crl,
						       .utc = utc,
						       .stamped_utc_us =
							       stamp->trusted ? stamp->utc_us : 0};

	if (question.trusted_pem_path == NULL)
		return 0;
	int result = verify_trust_ask_key(certificates, signer, &question, &why);
	if (result == -EPERM)
		verify_report_add(&look->judge->report->recording, VERIFY_UNTRUSTED, 0, 0, 0,
				  "%s: the log's certificate does not lead to a trusted one: %s",
				  look->name, why);
	else if (result == 0 && why != NULL)
		verify_report_add(&look->judge->report->recording, VERIFY_NOTE, 0, 0, 0,
				  "%s: the log's certificate: %s", look->name, why);
	return result == -EPERM ? 0 : result;
}

static int judge_proof(const struct proof_look *look, const struct proof *proof)
{
	const struct archived *pem = judge_archived(look->judge, LOG_CERTIFICATE);
	struct verify_trust *certificates =
		pem != NULL && pem->content != NULL
			? verify_trust_create(g_bytes_get_data(pem->content, NULL))
			: NULL;
	g_autofree char *why = NULL;
	int signer = 0, result = 0;

	if (certificates == NULL)
		JUDGE_BROKEN(look->judge,
			     "%s cannot be judged: %s is missing or holds no certificate",
			     look->name, LOG_CERTIFICATE);
	else if (!proof_holds(proof, certificates, &signer, &why))
		JUDGE_BROKEN(look->judge, "%s does not hold: %s", look->name, why);
	else if (proof->leaf.kind != look->kind ||
		 g_strcmp0(proof->leaf.session, look->judge->report->recording.session_id) != 0 ||
		 strcmp(proof->leaf.sha256, look->entry_sha256) != 0)
		JUDGE_BROKEN(look->judge, "%s proves something about another recording",
			     look->name);
	else {
		result = judge_signer(look, certificates, signer, proof->head.utc);
		look->judge->report->in_log |= result == 0;
	}
	verify_trust_destroy(certificates);
	return result;
}

static int look_at(const struct proof_look *look)
{
	const struct archived *file = judge_archived(look->judge, look->name);
	struct proof proof;
	gsize length;

	if (file == NULL)
		return 0;
	const char *json = file->content != NULL ? g_bytes_get_data(file->content, &length) : NULL;
	if (json == NULL || proof_parse(json, length, &proof) < 0) {
		JUDGE_BROKEN(look->judge, "%s is not a proof", look->name);
		return 0;
	}
	int result = judge_proof(look, &proof);
	proof_clear(&proof);
	return result;
}

int judge_proofs(struct judge *j)
{
	const struct proof_look genesis = {j, "log-genesis.json", LEAF_GENESIS, j->genesis_sha256};
	const struct proof_look seal = {j, "log-seal.json", LEAF_SEAL, j->seal_sha256};
	int result = look_at(&genesis);

	return result < 0 ? result : look_at(&seal);
}
