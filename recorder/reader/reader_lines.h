/** The lines of a recording's compressed file. */
#pragma once

#include "recorder/lines/line_reader.h"
#include "recorder/reader/reader.h"

/** `file` is borrowed and must outlive it. Never NULL; line_reader_destroy it. */
struct line_reader *reader_lines_create(struct reader_file *file);
