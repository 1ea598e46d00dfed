/* Writes media playlists. It opens no file and asks no database. */
#include "web/routes/hls.h"

#include "base/clock.h"
#include "sql/recording_store.h"

#include <string.h>

/* Time until the next segment begins, so that the playlist's clock and the media's stay one even
 * over a gap between segments. */
static uint64_t shown_us(const GPtrArray *segments, unsigned i)
{
	const struct segment_row *segment = segments->pdata[i];

	if (i + 1 < segments->len) {
		const struct segment_row *next = segments->pdata[i + 1];
		if (next->start_us > segment->start_us)
			return next->start_us - segment->start_us;
	}
	return MAX(segment->duration_us, 1000u);
}

/* EXT-X-TARGETDURATION: no EXTINF, rounded to the nearest second, may be above it (RFC 8216
 * 4.3.3.1). */
static uint64_t target_duration_s(const GPtrArray *segments)
{
	uint64_t longest_us = G_USEC_PER_SEC;

	for (unsigned i = 0; i < segments->len; i++)
		longest_us = MAX(longest_us, shown_us(segments, i));
	return (longest_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
}

/* A new init file means new parameters (a resized desktop): the decoder must start afresh (RFC
 * 8216 4.3.2.3, 4.3.2.5). */
static void put_init(GString *out, const GPtrArray *segments, unsigned i, uint64_t started_utc_us)
{
	const struct segment_row *segment = segments->pdata[i];
	const struct segment_row *before = i > 0 ? segments->pdata[i - 1] : NULL;

	if (before != NULL && strcmp(before->init_file, segment->init_file) == 0)
		return;
	g_autofree char *date = clock_format_utc(started_utc_us + segment->start_us);
	if (before != NULL)
		g_string_append(out, "#EXT-X-DISCONTINUITY\n");
	g_string_append_printf(out, "#EXT-X-MAP:URI=\"%s\"\n#EXT-X-PROGRAM-DATE-TIME:%s\n",
			       segment->init_file, date);
}

char *hls_playlist(const GPtrArray *segments, uint64_t started_utc_us, bool complete)
{
	GString *out = g_string_new("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");

	g_string_append_printf(out,
			       "#EXT-X-TARGETDURATION:%" G_GUINT64_FORMAT
			       "\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:%s\n",
			       target_duration_s(segments), complete ? "VOD" : "EVENT");
	for (unsigned i = 0; i < segments->len; i++) {
		const struct segment_row *segment = segments->pdata[i];
		uint64_t us = shown_us(segments, i);
		put_init(out, segments, i, started_utc_us);
		g_string_append_printf(
			out, "#EXTINF:%" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT ",\n%s\n",
			us / G_USEC_PER_SEC, us % G_USEC_PER_SEC, segment->file);
	}
	if (complete)
		g_string_append(out, "#EXT-X-ENDLIST\n");
	return g_string_free(out, FALSE);
}

bool hls_knows_file(const GPtrArray *segments, const char *name)
{
	for (unsigned i = 0; i < segments->len; i++) {
		const struct segment_row *segment = segments->pdata[i];
		if (strcmp(segment->file, name) == 0 || strcmp(segment->init_file, name) == 0)
			return true;
	}
	return false;
}
