/* The shapes: what happens in a recording before it ends. How it ends is make_recordings.c's. */
#include "tests/verifier/scene.h"

#include "base/clock.h"
#include "recorder/timeline.h"

void must(int result, const char *what)
{
	if (result < 0)
		g_error("%s: %s", what, g_strerror(-result));
}

void scene_tell(struct scene *scene, uint64_t t_us)
{
	scene->t_us = t_us;
	clock_test_set(STARTED_CLOCK_US + t_us, STARTED_UTC_US + t_us);
}

void scene_event(struct scene *scene, const char *json)
{
	g_autofree char *line = timeline_line(json, TIMELINE_SESSION, scene->t_us);

	must(archive_add_line(scene->archive, scene->t_us, line), "timeline");
}

/* Until no segment is on its way: the store's thread rings once for each file group it has
 * sealed. */
void scene_settle(struct scene *scene)
{
	must(archive_collect(scene->archive, scene->t_us), "collect");
	while (archive_pending(scene->archive) > 0) {
		g_async_queue_pop(scene->bell);
		must(archive_collect(scene->archive, scene->t_us), "collect");
	}
}

void scene_checkpoint(struct scene *scene)
{
	must(archive_checkpoint(scene->archive, scene->t_us), "checkpoint");
	scene_settle(scene);
}

static void pictures(struct scene *scene, struct film *film, unsigned n, uint64_t step_us)
{
	for (unsigned i = 0; i < n; i++) {
		scene_tell(scene, scene->t_us + step_us);
		film_add(film, scene->archive, scene->t_us, false);
	}
}

/* ---- Shapes ---- */

static void play_empty(struct scene *scene)
{
	scene_tell(scene, 3 * SECOND_US);
}

static void play_events_only(struct scene *scene)
{
	scene_event(scene, "{\"type\":\"opened\"}");
	scene_tell(scene, SECOND_US);
	scene_event(scene, "{\"type\":\"key\",\"text\":\"Gr\\u00fc\\u00dfe \\ud83d\\ude80\"}");
}

static void play_one_picture(struct scene *scene)
{
	film_add(scene->film, scene->archive, 0, true);
}

static void play_plain(struct scene *scene)
{
	scene_event(scene, "{\"type\":\"opened\"}");
	for (unsigned segment = 0; segment < 3; segment++) {
		scene_tell(scene, scene->t_us + SECOND_US / 4);
		film_add(scene->film, scene->archive, scene->t_us, true);
		pictures(scene, scene->film, 3, SECOND_US / 10);
		scene_settle(scene);
		scene_checkpoint(scene);
		scene_event(scene, "{\"type\":\"key\",\"text\":\"l\"}");
		pictures(scene, scene->film, 2, SECOND_US / 10);
		scene_checkpoint(scene);
	}
}

static void play_resized(struct scene *scene)
{
	film_add(scene->film, scene->archive, 0, true);
	pictures(scene, scene->film, 2, SECOND_US / 2);
	scene_tell(scene, scene->t_us + SECOND_US);
	film_start(scene->large);
	film_add(scene->large, scene->archive, scene->t_us, true);
	pictures(scene, scene->large, 2, SECOND_US / 2);
	film_start(scene->film);
	scene_tell(scene, scene->t_us + 1);
	film_add(scene->film, scene->archive, scene->t_us, true);
}

/* Nine hours of little, in segments of ten minutes, a checkpoint in most. */
static void play_hours(struct scene *scene)
{
	for (unsigned segment = 0; segment < 54; segment++) {
		scene_tell(scene, segment * 600 * SECOND_US);
		film_add(scene->film, scene->archive, scene->t_us, true);
		scene_settle(scene);
		scene_tell(scene, scene->t_us + 300 * SECOND_US);
		if (segment % 5 != 0)
			scene_checkpoint(scene);
		if (segment % 2 != 0)
			film_add(scene->film, scene->archive, scene->t_us, false);
	}
}

/* Segments end faster than the store syncs them. */
static void play_burst(struct scene *scene)
{
	for (unsigned segment = 0; segment < 6; segment++) {
		scene_tell(scene, scene->t_us + 1000);
		film_add(scene->film, scene->archive, scene->t_us, true);
		scene_event(scene, "{\"type\":\"pointer\"}");
	}
}

void scene_gap(struct scene *scene, const char *detail)
{
	const struct chain_gap away = {0, scene->t_us, "recorder-away", detail, 0, 0};

	must(archive_add_gap(scene->archive, &away), "gap");
}

static void play_gaps(struct scene *scene)
{
	for (unsigned round = 0; round < 3; round++) {
		scene_tell(scene, scene->t_us + SECOND_US);
		film_add(scene->film, scene->archive, scene->t_us, true);
		archive_finish(scene->archive, scene->t_us);
		scene_settle(scene);
		scene_tell(scene, scene->t_us + round * SECOND_US);
		scene_gap(scene, "");
	}
}

static void play_gap_only(struct scene *scene)
{
	scene_tell(scene, 7 * SECOND_US);
	scene_gap(scene, "killed \"at once\"");
}

static void play_long_lines(struct scene *scene)
{
	g_autofree char *text = g_strnfill(60000, 'x');
	g_autofree char *json = g_strdup_printf("{\"type\":\"clipboard\",\"text\":\"%s\"}", text);

	for (unsigned i = 0; i < 20; i++)
		scene_event(scene, json);
}

const struct shape shapes[] = {
	{"empty", play_empty},
	{"events-only", play_events_only},
	{"one-picture", play_one_picture},
	{"plain", play_plain},
	{"resized", play_resized},
	{"hours", play_hours},
	{"burst", play_burst},
	{"gaps", play_gaps},
	{"gap-only", play_gap_only},
	{"long-lines", play_long_lines},
};
const unsigned n_shapes = G_N_ELEMENTS(shapes);
