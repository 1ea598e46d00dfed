/** Whom a judgement trusts, as options: --ca, --tsa-ca and --crl of every command that judges. */
#pragma once

#include "cli/cli.h"
#include "recorder/chain/verify.h"

/** Zeroed: nobody was named. */
struct trust_options {
	char *ca, *tsa_ca, *crl; /**< paths of PEM files; NULL: not named */
};

/** Adds the three to the options that cli_parse takes. */
void trust_options_add(struct cli *cli, struct trust_options *trust);
/** The same for the verifier; borrows from `trust`. */
struct verify_whom trust_options_whom(const struct trust_options *trust);
void trust_options_clear(struct trust_options *trust);
