/* doctor: keys and certificates. It reads keys only to see that they are what they should be. */
#include "base/secret.h"
#include "cli/doctor.h"
#include "cli/key_files.h"
#include "gateway/broker/vault.h"
#include "recorder/chain/key_source.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#define EXPIRES_SOON_S (30 * 24 * 3600)

static void check_master_key(struct doctor *doctor)
{
	g_autoptr(GError) error = NULL;
	const char *path = doctor->config->gateway.master_key_file;

	if (path == NULL) {
		doctor_fail(doctor,
			    "gateway.master_key_file is not set: openssl rand -hex 32 makes a key");
		return;
	}
	struct vault *vault = vault_create_from_file(path, &error);
	if (vault == NULL)
		doctor_fail(doctor, "master key: %s", error->message);
	else
		doctor_ok(doctor, "master key %s", path);
	vault_destroy(vault);
}

static EVP_PKEY *read_key(struct doctor *doctor, const char *what, const char *path)
{
	g_autoptr(GError) error = NULL;
	autosecret pem = config_read_secret_file(path, &error);

	if (pem == NULL) {
		doctor_fail(doctor, "%s: %s", what, error->message);
		return NULL;
	}
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (key == NULL)
		doctor_fail(doctor, "%s: %s holds no PEM private key without passphrase", what,
			    path);
	return key;
}

static X509 *read_certificate(struct doctor *doctor, const char *what, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *pem = NULL;
	X509 *certificate = NULL;

	if (!g_file_get_contents(path, &pem, NULL, &error)) {
		doctor_fail(doctor, "%s: %s", what, error->message);
		return NULL;
	}
	BIO *bio = BIO_new_mem_buf(pem, -1);
	certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (certificate == NULL)
		doctor_fail(doctor, "%s: %s holds no PEM certificate", what, path);
	return certificate;
}

static void check_dates(struct doctor *doctor, const char *what, const X509 *certificate)
{
	time_t soon = time(NULL) + EXPIRES_SOON_S;
	struct tm end = {0};
	char date[32] = "?";

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
		strftime(date, sizeof date, "%Y-%m-%d", &end);
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		doctor_fail(doctor, "%s: the certificate is not valid yet; is the clock right?",
			    what);
	else if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		doctor_fail(doctor, "%s: the certificate expired on %s", what, date);
	else if (X509_cmp_time(X509_get0_notAfter(certificate), &soon) < 0)
		doctor_warn(doctor, "%s: the certificate expires on %s", what, date);
	else
		doctor_ok(doctor, "%s: key and certificate belong together, valid until %s", what,
			  date);
}

static void check_pair(struct doctor *doctor, const char *what, const char *key_path,
		       const char *certificate_path)
{
	if (key_path == NULL || certificate_path == NULL) {
		doctor_fail(doctor, "%s: key or certificate is not set in the configuration", what);
		return;
	}
	EVP_PKEY *key = read_key(doctor, what, key_path);
	X509 *certificate = read_certificate(doctor, what, certificate_path);
	if (key != NULL && certificate != NULL) {
		if (X509_check_private_key(certificate, key) == 1)
			check_dates(doctor, what, certificate);
		else
			doctor_fail(doctor, "%s: %s is not the key of %s", what, key_path,
				    certificate_path);
	}
	EVP_PKEY_free(key);
	X509_free(certificate);
}

/* In a file it is judged as the others are; from a token or a credential only by whoever may open
 * it. */
static void check_signing_key(struct doctor *doctor, const char *what,
			      const struct key_place *place)
{
	g_autoptr(GError) error = NULL;

	if (!key_source_check(place, &error)) {
		doctor_fail(doctor, "%s: %s", what, error->message);
		return;
	}
	if (key_files_unfinished(place))
		doctor_warn(doctor,
			    "%s: a change of keys was begun and not finished: give the same "
			    "vitrine evidence-key install %s.next again",
			    what, place->certificate_file);
	if (place->file != NULL && place->file[0] != '\0') {
		check_pair(doctor, what, place->file, place->certificate_file);
		return;
	}
	X509 *certificate = read_certificate(doctor, what, place->certificate_file);
	if (certificate != NULL)
		check_dates(doctor, what, certificate);
	X509_free(certificate);
}

/* Its private half should not lie on this machine: there is none to compare it with. */
static void check_keystrokes(struct doctor *doctor, const char *certificate_file)
{
	X509 *certificate = certificate_file != NULL
				    ? read_certificate(doctor, "keystrokes", certificate_file)
				    : NULL;

	if (certificate != NULL)
		check_dates(doctor, "keystrokes", certificate);
	X509_free(certificate);
}

void doctor_check_keys(struct doctor *doctor)
{
	const struct config *config = doctor->config;
	const struct key_place recorder = key_place_of_recorder(&config->recorder);
	const struct key_place exports = key_place_of_exports(&config->export);

	check_master_key(doctor);
	check_pair(doctor, "gateway", config->gateway.private_key_file,
		   config->gateway.certificate_file);
	check_signing_key(doctor, "recorder", &recorder);
	if (*config->recorder.encryption)
		check_pair(doctor, "archive", config->web.archive_key_file,
			   config->recorder.archive_certificate_file);
	else
		doctor_warn(doctor, "recorder.encryption is false: recordings can be read by "
				    "anybody who can read the disk");
	check_keystrokes(doctor, config->recorder.keystroke_certificate_file);
	check_pair(doctor, "web", config->web.private_key_file, config->web.certificate_file);
	if (exports.certificate_file != NULL)
		check_signing_key(doctor, "export", &exports);
}
