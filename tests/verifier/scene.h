/** Recordings of odd shapes, played into the recorder's own archive with times that are told, not
 *  waited for. One thread; what fails ends the program. */
#pragma once

#include "recorder/archive.h"
#include "recorder/running_keys.h"
#include "tests/verifier/film.h"

#define SECOND_US UINT64_C(1000000)
#define STARTED_UTC_US UINT64_C(1780000000000000)
#define STARTED_CLOCK_US UINT64_C(5000000000)

struct scene {
	struct archive_services services;
	struct chain_key *key;
	struct archive_certificate *archive_certificate; /**< NULL: nothing is encrypted */
	struct running_keys *running_keys;
	struct archive *archive;
	struct film *film, *large;
	GAsyncQueue *
		bell; /**< the store's thread rings it; waiting on it is how a segment is awaited */
	uint64_t t_us;
};

/** Ends the program when `result` is an error. */
void must(int result, const char *what);
/** Sets the clock: so long since the recording began. */
void scene_tell(struct scene *scene, uint64_t t_us);
/** A line of the timeline, now. */
void scene_event(struct scene *scene, const char *json);
/** A gap up to now. */
void scene_gap(struct scene *scene, const char *detail);
/** A checkpoint now. */
void scene_checkpoint(struct scene *scene);
/** Until no segment is on its way to the disk. */
void scene_settle(struct scene *scene);

struct shape {
	const char *name;
	void (*play)(struct scene *scene);
};
extern const struct shape shapes[];
extern const unsigned n_shapes;
