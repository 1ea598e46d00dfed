/** The steps of an export. Private to evidence/ and evidence/derive/. */
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

/** All of them, at this place of the file. False and EVIDENCE_ERROR_IO. */
bool exporter_write(struct exporter *e, const void *bytes, size_t length, uint64_t offset,
		    GError **error);
/** True when a part has these bytes and this hash; else EVIDENCE_ERROR_DAMAGED. */
bool exporter_is_as_signed(const struct manifest_part *part, uint64_t bytes, const char *sha256,
			   GError **error);

/** Writes the parts that are not there yet; fills video_sha256. */
bool export_video(struct exporter *e, GError **error);
/** Writes other pictures than the recorded ones and makes the manifest that of a derived copy. */
bool export_derived(struct exporter *e, GError **error);

/** The recorded files that a derived copy is made of, in order, each compared with what
 *  was signed when it ends. */
struct derived_source;
/** Opens the next part, except those without bytes. *ret: its place in manifest.parts; NULL when
 *  there is none left. False and an error. */
bool derived_source_next(struct derived_source *source, const struct manifest_part **ret,
			 GError **error);
/** The next bytes of the open part; 0 at its end, -errno, -ECANCELED when the export is to stop. */
ssize_t derived_source_read(struct derived_source *source, void *buffer, size_t length);
/** Puts what reading or playing the open part ended with (-errno) into words. Returns false. */
bool derived_source_failed(const struct derived_source *source, int code, GError **error);

/** What is made of them. */
struct derived_sink;
bool derived_sink_add(struct derived_sink *sink, const void *bytes, size_t length, GError **error);

struct evidence_derivation {
	/** A new array for the manifest: what is done to the pictures of this span. */
	json_t *(*describe)(const void *user, uint64_t start_us, uint64_t end_us);
	/** Reads all of the source, writes the video. False and an error. */
	bool (*make)(const void *user, const struct manifest *manifest,
		     struct derived_source *source, struct derived_sink *sink, GError **error);
	const void *user;
};
/** Takes time stamps and log proofs into `texts`. */
bool export_attach(struct exporter *e, GError **error);
/** Writes header, archive and footer behind the video. */
bool export_box(struct exporter *e, struct evidence_made *ret, GError **error);

/** What README.txt says about this file. g_free it. */
char *export_readme(const struct manifest *manifest);
