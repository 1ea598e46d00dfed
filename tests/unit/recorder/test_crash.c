/* kill -9 of the recorder: at every step of a segment's life, and at random moments. What was
 * signed verifies, at most one picture is missing for each kill, and the recording goes on.
 * VITRINE_KILLS=400 asks for more random ones. */
#include "ipc/link.h"
#include "recorder/chain/verify.h"
#include "tests/unit/recorder/shade_session.h"

#include <glib.h>
#include <unistd.h>

#define KILLS_DEFAULT 40u

static void expect_whole(const struct recorder_process *p, unsigned kills)
{
	g_autofree char *dir = recorder_process_recording(p);
	struct verify_report report;
	int result = verify_recording(dir, NULL, recorder_process_archive_key(), &report);

	for (unsigned i = 0; i < report.findings->len; i++) {
		const struct verify_finding *f = g_ptr_array_index(report.findings, i);
		if (f->class != VERIFY_NOTE)
			g_test_message("%s: %s", verify_class_name(f->class), f->text);
	}
	g_assert_cmpint(result, ==, 0);
	g_assert_true(report.sealed);
	g_assert_cmpstr(report.end_reason, ==, "viewer-left");
	g_assert_cmpuint(report.gaps->len, ==, kills);
	for (unsigned i = 0; i < report.gaps->len; i++) {
		const struct verify_gap *gap = g_ptr_array_index(report.gaps, i);
		g_assert_cmpstr(gap->reason, ==, "recorder-away");
	}
	verify_report_finish(&report);
}

/* ---- Every step ---- */

struct stage {
	const char *name, *rule;
	bool slow;   /**< needs the five seconds after which a checkpoint is due */
	bool sealed; /**< the kill comes when the seal is written: nothing goes on */
};

/* The script below: four pictures, a new size (which closes the first segment), two pictures, the
 * end. Lines of the chain: genesis, segment 1, segment 2, seal; with a pause, a checkpoint
 * comes behind the genesis. */
static const struct stage stages[] = {
	{"opening/before", "create seg-00001.mp4.enc.part 0 1 kill"},
	{"opening/after", "create seg-00001.mp4.enc.part 0 1 kill-after"},
	{"init/opened", "create init-001.mp4.part 0 1 kill-after"},
	{"init/half", "write init-001.mp4.part 0 1 kill-half"},
	{"init/written", "write init-001.mp4.part 0 1 kill-after"},
	{"init/renaming", "rename init-001.mp4.part 0 1 kill"},
	{"init/renamed", "rename init-001.mp4.part 0 1 kill-after"},
	{"first-picture/half", "write seg-00001.mp4.enc.part 0 1 kill-half"},
	{"first-picture/written", "write seg-00001.mp4.enc.part 0 1 kill-after"},
	{"picture/before", "write seg-00001.mp4.enc.part 2 1 kill"},
	{"picture/half", "write seg-00001.mp4.enc.part 2 1 kill-half"},
	{"picture/written", "write seg-00001.mp4.enc.part 2 1 kill-after"},
	{"timeline/half", "write seg-00001.jsonl.gz.enc.part 2 1 kill-half"},
	{"timeline/written", "write seg-00001.jsonl.gz.enc.part 2 1 kill-after"},
	{"checkpoint/half", "write chain 1 1 kill-half", .slow = true},
	{"checkpoint/written", "write chain 1 1 kill-after", .slow = true},
	{"sealing/syncing", "sync seg-00001.mp4.enc.part 0 1 kill"},
	{"sealing/synced", "sync seg-00001.mp4.enc.part 0 1 kill-after"},
	{"sealing/renaming", "rename seg-00001.mp4.enc.part 0 1 kill"},
	{"sealing/renamed", "rename seg-00001.mp4.enc.part 0 1 kill-after"},
	{"sealing/timeline-renamed", "rename seg-00001.jsonl.gz.enc.part 0 1 kill-after"},
	{"sealing/directory-synced", "sync " TEST_SESSION " 2 1 kill-after"},
	{"entry/before", "write chain 1 1 kill"},
	{"entry/half", "write chain 1 1 kill-half"},
	{"entry/after", "write chain 1 1 kill-after"},
	{"second-segment/half", "write seg-00002.mp4.enc.part 1 1 kill-half"},
	{"end/renamed", "rename seg-00002.mp4.enc.part 0 1 kill-after"},
	{"end/entry", "write chain 2 1 kill-after"},
	{"seal/half", "write chain 3 1 kill-half"},
	{"seal/after", "write chain 3 1 kill-after", .sealed = true},
};

/* True when it comes to its end. */
static bool play(struct shade_session *s, struct recorder_process *p, const struct stage *stage)
{
	if (!shade_session_open(s, p))
		return false;
	for (unsigned i = 0; i < 3; i++) {
		painter_event(&s->painter, "{\"type\":\"key\"}");
		if (!shade_session_paint_and_wait(s))
			return false;
		if (stage->slow)
			g_usleep(2 * G_USEC_PER_SEC);
	}
	if (!shade_session_resize(s, 192, 96))
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (!shade_session_paint_and_wait(s))
			return false;
	return shade_session_close(s);
}

static void test_stage(gconstpointer data)
{
	const struct stage *stage = data;
	struct recorder_process p;
	struct shade_session session;

	if (stage->slow && !g_test_slow()) {
		g_test_skip("takes six seconds; -m slow runs it");
		return;
	}
	recorder_process_init(&p, false);
	p.faults = stage->rule;
	recorder_process_start(&p);
	g_assert_false(play(&session, &p, stage));
	recorder_process_expect_killed(&p);
	p.faults = NULL;
	recorder_process_start(&p);
	if (!stage->sealed) {
		painter_resume(&session.painter, &p);
		g_assert_true(shade_session_paint_and_wait(&session));
		g_assert_true(shade_session_paint_and_wait(&session));
		g_assert_true(shade_session_close(&session));
	}
	expect_whole(&p, stage->sealed ? 0 : 1);
	g_assert_cmpuint(shade_session_count_lost(&session), <=, 1);
	shade_session_finish(&session);
	recorder_process_finish(&p);
}

/* Before the genesis is whole there is no recording: nobody was told that one began, and the next
 * start is not held up by the rest. */
static void test_genesis(void)
{
	static const char *const rules[] = {
		"mkdir * 0 1 kill",
		"create certificate.pem 0 1 kill-after",
		"create chain 0 1 kill-after",
		"write chain 0 1 kill-half",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rules); i++) {
		struct recorder_process p;
		int pair[2];
		struct recorder_opened opened;
		const struct recorder_open open = {.session_id = (char *)(uintptr_t)TEST_SESSION};
		recorder_process_init(&p, false);
		p.faults = rules[i];
		recorder_process_start(&p);
		g_assert_cmpint(link_pair(pair), ==, 0);
		recorder_process_send(&p, RECORDER_OPEN, &open, &pair[1], 1);
		g_assert_false(recorder_process_hear(&p, RECORDER_OPENED, &opened));
		recorder_process_expect_killed(&p);
		p.faults = NULL;
		recorder_process_start(&p);
		recorder_process_finish(&p);
		close(pair[0]);
		close(pair[1]);
	}
}

/* ---- Random moments ---- */

static unsigned wanted_kills(void)
{
	const char *text = g_getenv("VITRINE_KILLS");

	return text != NULL ? (unsigned)g_ascii_strtoull(text, NULL, 10) : KILLS_DEFAULT;
}

/* One life: a few pictures, each after the one before arrived, so that one is on its way at most;
 * another size now and then. */
static void live(struct shade_session *s, GRand *random)
{
	for (int n = g_rand_int_range(random, 0, 4); n > 0; n--)
		g_assert_true(shade_session_paint_and_wait(s));
	if (g_rand_int_range(random, 0, 5) == 0)
		g_assert_true(shade_session_resize(
			s, 128 + 16 * (uint32_t)g_rand_int_range(random, 0, 3), 96));
	painter_event(&s->painter, "{\"type\":\"key\"}");
	shade_session_paint(s);
	g_usleep((gulong)g_rand_int_range(random, 0, 90000));
}

static void test_random(void)
{
	struct recorder_process p;
	struct shade_session session;
	const unsigned kills = wanted_kills();
	GRand *random = g_rand_new_with_seed(g_test_rand_int());

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&session, &p));
	for (unsigned i = 0; i < kills; i++) {
		live(&session, random);
		recorder_process_kill(&p);
		recorder_process_start(&p);
		painter_resume(&session.painter, &p);
	}
	g_assert_true(shade_session_paint_and_wait(&session));
	g_assert_true(shade_session_close(&session));
	expect_whole(&p, kills);
	unsigned lost = shade_session_count_lost(&session);
	g_test_message("%u kills, %u pictures painted, %u of them lost", kills, session.n_painted,
		       lost);
	g_assert_cmpuint(lost, <=, kills);
	shade_session_finish(&session);
	recorder_process_finish(&p);
	g_rand_free(random);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++) {
		g_autofree char *path = g_strconcat("/crash/", stages[i].name, NULL);
		g_test_add_data_func(path, &stages[i], test_stage);
	}
	g_test_add_func("/crash/genesis", test_genesis);
	g_test_add_func("/crash/random", test_random);
	return g_test_run();
}
