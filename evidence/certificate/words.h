/** Puts a verified evidence file into the words of a certificate. Private to
 *  evidence/certificate. */
#pragma once

#include "evidence/certificate/certificate.h"
#include "evidence/certificate/sheet.h"

struct certificate_facts {
	const struct certificate_order *order;
	const struct verdict *verdict; /**< of an evidence file with a manifest */
	const char *file_sha256;
	uint64_t file_bytes;
	uint64_t utc_us; /**< now */
};

/** Never NULL. */
struct sheet *words_sheet(const struct certificate_facts *facts);
