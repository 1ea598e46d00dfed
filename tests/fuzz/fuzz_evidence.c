/* Fuzz target: an evidence file as a whole, its manifest, and its signature. Whatever the bytes
 * are, the verifier comes to a verdict. */
#include "evidence/manifest.h"
#include "evidence/verify_evidence.h"
#include "recorder/chain/cms.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("evidence", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	struct evidence_report report;

	g_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	int result = evidence_verify(path, NULL, &report);
	if (result == 0)
		g_assert(report.exporter != NULL && report.recording.sealed);
	if (result == -EPROTONOSUPPORT)
		g_assert(report.recording.findings->len == 0);
	evidence_report_finish(&report);
	close(fd);
}

/* What was read can be written and read again, and is the same then. */
static void read_manifest(const uint8_t *data, size_t size)
{
	struct manifest first, second;
	uint64_t version;

	manifest_init(&first);
	manifest_init(&second);
	if (manifest_parse((const char *)data, size, &first, &version) == 0) {
		g_autofree char *json = manifest_to_json(&first);
		g_assert(json != NULL);
		g_assert(manifest_parse(json, strlen(json), &second, &version) == 0);
		g_autofree char *again = manifest_to_json(&second);
		g_assert(strcmp(json, again) == 0);
	}
	manifest_finish(&first);
	manifest_finish(&second);
}

static void judge_signature(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) cms = g_bytes_new_static(data, size);
	struct cms_signer signer;

	if (cms_verify(cms, "", 0, &signer) == 0)
		cms_signer_finish(&signer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	judge_file(data, size);
	read_manifest(data, size);
	judge_signature(data, size);
	return 0;
}
