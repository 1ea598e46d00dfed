/** Real pictures for made recordings: a few access units of the recorder's own encoder, wrapped by
 *  its own muxer at any time one likes. One thread. */
#pragma once

#include "recorder/archive.h"

struct film;

struct film *film_create(uint32_t width, uint32_t height);
void film_destroy(struct film *film);

/** A new track: the next picture is an IDR and archive_begin_segment gets an init segment. */
void film_start(struct film *film);
/** Adds one picture to the archive; `key` begins a segment, as the first one always does. */
void film_add(struct film *film, struct archive *archive, uint64_t t_us, bool key);
