/* make_recordings [--archive CERTIFICATE] FOLDER KEY CERTIFICATE FIRST COUNT [SHAPE ENDING]: honest
 * recordings of every odd shape, each in a store of its own in FOLDER, written by the recorder's
 * own archive, muxer and recovery with times that are told, not waited for; encrypted when there is
 * an archive certificate. Prints a line each: path, shape, ending. */
#include "base/clock.h"
#include "base/secret.h"
#include "recorder/recovery.h"
#include "tests/verifier/scene.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ring(void *user)
{
	struct scene *scene = user;

	g_async_queue_push(scene->bell, scene);
}

/* ---- Endings ---- */

static const char *const reasons[] = {"viewer-left", "target-closed", "terminated",
				      "idle",	     "storage-full",  "fault"};

static void seal(struct scene *scene, unsigned number, const char *reason)
{
	struct archive_totals totals;

	archive_finish(scene->archive, scene->t_us);
	scene_settle(scene);
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
		scene_checkpoint(scene);
	if (number % 4 == 1)
		scene_event(scene, "{\"type\":\"key\",\"text\":\"too late\"}");
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
	scene_tell(scene, MAX(recovered->from.t_us, recovered->from.position_us) + 2 * SECOND_US);
	if (resume) {
		scene_gap(scene, "");
		film_start(scene->large);
		film_add(scene->large, scene->archive, scene->t_us, true);
		scene_event(scene, "{\"type\":\"key\",\"text\":\"again\"}");
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

	scene_tell(scene, 0);
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

/* A recorder's life is a process, because one of them is killed; the store's thread
 * does not survive a fork. */
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
	for (unsigned i = 0; i < n_shapes; i++)
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
		unsigned shape = argc == 8 ? shape_of(argv[6]) : i % n_shapes;
		unsigned ending = argc == 8 ? ending_of(argv[7]) : i / n_shapes % n_endings;
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
