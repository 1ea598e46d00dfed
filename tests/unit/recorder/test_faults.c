/* A disk that fails, fills up, is slow or takes nothing: the session is frozen and told, nothing
 * that was written is harmed, and the verifier says exactly what is true of the rest. */
#include "ipc/link.h"
#include "recorder/chain/verify.h"
#include "tests/unit/recorder/shade_session.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define PICTURES 6u
#define OTHER_SESSION "6f9619ff-8b86-4011-b42d-00c04fc96401"
#define THIRD_SESSION "6f9619ff-8b86-4011-b42d-00c04fc96402"

static unsigned count(const struct verify_report *report, enum verify_class class)
{
	unsigned n = 0;

	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *f = g_ptr_array_index(report->findings, i);
		if (f->class != VERIFY_NOTE)
			g_test_message("%s: %s", verify_class_name(f->class), f->text);
		n += f->class == class;
	}
	return n;
}

/* Sealed and whole, with this reason. */
static void expect_whole(const struct recorder_process *p, const char *reason)
{
	g_autofree char *dir = recorder_process_recording(p);
	struct verify_report report;
	int result = verify_recording(dir, NULL, recorder_process_archive_key(), &report);

	g_assert_cmpuint(count(&report, VERIFY_BROKEN), ==, 0);
	g_assert_cmpint(result, ==, 0);
	g_assert_cmpstr(report.end_reason, ==, reason);
	verify_report_finish(&report);
}

/* Not sealed, and that is all there is to say against it. */
static void expect_open_end(const struct recorder_process *p)
{
	g_autofree char *dir = recorder_process_recording(p);
	struct verify_report report;

	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			1);
	g_assert_cmpuint(count(&report, VERIFY_BROKEN), ==, 0);
	g_assert_cmpuint(count(&report, VERIFY_INCOMPLETE), >, 0);
	g_assert_false(report.sealed);
	verify_report_finish(&report);
}

struct fault {
	const char *name, *rules;
	enum end_reason reason; /**< what gateway and seal say */
	const char *detail;	/**< in what the gateway is told */
	bool sealed;		/**< the chain could still be written */
	/** half a picture lies there, for a moment or for good: it may look as if it had arrived,
	 *  and one more is painted */
	bool half_arrives;
};

/* A picture takes one write, the timeline two before the first picture, the chain one (its
 * genesis). */
static const struct fault faults[] = {
	{"eio/picture", "write seg-00001.mp4.enc.part 3 1 5", END_RECORDER_LOST,
	 "Input/output error", true, .half_arrives = true},
	{"eio/first-picture", "write seg-00001.mp4.enc.part 0 1 5", END_RECORDER_LOST,
	 "Input/output error", true, .half_arrives = true},
	{"eio/init", "write init-001.mp4.part 0 1 5", END_RECORDER_LOST, "Input/output error",
	 true},
	{"eio/timeline", "write seg-00001.jsonl.gz.enc.part 3 1 5", END_RECORDER_LOST,
	 "Input/output error", true},
	{"eio/everything", "write seg-* 5 0 5;write chain 1 0 5", END_RECORDER_LOST,
	 "Input/output error", false},
	{"eio/cannot-be-cut-back",
	 "write seg-00001.mp4.enc.part 3 1 5;truncate seg-00001.mp4.enc.part 0 0 5",
	 END_RECORDER_LOST, "Input/output error", false, .half_arrives = true},
	{"eio/sync", "sync seg-00001.mp4.enc.part 0 1 5", END_RECORDER_LOST, "Input/output error",
	 false},
	{"full/picture", "write seg-00001.mp4.enc.part 3 0 28", END_STORAGE_FULL, "No space left",
	 true},
	{"full/everything", "write seg-* 6 0 28;write chain 1 0 28", END_STORAGE_FULL,
	 "No space left", false},
	{"full/no-new-file", "create init-* 0 0 28", END_STORAGE_FULL, "No space left", true},
	{"read-only/picture", "write seg-* 6 0 30;rename * 0 0 30;write chain 1 0 30",
	 END_RECORDER_LOST, "Read-only", false},
};

/* True when the end was announced as the fault demands. */
static void expect_ending(struct recorder_process *p, const struct fault *fault)
{
	struct recorder_opened ending;

	recorder_process_expect(p, RECORDER_OPENED, &ending);
	g_assert_cmpuint(ending.reason, ==, fault->reason);
	g_assert_nonnull(strstr(ending.detail, fault->detail));
	message_clear(recorder_message_type(RECORDER_OPENED), &ending);
}

static void expect_sealed(struct recorder_process *p, bool ok)
{
	struct recorder_sealed sealed;

	recorder_process_expect(p, RECORDER_SEALED, &sealed);
	g_assert_cmpuint(sealed.ok, ==, ok);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
}

/* Paints until the recorder freezes the session. */
static void paint_until_frozen(struct shade_session *session, struct recorder_process *p)
{
	bool running = shade_session_open(session, p);

	for (unsigned i = 0; running && i < 100; i++) {
		painter_event(&session->painter, "{\"type\":\"key\"}");
		running = shade_session_paint_and_wait(session);
	}
	g_assert_false(running);
}

static void test_fault(gconstpointer data)
{
	const struct fault *fault = data;
	struct recorder_process p;
	struct shade_session session;

	recorder_process_init(&p, false);
	p.faults = fault->rules;
	recorder_process_start(&p);
	paint_until_frozen(&session, &p);
	expect_ending(&p, fault);
	expect_sealed(&p, fault->sealed);
	if (!fault->sealed) {
		expect_open_end(&p);
		recorder_process_stop(&p);
		/* The disk is mended: the next start closes what is there, without a hole. */
		p.faults = NULL;
		recorder_process_start(&p);
		recorder_process_stop(&p);
	}
	expect_whole(&p, fault->sealed ? end_reason_key(fault->reason) : "fault");
	if (session.n_painted > 1)
		g_assert_cmpuint(shade_session_count_lost(&session), <=,
				 fault->half_arrives ? 2 : 1);
	shade_session_finish(&session);
	recorder_process_finish(&p);
}

/* Errors that come when nothing is left to lose: the recording is not sealed, the gateway hears it,
 * the next start mends it. */
static void test_cannot_be_sealed(gconstpointer rules)
{
	struct recorder_process p;
	struct shade_session session;

	recorder_process_init(&p, false);
	p.faults = rules;
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&session, &p));
	g_assert_true(shade_session_paint_and_wait(&session));
	g_assert_false(shade_session_close(&session));
	expect_open_end(&p);
	recorder_process_stop(&p);
	p.faults = NULL;
	recorder_process_start(&p);
	recorder_process_stop(&p);
	expect_whole(&p, "fault");
	g_assert_cmpuint(shade_session_count_lost(&session), ==, 0);
	shade_session_finish(&session);
	recorder_process_finish(&p);
}

/* Nothing fails here, it only takes its time or comes in pieces. */
static void test_bearable(gconstpointer rules)
{
	struct recorder_process p;
	struct shade_session session;

	recorder_process_init(&p, false);
	p.faults = rules;
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&session, &p));
	for (unsigned i = 0; i < PICTURES; i++)
		g_assert_true(shade_session_paint_and_wait(&session));
	g_assert_true(shade_session_resize(&session, 160, 96));
	g_assert_true(shade_session_paint_and_wait(&session));
	g_assert_true(shade_session_close(&session));
	expect_whole(&p, "viewer-left");
	g_assert_cmpuint(shade_session_count_lost(&session), ==, 0);
	shade_session_finish(&session);
	recorder_process_finish(&p);
}

static void expect_answer(struct recorder_process *p, const char *session_id,
			  enum end_reason reason)
{
	const struct recorder_open open = {.session_id = (char *)(uintptr_t)session_id};
	struct recorder_opened opened;
	int pair[2];

	g_assert_cmpint(link_pair(pair), ==, 0);
	recorder_process_send(p, RECORDER_OPEN, &open, &pair[1], 1);
	recorder_process_expect(p, RECORDER_OPENED, &opened);
	g_assert_cmpuint(opened.reason, ==, reason);
	message_clear(recorder_message_type(RECORDER_OPENED), &opened);
	close(pair[0]);
	close(pair[1]);
}

static void ask_for(struct recorder_process *p, const char *session_id)
{
	const struct recorder_open open = {.session_id = (char *)(uintptr_t)session_id};
	int pair[2];

	g_assert_cmpint(link_pair(pair), ==, 0);
	recorder_process_send(p, RECORDER_OPEN, &open, &pair[1], 1);
	close(pair[0]);
	close(pair[1]);
}

/* A recording that waits for its disk holds up nobody: the gateway's word for another session comes
 * to its recording, a third one opens, a canvas is answered, a recording is sealed, and all the
 * while the first is not open. */
static void test_slow_opening(void)
{
	struct recorder_process p;
	struct shade_session session;
	struct recorder_opened opened;
	struct recorder_taken taken;
	const struct recorder_event event = {(char *)(uintptr_t)TEST_SESSION,
					     (char *)(uintptr_t) "{\"type\":\"supervisor\"}", 9};

	recorder_process_init(&p, false);
	p.faults = "mkdir " OTHER_SESSION " 0 1 wait-100000";
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&session, &p));
	ask_for(&p, OTHER_SESSION);
	ask_for(&p, THIRD_SESSION);
	recorder_process_expect(&p, RECORDER_OPENED, &opened);
	g_assert_cmpstr(opened.session_id, ==, THIRD_SESSION);
	g_assert_cmpuint(opened.reason, ==, END_NONE);
	message_clear(recorder_message_type(RECORDER_OPENED), &opened);
	g_assert_true(shade_session_resize(&session, 160, 96));
	g_assert_true(shade_session_paint_and_wait(&session));
	recorder_process_send(&p, RECORDER_EVENT, &event, NULL, 0);
	recorder_process_expect(&p, RECORDER_TAKEN, &taken);
	g_assert_cmpuint(taken.written, ==, 1);
	message_clear(recorder_message_type(RECORDER_TAKEN), &taken);
	g_assert_true(shade_session_close(&session));
	expect_whole(&p, "viewer-left");
	g_assert_cmpuint(shade_session_count_lost(&session), ==, 0);
	shade_session_finish(&session);
	recorder_process_kill(&p);
	recorder_process_finish(&p);
}

static void expect_refused(struct recorder_process *p, enum end_reason reason)
{
	expect_answer(p, TEST_SESSION, reason);
}

/* Whoever is told that a recording is open relies on it: its genesis is on the disk. */
static void test_genesis_not_synced(gconstpointer rules)
{
	struct recorder_process p;

	recorder_process_init(&p, false);
	p.faults = rules;
	recorder_process_start(&p);
	expect_refused(&p, END_RECORDER_LOST);
	recorder_process_finish(&p);
}

static void test_read_only_store(void)
{
	struct recorder_process p;

	recorder_process_init(&p, false);
	p.faults = "mkdir * 0 0 30";
	recorder_process_start(&p);
	expect_refused(&p, END_RECORDER_LOST);
	recorder_process_finish(&p);
}

/* A key that the disk may lose is as good as none: what it encrypts would be noise after a power
 * cut. */
static void test_key_not_synced(void)
{
	struct recorder_process p;

	recorder_process_init(&p, false);
	p.faults = "sync key-001.cms 0 0 5";
	recorder_process_start(&p);
	expect_refused(&p, END_RECORDER_LOST);
	recorder_process_finish(&p);
}

/* Whoever hears of a seal, the node log first, relies on its lying there. Whether the disk says so
 * before the end or at it is chance. */
static void test_seal_not_synced(void)
{
	struct recorder_process p;
	struct shade_session session;

	recorder_process_init(&p, false);
	p.faults = "sync chain 1 0 5";
	recorder_process_start(&p);
	if (shade_session_open(&session, &p))
		shade_session_paint_and_wait(&session);
	g_assert_false(shade_session_close(&session));
	recorder_process_stop(&p);
	p.faults = NULL;
	recorder_process_start(&p);
	recorder_process_stop(&p);
	g_autofree char *chain = recorder_process_read(&p, TEST_SESSION, "chain");
	g_assert_nonnull(strstr(chain, "\"kind\":\"seal\""));
	shade_session_finish(&session);
	recorder_process_finish(&p);
}

/* ---- A file system that is really full ---- */

static bool mount_small(const char *dir, const char *options)
{
	return g_mkdir_with_parents(dir, 0750) == 0 &&
	       mount("none", dir, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0;
}

static void fill(const char *dir, uint64_t bytes)
{
	g_autofree char *path = g_build_filename(dir, "ballast", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(posix_fallocate(fd, 0, (off_t)bytes), ==, 0);
	close(fd);
}

static void fill_up(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "ballast", NULL);
	g_autofree char *zeros = g_malloc0(4096);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	g_assert_cmpint(fd, >=, 0);
	while (write(fd, zeros, 4096) > 0)
		;
	g_assert_cmpint(errno, ==, ENOSPC);
	close(fd);
}

static void remove_ballast(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "ballast", NULL);

	g_assert_cmpint(unlink(path), ==, 0);
}

/* The mount is seen by this process and its children alone. */
static bool start_on_small_disk(struct recorder_process *p)
{
	recorder_process_init(p, false);
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    !mount_small(p->store_dir, "size=4m")) {
		g_test_skip("no tmpfs can be mounted here");
		recorder_process_finish(p);
		return false;
	}
	recorder_process_start(p);
	return true;
}

static void leave_small_disk(struct recorder_process *p)
{
	recorder_process_stop(p);
	g_assert_cmpint(umount2(p->store_dir, MNT_DETACH), ==, 0);
	recorder_process_finish(p);
}

/* Below the reserve (1 MiB here) nobody new comes in, long before the disk is full; who is there
 * goes on. Room that comes back counts at once. */
static void test_reserve(void)
{
	struct recorder_process p;
	struct shade_session session;

	if (!start_on_small_disk(&p))
		return;
	g_assert_true(shade_session_open(&session, &p));
	fill(p.store_dir, (4u << 20) - (640u << 10));
	expect_answer(&p, OTHER_SESSION, END_STORAGE_FULL);
	for (unsigned i = 0; i < 5; i++)
		g_assert_true(shade_session_paint_and_wait(&session));
	remove_ballast(p.store_dir);
	expect_answer(&p, OTHER_SESSION, END_NONE);
	g_assert_true(shade_session_close(&session));
	expect_whole(&p, "viewer-left");
	g_assert_cmpuint(shade_session_count_lost(&session), ==, 0);
	shade_session_finish(&session);
	leave_small_disk(&p);
}

/* Below an eighth of the reserve (1 MiB here) what runs is ended while there is room for its
 * seal. */
static void test_nearly_full_disk(void)
{
	struct recorder_process p;
	struct shade_session session;
	const struct fault full = {.reason = END_STORAGE_FULL, .detail = "full"};

	if (!start_on_small_disk(&p))
		return;
	g_assert_true(shade_session_open(&session, &p));
	fill(p.store_dir, (4u << 20) - (96u << 10));
	expect_ending(&p, &full);
	expect_sealed(&p, true);
	expect_whole(&p, "storage-full");
	g_assert_cmpuint(shade_session_count_lost(&session), ==, 0);
	expect_refused(&p, END_STORAGE_FULL);
	shade_session_finish(&session);
	leave_small_disk(&p);
}

/* Not a byte left, from one moment to the next. */
static void test_full_disk(void)
{
	struct recorder_process p;
	struct shade_session session;
	const struct fault full = {.reason = END_STORAGE_FULL, .detail = ""};

	if (!start_on_small_disk(&p))
		return;
	g_assert_true(shade_session_open(&session, &p));
	fill_up(p.store_dir);
	for (bool running = true; running;) {
		painter_event(&session.painter, "{\"type\":\"key\"}");
		running = shade_session_paint_and_wait(&session);
	}
	expect_ending(&p, &full);
	struct recorder_sealed sealed;
	recorder_process_expect(&p, RECORDER_SEALED, &sealed);
	bool ok = sealed.ok;
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	if (!ok)
		expect_open_end(&p);
	recorder_process_stop(&p);
	remove_ballast(p.store_dir);
	recorder_process_start(&p);
	recorder_process_stop(&p);
	expect_whole(&p, ok ? "storage-full" : "fault");
	g_assert_cmpuint(shade_session_count_lost(&session), <=, 1);
	shade_session_finish(&session);
	recorder_process_start(&p);
	leave_small_disk(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strconcat("/faults/", faults[i].name, NULL);
		g_test_add_data_func(path, &faults[i], test_fault);
	}
	g_test_add_data_func("/faults/eio/rename", "rename seg-00001.mp4.enc.part 0 1 5",
			     test_cannot_be_sealed);
	g_test_add_data_func("/faults/eio/entry", "write chain 1 1 5", test_cannot_be_sealed);
	g_test_add_data_func("/faults/eio/directory", "sync " TEST_SESSION " 2 1 5",
			     test_cannot_be_sealed);
	g_test_add_data_func("/faults/full/seal", "write chain 2 0 28", test_cannot_be_sealed);
	g_test_add_data_func("/faults/slow/sync", "sync seg-* 0 0 wait-400", test_bearable);
	g_test_add_data_func("/faults/slow/write", "write seg-* 0 0 wait-60", test_bearable);
	g_test_add_data_func("/faults/in-pieces", "write seg-* 1 5 half;write chain 0 3 half",
			     test_bearable);
	g_test_add_func("/faults/eio/key-sync", test_key_not_synced);
	g_test_add_func("/faults/eio/seal-sync", test_seal_not_synced);
	g_test_add_func("/faults/slow/opening", test_slow_opening);
	g_test_add_data_func("/faults/eio/genesis", "sync chain 0 1 5", test_genesis_not_synced);
	g_test_add_data_func("/faults/eio/genesis-directory", "sync " TEST_SESSION " 0 1 5",
			     test_genesis_not_synced);
	g_test_add_func("/faults/read-only/store", test_read_only_store);
	g_test_add_func("/faults/disk/reserve", test_reserve);
	g_test_add_func("/faults/disk/nearly-full", test_nearly_full_disk);
	g_test_add_func("/faults/disk/full", test_full_disk);
	return g_test_run();
}
