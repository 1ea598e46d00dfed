/** The verdict about a recording or an evidence file in words for an auditor, and as JSON. Prints on standard output. */
#pragma once

#include "evidence/verify_evidence.h"

#include <stdbool.h>

/** Exit codes by the worst finding, beside CLI_OK, CLI_FAILED (cannot be read or judged) and CLI_USAGE. */
enum {
	VERIFY_EXIT_BROKEN = 3,
	VERIFY_EXIT_UNTRUSTED = 4,
	VERIFY_EXIT_INCOMPLETE = 5,
	VERIFY_EXIT_DELETED = 6
};

struct verdict {
	int code;	   /**< exit code */
	bool origin_asked; /**< the caller named whom to trust */
	const struct verify_report *report;
	const struct evidence_report *evidence; /**< NULL: a recording's directory was judged */
};

void verify_print_words(const struct verdict *verdict);
/** False when the report cannot be written. */
bool verify_print_json(const struct verdict *verdict);
