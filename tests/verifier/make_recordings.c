/* make_recordings [--archive CERTIFICATE] FOLDER KEY CERTIFICATE FIRST COUNT [SHAPE ENDING]: honest recordings of every odd shape, each in a store of its own in FOLDER, written by the
 * recorder's own archive, muxer and recovery with times that are told, not waited for; encrypted when there is an archive certificate. Prints a line each: path, shape, ending. */
#include "base/clock.h"
#include "base/secret.h"
#include "recorder/recovery.h"
#include "recorder/running_keys.h"
#include "recorder/timeline.h"
#include "tests/verifier/film.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void ring(void *user)
{
	struct scene *scene = user;

	g_async_queue_push(scene->bell, scene);
}

static void must(int result, const char *what)
{
	if (result < 0)
		g_error("%s: %s", what, g_strerror(-result));
}

static void tell(struct scene *scene, uint64_t t_us)
{
	scene->t_us = t_us;
	clock_test_set(STARTED_CLOCK_US + t_us, STARTED_UTC_US + t_us);
}

static void event(struct scene *scene, const char *json)
{
	g_autofree char *line = timeline_line(json, TIMELINE_SESSION, scene->t_us);

	must(archive_add_line(scene->archive, scene->t_us, line), "timeline");
}

/* Until no segment is on its way: the store's thread rings once for each file group it has sealed. */
static void settle(struct scene *scene)
{
	must(archive_collect(scene->archive, scene->t_us), "collect");
	while (archive_pending(scene->archive) > 0) {
		g_async_queue_pop(scene->bell);
		must(archive_collect(scene->archive, scene->t_us), "collect");
	}
}

static void checkpoint(struct scene *scene)
{
	must(archive_checkpoint(scene->archive, scene->t_us), "checkpoint");
	settle(scene);
}

static void pictures(struct scene *scene, struct film *film, unsigned n, uint64_t step_us)
{
	for (unsigned i = 0; i < n; i++) {
		tell(scene, scene->t_us + step_us);
		film_add(film, scene->archive, scene->t_us, false);
	}
}

/* ---- Shapes ---- */

static void play_empty(struct scene *scene)
{
	tell(scene, 3 * SECOND_US);
}

static void play_events_only(struct scene *scene)
{
	event(scene, "{\"type\":\"opened\"}");
	tell(scene, SECOND_US);
	event(scene, "{\"type\":\"key\",\"text\":\"Gr\\u00fc\\u00dfe \\ud83d\\ude80\"}");
}

static void play_one_picture(struct scene *scene)
{
	film_add(scene->film, scene->archive, 0, true);
}

static void play_plain(struct scene *scene)
{
	event(scene, "{\"type\":\"opened\"}");
	for (unsigned segment = 0; segment < 3; segment++) {
		tell(scene, scene->t_us + SECOND_US / 4);
		film_add(scene->film, scene->archive, scene->t_us, true);
		pictures(scene, scene->film, 3, SECOND_US / 10);
		settle(scene);
		checkpoint(scene);
		event(scene, "{\"type\":\"key\",\"text\":\"l\"}");
		pictures(scene, scene->film, 2, SECOND_US / 10);
		checkpoint(scene);
	}
}

static void play_resized(struct scene *scene)
{
	film_add(scene->film, scene->archive, 0, true);
	pictures(scene, scene->film, 2, SECOND_US / 2);
	tell(scene, scene->t_us + SECOND_US);
	film_start(scene->large);
	film_add(scene->large, scene->archive, scene->t_us, true);
	pictures(scene, scene->large, 2, SECOND_US / 2);
	film_start(scene->film);
	tell(scene, scene->t_us + 1);
	film_add(scene->film, scene->archive, scene->t_us, true);
}

/* Nine hours of little, in segments of ten minutes, a checkpoint in most. */
static void play_hours(struct scene *scene)
{
	for (unsigned segment = 0; segment < 54; segment++) {
		tell(scene, segment * 600 * SECOND_US);
		film_add(scene->film, scene->archive, scene->t_us, true);
		settle(scene);
		tell(scene, scene->t_us + 300 * SECOND_US);
		if (segment % 5 != 0)
			checkpoint(scene);
		if (segment % 2 != 0)
			film_add(scene->film, scene->archive, scene->t_us, false);
	}
}

/* Segments end faster than the store syncs them. */
static void play_burst(struct scene *scene)
{
	for (unsigned segment = 0; segment < 6; segment++) {
		tell(scene, scene->t_us + 1000);
		film_add(scene->film, scene->archive, scene->t_us, true);
		event(scene, "{\"type\":\"pointer\"}");
	}
}

static void gap(struct scene *scene, const char *detail)
{
	const struct chain_gap away = {0, scene->t_us, "recorder-away", detail, 0, 0};

	must(archive_add_gap(scene->archive, &away), "gap");
}

static void play_gaps(struct scene *scene)
{
	for (unsigned round = 0; round < 3; round++) {
		tell(scene, scene->t_us + SECOND_US);
		film_add(scene->film, scene->archive, scene->t_us, true);
		archive_finish(scene->archive, scene->t_us);
		settle(scene);
		tell(scene, scene->t_us + round * SECOND_US);
		gap(scene, "");
	}
}

static void play_gap_only(struct scene *scene)
{
	tell(scene, 7 * SECOND_US);
	gap(scene, "killed \"at once\"");
}

static void play_long_lines(struct scene *scene)
{
	g_autofree char *text = g_strnfill(60000, 'x');
	g_autofree char *json = g_strdup_printf("{\"type\":\"clipboard\",\"text\":\"%s\"}", text);

	for (unsigned i = 0; i < 20; i++)
		event(scene, json);
}

static const struct {
	const char *name;
	void (*play)(struct scene *scene);
} shapes[] = {
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

/* ---- Endings ---- */

static const char *const reasons[] = {"viewer-left", "target-closed", "terminated",
				      "idle",	     "storage-full",  "fault"};

static void seal(struct scene *scene, unsigned number, const char *reason)
{
	struct archive_totals totals;

	archive_finish(scene->archive, scene->t_us);
	settle(scene);
	must(archive_seal(scene->archive, scene->t_us,
			  reason != NULL ? reason : reasons[number % G_N_ELEMENTS(reasons)],
			  "tests", &totals),
	     "seal");
	archive_destroy(g_steal_pointer(&scene->archive));
}

/* As after `kill -9`: nothing is closed. */
static void end_killed(struct scene *scene, unsigned number)
{
	if (number % 2 == 0)
		checkpoint(scene);
	if (number % 4 == 1)
		event(scene, "{\"type\":\"key\",\"text\":\"too late\"}");
	raise(SIGKILL);
}

static void end_sealed(struct scene *scene, unsigned number)
{
	seal(scene, number, NULL);
}

static void recover(struct scene *scene, unsigned number, bool resume)
{
	g_autoptr(GPtrArray) found = recovery_scan(&scene->services);

	if (found->len != 1)
		g_error("%u recordings to recover", found->len);
	struct recovered *recovered = g_ptr_array_index(found, 0);
	scene->archive = g_steal_pointer(&recovered->archive);
	archive_listen(scene->archive, ring, scene);
	tell(scene, MAX(recovered->from.t_us, recovered->from.position_us) + 2 * SECOND_US);
	if (resume) {
		gap(scene, "");
		film_start(scene->large);
		film_add(scene->large, scene->archive, scene->t_us, true);
		event(scene, "{\"type\":\"key\",\"text\":\"again\"}");
	}
	seal(scene, number, resume ? NULL : "fault");
}

static void end_recovered(struct scene *scene, unsigned number)
{
	recover(scene, number, false);
}

/* A power cut takes the data keys of running recordings: in_process removed them meanwhile. */
static void end_power_cut(struct scene *scene, unsigned number)
{
	recover(scene, number, number % 2 == 0);
}

static void end_resumed(struct scene *scene, unsigned number)
{
	recover(scene, number, true);
}

static const struct {
	const char *name;
	bool killed; /**< first */
	void (*end)(struct scene *scene, unsigned number);
} endings[] = {
	{"sealed", false, end_sealed},	    {"killed", false, end_killed},
	{"recovered", true, end_recovered}, {"resumed", true, end_resumed},
	{"power-cut", true, end_power_cut}, /* last: without encryption it is only a kill */
};

/* ---- One recording ---- */

static void begin(struct scene *scene, const char *session)
{
	const struct chain_genesis genesis = {.session_id = session,
					      .node = "node1",
					      .user = "J\u00fcrgen \"root\" \\ \u2028\U0001f680",
					      .viewer_address = "192.0.2.7",
					      .viewer_name = "",
					      .target = "web-01",
					      .target_address = "198.51.100.3:3389",
					      .account = "administrator",
					      .front = "rdp",
					      .back = "vnc",
					      .door = "tls",
					      .quality = "standard",
					      .opened_utc_us = STARTED_UTC_US,
					      .clock_us = STARTED_CLOCK_US};

	tell(scene, 0);
	film_start(scene->film);
	must(archive_create(&scene->services, &genesis, &scene->archive), session);
	archive_listen(scene->archive, ring, scene);
}

static void open_encryption(struct scene *scene, const char *dir)
{
	g_autofree char *running = g_strconcat(dir, ".running", NULL);

	if (scene->archive_certificate == NULL)
		return;
	must(g_mkdir_with_parents(running, 0700), running);
	must(running_keys_open(running, &scene->running_keys), running);
	scene->services.keys =
		(struct segment_key_places){scene->archive_certificate, scene->running_keys};
}

static void open_services(struct scene *scene, const char *dir, const char *key_path,
			  const char *certificate_path)
{
	g_autofree char *key = NULL, *certificate = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_get_contents(key_path, &key, NULL, &error) ||
	    !g_file_get_contents(certificate_path, &certificate, NULL, &error))
		g_error("%s", error->message);
	scene->services.key = scene->key = chain_key_create(key, certificate, &error);
	if (scene->key == NULL)
		g_error("%s", error->message);
	must(store_open(dir, &scene->services.store), dir);
	scene->services.index = index_create(NULL, NULL, "node1");
	scene->bell = g_async_queue_new();
	open_encryption(scene, dir);
}

static void close_services(struct scene *scene)
{
	index_destroy(scene->services.index, 0);
	store_close(scene->services.store);
	running_keys_close(scene->running_keys);
	chain_key_destroy(scene->key);
	g_async_queue_unref(scene->bell);
}

static void cut_power(const char *store)
{
	g_autofree char *dir_path = g_strconcat(store, ".running", NULL);
	g_autoptr(GDir) dir = g_dir_open(dir_path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(dir_path, name, NULL);
		must(g_unlink(path), path);
	}
}

/* A recorder's life is a process, because one of them is killed; the store's thread does not survive a fork. */
static void in_process(char **argv, const struct scene *films, unsigned number, unsigned shape,
		       unsigned ending, bool second)
{
	g_autofree char *session = g_strdup_printf("00000000-0000-4000-8000-%012u", number);
	g_autofree char *store = g_strdup_printf("%s/%u", argv[1], number);
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct scene scene = *films;
		open_services(&scene, store, argv[2], argv[3]);
		if (!second) {
			begin(&scene, session);
			shapes[shape].play(&scene);
		}
		if (endings[ending].killed && !second)
			end_killed(&scene, number);
		endings[ending].end(&scene, number);
		close_services(&scene);
		_exit(0);
	}
	const bool killed =
		!second && (endings[ending].killed || endings[ending].end == end_killed);
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    (killed ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL : status != 0))
		g_error("%s (%s, %s) failed", session, shapes[shape].name, endings[ending].name);
	if (endings[ending].end == end_power_cut && !second)
		cut_power(store);
	if (!second)
		printf("%s/%s %s %s\n", store, session, shapes[shape].name, endings[ending].name);
}

static unsigned shape_of(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(shapes); i++)
		if (strcmp(shapes[i].name, name) == 0)
			return i;
	g_error("there is no shape %s", name);
}

static unsigned ending_of(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(endings); i++)
		if (strcmp(endings[i].name, name) == 0)
			return i;
	g_error("there is no ending %s", name);
}

static struct archive_certificate *load_archive(const char *path)
{
	g_autofree char *pem = NULL;
	g_autoptr(GError) error = NULL;
	struct archive_certificate *certificate = NULL;

	if (g_file_get_contents(path, &pem, NULL, &error))
		certificate = archive_certificate_create(pem, &error);
	if (certificate == NULL)
		g_error("%s", error->message);
	return certificate;
}

int main(int argc, char **argv)
{
	const char *archive = argc > 2 && strcmp(argv[1], "--archive") == 0 ? argv[2] : NULL;

	argc -= archive != NULL ? 2 : 0;
	argv += archive != NULL ? 2 : 0;
	if ((argc != 6 && argc != 8) || secret_init() != 0)
		return 2;
	const unsigned first = (unsigned)g_ascii_strtoull(argv[4], NULL, 10);
	const unsigned count = (unsigned)g_ascii_strtoull(argv[5], NULL, 10);
	const unsigned n_endings = G_N_ELEMENTS(endings) - (archive == NULL);
	const struct scene films = {.film = film_create(64, 48),
				    .large = film_create(96, 64),
				    .archive_certificate =
					    archive != NULL ? load_archive(archive) : NULL};

	for (unsigned i = first; i < first + count; i++) {
		unsigned shape = argc == 8 ? shape_of(argv[6]) : i % G_N_ELEMENTS(shapes);
		unsigned ending =
			argc == 8 ? ending_of(argv[7]) : i / G_N_ELEMENTS(shapes) % n_endings;
		in_process(argv, &films, i, shape, ending, false);
		fflush(stdout);
		if (endings[ending].killed)
			in_process(argv, &films, i, shape, ending, true);
	}
	film_destroy(films.film);
	film_destroy(films.large);
	archive_certificate_destroy(films.archive_certificate);
	return 0;
}
