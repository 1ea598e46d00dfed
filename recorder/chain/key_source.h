/** Where a signing key lies, as the configuration says: a file, a systemd credential or a PKCS#11
 *  token. The same for the key that signs recordings and the one that signs exports. */
#pragma once

#include "base/config.h"
#include "recorder/chain/chain_key.h"

/** Key and certificate that go when new ones come stay beside them under this ending. */
#define KEY_PREVIOUS_SUFFIX ".previous"

/** Texts are borrowed; NULL or empty: not set. Exactly one of file, credential and uri names the
 *  key. */
struct key_place {
	const char *key_name;	      /**< in the configuration: "recorder.signing_key" */
	const char *certificate_name; /**< "recorder.signing_certificate_file" */
	const char *file, *credential, *uri, *pin_file, *module;
	const char *certificate_file;
};
struct key_place key_place_of_recorder(const struct config_recorder *config);
struct key_place key_place_of_exports(const struct config_export *config);

/** Whether exactly one place is named, and the certificate. False and an error in CONFIG_ERROR. */
bool key_source_check(const struct key_place *place, GError **error);

/** Opens the key with its certificate; of several keys at a token's address the certificate's. NULL
 *  and an error that says what to mend and never holds a secret. Before threads. */
struct chain_key *key_source_load(const struct key_place *place, GError **error);
/** The same with a certificate that is not in place yet, PEM. */
struct chain_key *key_source_load_for(const struct key_place *place, const char *certificate_pem,
				      GError **error);

/** The key that signed before the last rotation, which `vitrine evidence-key install` keeps as
 *  `*.previous`: with it a recording that was interrupted before the rotation can be sealed.
 *  Of a token it is the key at the same address that the certificate before is about;
 *  of a credential the one named NAME.previous, if systemd gave one. NULL without an
 *  error: there is none. */
struct chain_key *key_source_load_previous(const struct key_place *place, GError **error);

/** A certificate request by a key that is used where it lies (credential, token). Of several keys
 *  at a token's address it is one that neither certificate, present or previous, is about, if there
 *  is such a one. NULL and an error. */
char *key_source_request(const struct key_place *place, const char *common_name, GError **error);
