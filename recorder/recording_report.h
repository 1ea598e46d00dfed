/** A recording's answers on their way to the main thread. Private to recorder/recording*.c. */
#pragma once

#include "recorder/recording.h"

void recording_report_opened(const struct recording_observer *observer, int result);
void recording_report_taken(const struct recording_observer *observer, uint64_t number,
			    bool written);
void recording_report_canvas(const struct recording_observer *observer, enum end_reason reason);
void recording_report_ending(const struct recording_observer *observer, enum end_reason reason,
			     const char *detail);
void recording_report_closed(const struct recording_observer *observer, bool ok, const char *detail,
			     const struct archive_totals *totals);
