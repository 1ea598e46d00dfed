/** Shared by the files of recorder/reader. */
#pragma once

#include "recorder/reader/reader.h"

struct reader {
	int dir_fd;
	char *session_id; /**< NULL: any, as only the chain can say */
	const struct archive_key *key;
	GMutex lock;	       /**< over `data_keys` */
	GHashTable *data_keys; /**< number -> struct data_key, those that were opened */
};

/** Behind the number of a data key: one for keystrokes, which are counted for themselves. */
#define READER_KEYSTROKE_KEY (DATA_KEY_NUMBER_MAX + 1)

/** A data key of the recording; data_key_unref it. -ENOKEY: without a key that opens it, or its
 *  file is gone; -EBADMSG: its file holds something else. */
int reader_data_key(const struct reader *reader, unsigned number, struct data_key **ret_key);

/** As reader_file_pread, on the bytes of the disk. */
ssize_t reader_read_fd(int fd, void *buffer, size_t length, uint64_t offset);

#define READER_FORM_COUNT 4u

/** How a file may lie on the disk, the one to be preferred first. */
struct reader_form {
	const char *suffix;
	bool growing, encrypted;
};
extern const struct reader_form reader_forms[READER_FORM_COUNT];
