/** Judges the tombstone of a deleted recording. Private to recorder/chain. */
#pragma once

#include "recorder/chain/verify.h"

#include <stddef.h>

/** `text` is the file's, with a NUL behind it. `report` holds what the chain proved: session and
 *  head must be those of the tombstone. True: it was deleted lawfully, told as a note; false:
 *  findings say what is wrong, and missing files are missing. Returns through `*ret_error` what
 *  verify_recording has to return at once (-ENOENT, -EINVAL: a file of `whom`; -EPROTONOSUPPORT:
 *  report->version), else 0. */
bool verify_tombstone(const char *text, size_t length, const struct verify_whom *whom,
		      struct verify_report *report, int *ret_error);
