/** Adding findings. Private to recorder/chain and evidence/. */
#pragma once

#include "recorder/chain/verify.h"

void verify_report_init(struct verify_report *report);
void verify_report_add(struct verify_report *report, enum verify_class class, uint32_t segment,
		       uint64_t start_us, uint64_t end_us, const char *format, ...)
	G_GNUC_PRINTF(6, 7);
/** Notes a signed gap, and the finding that tells it. */
void verify_report_add_gap(struct verify_report *report, uint64_t start_us, uint64_t end_us,
			   const char *reason, const char *detail);
/** 1 when a finding is above VERIFY_NOTE, else 0. */
int verify_report_verdict(const struct verify_report *report);
