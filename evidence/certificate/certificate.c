/* The order of a certificate: verify, hash, set. It must not know what the page looks like. */
#include "evidence/certificate/certificate.h"

#include "base/clock.h"
#include "evidence/certificate/words.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (1u << 20)

G_DEFINE_QUARK(certificate - error, certificate_error)

static int hash_fd(int fd, char ret_sha256[DIGEST_HEX_BYTES])
{
	g_autofree uint8_t *buffer = g_malloc(READ_BYTES);
	struct digest *digest = digest_create();
	ssize_t n;

	while ((n = read(fd, buffer, READ_BYTES)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			digest_add(digest, buffer, (size_t)n);
	int code = n < 0 ? -errno : 0;
	digest_hex(digest, ret_sha256);
	digest_destroy(digest);
	return code;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The hash is of the file that was judged: nobody wrote to it since `before`. */
static bool hash_file(const char *path, const struct stat *before,
		      char ret_sha256[DIGEST_HEX_BYTES], GError **error)
{
	struct stat after;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int code = fd < 0 ? -errno : hash_fd(fd, ret_sha256);

	if (code == 0 && fstat(fd, &after) != 0)
		code = -errno;
	if (fd >= 0)
		close(fd);
	if (code < 0)
		g_set_error(error, CERTIFICATE_ERROR, CERTIFICATE_ERROR_EVIDENCE,
			    "cannot read %s: %s", path, g_strerror(-code));
	else if (!same_state(before, &after))
		g_set_error(error, CERTIFICATE_ERROR, CERTIFICATE_ERROR_CHANGED,
			    "%s was changed while it was judged", path);
	return code == 0 && same_state(before, &after);
}

static const char *first_finding(const struct verify_report *report)
{
	const struct verify_finding *finding =
		report->findings->len > 0 ? report->findings->pdata[0] : NULL;

	return finding != NULL ? finding->text : "";
}

/* Of a file that is not what was signed nothing can be told, least of all on paper. */
static bool can_vouch(const struct verdict *verdict, int result, const char *path, GError **error)
{
	if (verdict->code == VERDICT_UNREADABLE)
		g_set_error(error, CERTIFICATE_ERROR, CERTIFICATE_ERROR_EVIDENCE,
			    "%s, or a file with certificates that was named, cannot be judged: %s",
			    path, g_strerror(-result));
	else if (verdict->code == VERDICT_BROKEN || !verdict_has_manifest(verdict))
		g_set_error(error, CERTIFICATE_ERROR, CERTIFICATE_ERROR_EVIDENCE,
			    "no certificate for %s: %s (%s)", path, verdict_text(verdict),
			    first_finding(verdict->report));
	else
		return true;
	return false;
}

static GBytes *draw(const struct certificate_facts *facts, GError **error)
{
	struct sheet *sheet = words_sheet(facts);
	const char *why = "";
	GBytes *pdf = sheet_draw(sheet, &why);

	sheet_destroy(sheet);
	if (pdf == NULL)
		g_set_error(error, CERTIFICATE_ERROR, CERTIFICATE_ERROR_PAGE,
			    "the certificate cannot be drawn: %s", why);
	return pdf;
}

static GBytes *make(const struct certificate_order *order, const struct verdict *verdict,
		    int result, const struct stat *before, GError **error)
{
	char sha256[DIGEST_HEX_BYTES];
	const struct certificate_facts facts = {
		.order = order,
		.verdict = verdict,
		.file_sha256 = sha256,
		.file_bytes = (uint64_t)before->st_size,
		.utc_us = clock_utc_us(),
	};

	if (!can_vouch(verdict, result, order->evidence_path, error) ||
	    !hash_file(order->evidence_path, before, sha256, error))
		return NULL;
	return draw(&facts, error);
}

GBytes *certificate_make(const struct certificate_order *order, enum verdict_code *ret_verdict,
			 GError **error)
{
	struct evidence_report report;
	struct stat before;

	if (ret_verdict != NULL)
		*ret_verdict = VERDICT_UNREADABLE;
	if (stat(order->evidence_path, &before) != 0) {
		g_set_error(error, CERTIFICATE_ERROR, CERTIFICATE_ERROR_EVIDENCE,
			    "cannot read %s: %s", order->evidence_path, g_strerror(errno));
		return NULL;
	}
	int result = evidence_verify_for(order->evidence_path, &order->whom, &report);
	const struct verdict verdict =
		verdict_make(result, order->whom.ca != NULL, &report.recording, &report);
	GBytes *pdf = make(order, &verdict, result, &before, error);
	if (ret_verdict != NULL)
		*ret_verdict = verdict.code;
	evidence_report_finish(&report);
	return pdf;
}
