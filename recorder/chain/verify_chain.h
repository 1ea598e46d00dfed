/** Judges the text of a chain alone: signatures, links, order, sums; points 1 to 3 and 5 of "What a
 *  verifier checks" in docs/evidence-format.md.
 *  Files are the caller's matter. Any thread. */
#pragma once

#include "recorder/chain/chain_reader.h"
#include "recorder/chain/verify.h"
#include "recorder/chain/verify_stamps.h"

/** Told of each entry that could be read, in the order of the chain, whether its
 *  signature held or not. */
typedef void (*verify_entry_fn)(const struct chain_entry *entry, void *user);

/** The texts of a recording that its chain is judged by. Borrowed. */
struct verify_chain_texts {
	const char *chain; /**< NULL: there is none, which is a finding */
	size_t chain_bytes;
	const char *certificate_pem;  /**< NULL: there is none, which is a finding */
	const char *trusted_pem_path; /**< as in verify_recording */
	const char *tsa_ca_path;      /**< as in struct verify_whom */
	const char *crl_path;	      /**< as in struct verify_whom */
	struct verify_stamps *stamps; /**< time stamps beside it; NULL: none are looked at */
};

/** Fills `report` (initialised by the caller) with what the entries prove, `head`
 *  included; `each` may be NULL.
 *  Returns 0; -ENOENT or -EINVAL for one of the files named by path; -EPROTONOSUPPORT: the version
 *  in report->version is not known here, and nothing behind the genesis was looked at. */
int verify_chain(const struct verify_chain_texts *texts, verify_entry_fn each, void *user,
		 struct verify_report *report);
