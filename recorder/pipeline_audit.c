/* Does the canvas show what the session told? A back that forgets damage, or a session that lies by
 * half, would leave the recording behind what the canvas shows. It must not judge: who told nothing
 * may have been in the middle of telling. */
#include "recorder/pipeline_internal.h"

/* All of a canvas is compared so often while anything is encoded, silences included. */
#define AUDIT_INTERVAL_US 60000000u
/* Pixels come before their record; a session that was not given the processor in
 * between gets this long. */
#define TELL_US 10000000u

void pipeline_audit_begin(struct pipeline *p, uint64_t now_us)
{
	p->audited_us = now_us;
	p->untold_us = 0;
}

bool pipeline_audit(struct pipeline *p, uint64_t now_us)
{
	if (now_us < p->audited_us + AUDIT_INTERVAL_US)
		return false;
	p->audited_us = now_us;
	bool found = snapshot_compare(&p->snapshot, p->reader);
	if (found && p->untold_us == 0)
		p->untold_us = now_us;
	return found;
}

uint64_t pipeline_audit_due_us(const struct pipeline *p)
{
	return p->untold_us != 0 ? p->untold_us + TELL_US : UINT64_MAX;
}

unsigned pipeline_take_untold(struct pipeline *pipeline, uint64_t now_us)
{
	struct pipeline *p = pipeline;

	if (p->reader == NULL || now_us < pipeline_audit_due_us(p))
		return 0;
	p->untold_us = 0;
	return snapshot_take_untold(&p->snapshot);
}
