/** Shared by the files of recorder/reader. */
#pragma once

#include "recorder/reader/reader.h"

struct reader {
	int dir_fd;
	const struct archive_key *key;
};

#define READER_FORM_COUNT 2u

/** How a file may lie on the disk, the one to be preferred first. */
struct reader_form {
	const char *suffix;
	bool growing;
};
extern const struct reader_form reader_forms[READER_FORM_COUNT];
