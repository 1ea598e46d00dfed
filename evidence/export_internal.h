/** The steps of an export. Private to evidence/. */
#pragma once

#include "evidence/export.h"

/** A file of the archive that is in memory. */
struct archive_text {
	char name[32];
	GBytes *bytes;
};

struct exporter {
	const struct evidence_order *order;
	struct manifest manifest;
	GArray *texts; /**< struct archive_text, in the order of the archive */
	int fd;	       /**< of `<target>.part` */
	uint64_t done_bytes, total_bytes;
};

/** Counts bytes and asks whether to go on. False: EVIDENCE_ERROR_CANCELLED. */
bool exporter_advance(struct exporter *e, uint64_t bytes, GError **error);
/** Sets EVIDENCE_ERROR_IO: "cannot <what>: <why>". Returns false. */
bool exporter_failed(int code, const char *what, const char *name, GError **error);

/** Adds to `texts`; takes the bytes. */
void exporter_add_text(struct exporter *e, const char *name, GBytes *bytes);
/** Reads a file of the recording into `texts`; what is there keeps its place. */
bool exporter_read_text(struct exporter *e, const char *name, size_t max_bytes, GError **error);

/** Opens a file of the recording and says what is wrong when that fails. */
struct reader_file *exporter_open(struct exporter *e, const char *name, GError **error);

/** Writes the parts that are not there yet; fills video_sha256. */
bool export_video(struct exporter *e, GError **error);
/** Takes time stamps and log proofs into `texts`. */
bool export_attach(struct exporter *e, GError **error);
/** Writes header, archive and footer behind the video. */
bool export_box(struct exporter *e, struct evidence_made *ret, GError **error);

/** What README.txt says about this file. g_free it. */
char *export_readme(const struct manifest *manifest);
