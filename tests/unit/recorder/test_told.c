/* What the gateway tells a recorder that is frozen, killed, or knows nothing of the session: it
 * stands in the recording, or the gateway hears that it does not. */
#include "recorder/chain/verify.h"
#include "tests/unit/recorder/recorder_process.h"

#include <jansson.h>
#include <signal.h>
#include <string.h>

#define EVENTS 100u

static void say_event(struct recorder_process *p, const char *json, uint64_t number)
{
	const struct recorder_event event = {(char *)(uintptr_t)TEST_SESSION,
					     (char *)(uintptr_t)json, number};

	recorder_process_send(p, RECORDER_EVENT, &event, NULL, 0);
}

static void say_close(struct recorder_process *p, enum end_reason reason)
{
	const struct recorder_close message = {(char *)(uintptr_t)TEST_SESSION, reason, NULL, 77};

	recorder_process_send(p, RECORDER_CLOSE, &message, NULL, 0);
}

static void expect_taken(struct recorder_process *p, uint64_t number, bool written)
{
	struct recorder_taken taken;

	recorder_process_expect(p, RECORDER_TAKEN, &taken);
	g_assert_cmpstr(taken.session_id, ==, TEST_SESSION);
	g_assert_cmpuint(taken.number, ==, number);
	g_assert_cmpuint(taken.written, ==, written);
	message_clear(recorder_message_type(RECORDER_TAKEN), &taken);
}

static void expect_sealed(struct recorder_process *p)
{
	struct recorder_sealed sealed;

	recorder_process_expect(p, RECORDER_SEALED, &sealed);
	g_assert_cmpuint(sealed.ok, ==, 1);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
}

static void expect_verified(const struct recorder_process *p, const char *end_reason)
{
	g_autofree char *dir = recorder_process_recording(p);
	struct verify_report report;

	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			0);
	g_assert_true(report.sealed);
	g_assert_cmpstr(report.end_reason, ==, end_reason);
	verify_report_finish(&report);
}

/* Stopped with its hands full. Nothing is lost and nothing changes places. */
static void test_frozen(void)
{
	struct recorder_process p;
	struct painter painter;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 320, 200, false);
	g_assert_cmpint(kill(p.pid, SIGSTOP), ==, 0);
	for (unsigned i = 1; i <= EVENTS; i++) {
		g_autofree char *json = g_strdup_printf("{\"type\":\"verdict\",\"n\":%u}", i);
		say_event(&p, json, i);
	}
	say_close(&p, END_TERMINATED);
	g_assert_cmpint(kill(p.pid, SIGCONT), ==, 0);
	for (unsigned i = 1; i <= EVENTS; i++)
		expect_taken(&p, i, true);
	expect_sealed(&p);
	painter_finish(&painter);
	expect_verified(&p, "terminated");
	g_autofree char *text = recorder_process_timeline(&p, TEST_SESSION, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	json_int_t next = 1;
	for (unsigned i = 0; lines[i][0] != '\0'; i++) {
		json_t *line = json_loads(lines[i], 0, NULL);
		const char *type = json_string_value(json_object_get(line, "type"));
		if (g_strcmp0(type, "verdict") == 0)
			g_assert_cmpint(json_integer_value(json_object_get(line, "n")), ==, next++);
		json_decref(line);
	}
	g_assert_cmpint(next, ==, EVENTS + 1);
	recorder_process_finish(&p);
}

/* The session ended while there was no recorder: nobody opens the recording again, but there is
 * an end to be told, and who wanted it. */
static void test_ended_meanwhile(void)
{
	struct recorder_process p;
	struct painter painter;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_open(&painter, &p, 320, 200, false);
	recorder_process_kill(&p);
	painter_finish(&painter);
	recorder_process_start(&p);
	say_event(&p, "{\"type\":\"supervisor\",\"action\":\"terminate\",\"by\":\"carol\"}", 5);
	say_close(&p, END_TERMINATED);
	expect_taken(&p, 5, true);
	expect_sealed(&p);
	expect_verified(&p, "terminated");
	bool told = false;
	for (unsigned segment = 1; segment <= 2; segment++) {
		g_autofree char *text = recorder_process_timeline(&p, TEST_SESSION, segment);
		told |= text != NULL &&
			strstr(text, "\"origin\":\"gateway\",\"type\":\"supervisor\"");
	}
	g_assert_true(told);
	/* It is over, and more cannot be told of it. */
	say_event(&p, "{\"type\":\"supervisor\"}", 6);
	expect_taken(&p, 6, false);
	say_close(&p, END_FAULT);
	expect_taken(&p, 77, false);
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/told/frozen", test_frozen);
	g_test_add_func("/told/ended-meanwhile", test_ended_meanwhile);
	return g_test_run();
}
