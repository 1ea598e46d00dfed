/* The order of judging an evidence file: box, versions, signature, chain, lists, pictures. Each
 * step is a file of its own. */
#include "evidence/verify_evidence.h"

#include "base/clock.h"
#include "evidence/layout.h"
#include "evidence/verify_internal.h"
#include "recorder/chain/cms.h"
#include "recorder/chain/verify_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const void *content_of(const struct judge *j, const char *name, gsize *ret_length)
{
	const struct archived *archived = judge_archived(j, name);

	*ret_length = 0;
	return archived != NULL && archived->content != NULL
		       ? g_bytes_get_data(archived->content, ret_length)
		       : NULL;
}

/* 1: there is one; 0: a finding says what is wrong. */
static int read_manifest(struct judge *j)
{
	gsize length;
	const char *json = content_of(j, EVIDENCE_MANIFEST, &length);
	if (json != NULL)
		g_strlcpy(j->report->manifest_sha256,
			  judge_archived(j, EVIDENCE_MANIFEST)->file.sha256, DIGEST_HEX_BYTES);
	int result = json != NULL ? manifest_parse(json, length, &j->report->manifest,
						   &j->report->recording.version)
				  : -EPROTO;

	if (result == -EPROTONOSUPPORT)
		return result;
	j->report->recording.version = 0;
	if (result == 0)
		return 1;
	manifest_finish(&j->report->manifest);
	manifest_init(&j->report->manifest);
	JUDGE_BROKEN(j, "%s",
		     json == NULL ? "the file has no manifest"
				  : "the manifest is not one: it was changed");
	return 0;
}

/* Does the exporter's certificate lead to a trusted one, and was it revoked before the stamp
 * shows that it had signed? */
static int ask_trust(struct judge *j, const struct verify_trust *trust, uint64_t stamped_us)
{
	g_autofree char *why = NULL,
			*utc = clock_format_utc(stamped_us != 0
							? stamped_us
							: j->report->signed_utc_s * G_USEC_PER_SEC);
	const struct verify_trust_question question = {.trusted_pem_path = j->whom->ca,
						       .crl_path = j->whom->crl,
						       .utc = utc,
						       .stamped_utc_us = stamped_us};

	int result = verify_trust_ask(trust, 0, &question, &why);
	if (result == -EPERM)
		verify_report_add(
			&j->report->recording, VERIFY_UNTRUSTED, 0, 0, 0,
			"the exporter's certificate (%s) does not lead to a trusted one: %s",
			j->report->exporter, why);
	else if (result == 0 && why != NULL)
		verify_report_add(&j->report->recording, VERIFY_NOTE, 0, 0, 0,
				  "the exporter's certificate (%s): %s", j->report->exporter, why);
	return result == -EPERM ? 0 : result;
}

static int judge_exporter(struct judge *j, const struct cms_signer *signer)
{
	struct verify_trust *trust = verify_trust_create(signer->certificates_pem);
	uint64_t stamped_us;
	int result = judge_manifest_stamp(j, &stamped_us);

	if (trust == NULL) {
		JUDGE_BROKEN(j, "the exporter's certificate has no EC key");
		return 0;
	}
	j->report->exporter = verify_trust_subject(trust, 0);
	verify_trust_fingerprint(trust, 0, j->report->exporter_sha256);
	j->report->signed_utc_s = signer->utc_s;
	if (result == 0 && j->whom->ca != NULL)
		result = ask_trust(j, trust, stamped_us);
	verify_trust_destroy(trust);
	return result;
}

static int judge_signature(struct judge *j)
{
	const struct archived *cms = judge_archived(j, EVIDENCE_SIGNATURE);
	struct cms_signer signer;
	gsize length;
	const char *json = content_of(j, EVIDENCE_MANIFEST, &length);

	if (cms == NULL || cms->content == NULL) {
		JUDGE_BROKEN(j, "the manifest is not signed");
		return 0;
	}
	int result = cms_verify(cms->content, json, length, &signer);
	if (result == -EBADMSG)
		JUDGE_BROKEN(j, "the signature of the manifest does not hold");
	else if (result < 0)
		JUDGE_BROKEN(j, "the signature of the manifest is not one: it was changed");
	else
		result = judge_exporter(j, &signer);
	if (result != -EBADMSG && result != -EPROTO)
		cms_signer_finish(&signer);
	return result == -EBADMSG || result == -EPROTO ? 0 : result;
}

static void meet_entry(const struct chain_entry *e, void *user)
{
	struct judge *j = user;
	struct judged_segment s = {.number = e->number,
				   .start_us = e->start_us,
				   .end_us = e->end_us,
				   .frames = e->frames,
				   .n_files = e->n_files};

	if (e->kind == CHAIN_GENESIS && e->n_files > 0)
		j->certificate = e->files[0];
	if (e->kind == CHAIN_GENESIS && j->report->genesis == NULL)
		j->report->genesis = g_strndup(e->json, e->json_length);
	if (e->kind == CHAIN_GENESIS)
		g_strlcpy(j->genesis_sha256, e->hash, sizeof j->genesis_sha256);
	if (e->kind == CHAIN_SEAL)
		g_strlcpy(j->seal_sha256, e->hash, sizeof j->seal_sha256);
	if (e->kind != CHAIN_SEGMENT)
		return;
	memcpy(s.files, e->files, sizeof s.files);
	g_array_append_val(j->segments, s);
}

static void note_recorder(struct judge *j, const char *certificate_pem)
{
	struct verify_trust *trust =
		certificate_pem != NULL ? verify_trust_create(certificate_pem) : NULL;

	if (trust != NULL)
		verify_trust_fingerprint(trust, 0, j->report->recorder_sha256);
	verify_trust_destroy(trust);
}

static int judge_chain(struct judge *j, const char *trusted_pem_path)
{
	struct verify_chain_texts texts = {.trusted_pem_path = trusted_pem_path,
					   .tsa_ca_path = j->whom->tsa_ca,
					   .crl_path = j->whom->crl};
	gsize length, unused;

	texts.chain = content_of(j, CHAIN_FILE, &length);
	texts.chain_bytes = length;
	texts.certificate_pem = content_of(j, CHAIN_CERTIFICATE_FILE, &unused);
	note_recorder(j, texts.certificate_pem);
	texts.stamps = judge_entry_stamps(j);
	int result = verify_chain(&texts, meet_entry, j, &j->report->recording);
	verify_stamps_destroy(texts.stamps);
	return result;
}

/* A later version may mean anything by its bytes: nothing is said about them. */
static int claim_nothing(struct judge *j)
{
	g_ptr_array_set_size(j->report->recording.findings, 0);
	g_ptr_array_set_size(j->report->recording.gaps, 0);
	return -EPROTONOSUPPORT;
}

static int judge_file(struct judge *j, const char *trusted_pem_path)
{
	int result = judge_find_box(j);

	if (result <= 0)
		return result;
	result = judge_read_archive(j);
	if (result < 0)
		return result;
	result = read_manifest(j);
	if (result == -EPROTONOSUPPORT)
		return claim_nothing(j);
	int chain = judge_chain(j, trusted_pem_path);
	if (chain == -EPROTONOSUPPORT)
		return claim_nothing(j);
	if (chain < 0 || result <= 0)
		return chain;
	result = judge_signature(j);
	if (result == 0)
		result = judge_proofs(j);
	if (result < 0)
		return result;
	judge_match(j);
	return judge_video(j);
}

static int open_file(struct judge *j, const char *path)
{
	struct stat st;

	j->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (j->fd < 0 || fstat(j->fd, &st) != 0)
		return -errno;
	j->file_bytes = (uint64_t)st.st_size;
	return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

int evidence_verify(const char *path, const char *trusted_pem_path, struct evidence_report *ret)
{
	const struct verify_whom whom = {.ca = trusted_pem_path};

	return evidence_verify_for(path, &whom, ret);
}

int evidence_verify_for(const char *path, const struct verify_whom *whom,
			struct evidence_report *ret)
{
	struct judge j = {.fd = -1, .report = ret, .whom = whom};

	*ret = (struct evidence_report){0};
	verify_report_init(&ret->recording);
	manifest_init(&ret->manifest);
	j.segments = g_array_new(FALSE, TRUE, sizeof(struct judged_segment));
	int result = open_file(&j, path);
	if (result == 0)
		result = judge_file(&j, whom->ca);
	if (j.fd >= 0)
		close(j.fd);
	g_array_unref(j.segments);
	g_clear_pointer(&j.archive, g_hash_table_unref);
	return result < 0 ? result : verify_report_verdict(&ret->recording);
}

void evidence_report_finish(struct evidence_report *report)
{
	verify_report_finish(&report->recording);
	manifest_finish(&report->manifest);
	g_clear_pointer(&report->exporter, g_free);
	g_clear_pointer(&report->genesis, g_free);
	g_clear_pointer(&report->stamp.authority, g_free);
}
