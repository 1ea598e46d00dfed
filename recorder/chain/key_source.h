/** The node's signing key, from wherever the configuration says that it lies: a file, a systemd credential or a PKCS#11 token. */
#pragma once

#include "base/config.h"
#include "recorder/chain/chain_key.h"

/** Whether exactly one place is named, and the certificate. False and an error in CONFIG_ERROR. */
bool key_source_check(const struct config_recorder *config, GError **error);

/** Opens the key with its certificate. NULL and an error that says what to mend and never holds a secret. Before threads. */
struct chain_key *key_source_load(const struct config_recorder *config, GError **error);

/** The key that signed before the last rotation, which `vitrine evidence-key install` keeps beside a key file as `*.previous`: with it a recording that was interrupted before
 *  the rotation can be sealed. NULL without an error: there is none. */
struct chain_key *key_source_load_previous(const struct config_recorder *config, GError **error);
