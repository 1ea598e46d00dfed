/** A page for people about an evidence file: who was where, when, what proves it, and how to check
 *  that. It is made from the file alone, after verifying it, and states the verdict; it proves
 *  nothing itself. Any thread; reads the file twice. */
#pragma once

#include "evidence/verdict.h"

enum certificate_error {
	/** not what was signed, or not to be read: nothing in it can be vouched for */
	CERTIFICATE_ERROR_EVIDENCE,
	CERTIFICATE_ERROR_CHANGED, /**< the file was written to meanwhile */
	CERTIFICATE_ERROR_PAGE,	   /**< the page could not be drawn */
};
#define CERTIFICATE_ERROR certificate_error_quark()
GQuark certificate_error_quark(void);

struct certificate_order {
	const char *evidence_path;
	struct verify_whom whom;
	/** what the file is called where the page is read; NULL: as in its path */
	const char *shown_name;
};

/** The PDF, and *ret_verdict (may be NULL) what it states: PROVEN, UNTRUSTED or INCOMPLETE. NULL
 *  and an error; *ret_verdict says BROKEN or UNREADABLE when that is why. */
GBytes *certificate_make(const struct certificate_order *order, enum verdict_code *ret_verdict,
			 GError **error);
