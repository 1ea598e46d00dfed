/* The verifier's findings. */
#include "recorder/chain/verify_report.h"

static void finding_free(void *pointer)
{
	struct verify_finding *finding = pointer;

	g_free(finding->text);
	g_free(finding);
}

static void gap_free(void *pointer)
{
	struct verify_gap *gap = pointer;

	g_free(gap->reason);
	g_free(gap);
}

void verify_report_init(struct verify_report *report)
{
	*report = (struct verify_report){0};
	report->findings = g_ptr_array_new_with_free_func(finding_free);
	report->gaps = g_ptr_array_new_with_free_func(gap_free);
}

void verify_report_finish(struct verify_report *report)
{
	g_clear_pointer(&report->findings, g_ptr_array_unref);
	g_clear_pointer(&report->gaps, g_ptr_array_unref);
	g_clear_pointer(&report->session_id, g_free);
	g_clear_pointer(&report->signer, g_free);
	g_clear_pointer(&report->head, g_free);
	g_clear_pointer(&report->end_reason, g_free);
}

void verify_report_add(struct verify_report *report, enum verify_class class, uint32_t segment,
		       uint64_t start_us, uint64_t end_us, const char *format, ...)
{
	struct verify_finding *finding = g_new0(struct verify_finding, 1);
	va_list arguments;

	va_start(arguments, format);
	*finding = (struct verify_finding){class, segment, start_us, end_us,
					   g_strdup_vprintf(format, arguments)};
	va_end(arguments);
	g_ptr_array_add(report->findings, finding);
}

void verify_report_add_gap(struct verify_report *report, uint64_t start_us, uint64_t end_us,
			   const char *reason, const char *detail)
{
	const char *colon = detail[0] != '\0' ? ": " : "";

	struct verify_gap *gap = g_new0(struct verify_gap, 1);

	*gap = (struct verify_gap){start_us, end_us, g_strdup(reason)};
	g_ptr_array_add(report->gaps, gap);
	if (end_us > start_us)
		verify_report_add(report, VERIFY_NOTE, 0, start_us, end_us,
				  "gap: nothing was recorded for %.3f s (%s)%s%s",
				  (double)(end_us - start_us) / 1e6, reason, colon, detail);
	else
		verify_report_add(report, VERIFY_NOTE, 0, start_us, end_us,
				  "gap without length (%s)%s%s", reason, colon, detail);
}

int verify_report_verdict(const struct verify_report *report)
{
	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *finding = g_ptr_array_index(report->findings, i);
		if (finding->class != VERIFY_NOTE)
			return 1;
	}
	return 0;
}

const char *verify_class_name(enum verify_class class)
{
	switch (class) {
	case VERIFY_BROKEN:
		return "broken";
	case VERIFY_UNTRUSTED:
		return "untrusted";
	case VERIFY_INCOMPLETE:
		return "incomplete";
	case VERIFY_NOTE:
		return "note";
	}
	return "unknown";
}
