/* Timelines as tables and subtitles, out of recordings and out of evidence files: every cell as it
 * must be, nothing a spreadsheet would run, and nothing that was not signed. */
#include "evidence/timeline/timeline_csv.h"
#include "evidence/timeline/timeline_source.h"
#include "evidence/timeline/timeline_vtt.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/evidence/recording.h"

#include <string.h>

/* 2026-05-28T20:26:40Z */
#define STARTED_US UINT64_C(1780000000000000)

static void assert_row(const char *line, const char *expected)
{
	g_autoptr(GString) out = g_string_new(NULL);

	timeline_csv_row(out, STARTED_US, line, strlen(line));
	g_assert_cmpstr(out->str, ==, expected);
}

static void test_csv(void)
{
	g_autoptr(GString) head = g_string_new(NULL);

	timeline_csv_head(head);
	g_assert_cmpstr(head->str, ==, "time_utc,seconds,origin,type,text,detail\r\n");
	assert_row(
		"{\"t_us\":1500000,\"origin\":\"session\",\"type\":\"title\",\"text\":\"Büro\"}\n",
		"2026-05-28T20:26:41.500000Z,1.500000,session,title,Büro,\r\n");
	assert_row("{\"t_us\":0,\"origin\":\"session\",\"type\":\"key\",\"down\":true,\"code\":30,"
		   "\"text\":\"a\"}",
		   "2026-05-28T20:26:40.000000Z,0.000000,session,key,a,"
		   "\"{\"\"code\"\":30,\"\"down\"\":true}\"\r\n");
	assert_row("{\"t_us\":0,\"type\":\"key\",\"down\":true,\"masked\":true}",
		   "2026-05-28T20:26:40.000000Z,0.000000,,key,(masked),"
		   "\"{\"\"down\"\":true,\"\"masked\"\":true}\"\r\n");
	assert_row("{\"t_us\":0,\"type\":\"notice\",\"text\":\"a \\\"b\\\", c\\r\\nd\"}",
		   "2026-05-28T20:26:40.000000Z,0.000000,,notice,\"a \"\"b\"\", c\r\nd\",\r\n");
	assert_row("no event, at all\n", ",,,unreadable,\"no event, at all\",\r\n");
	assert_row("{\"t_us\":-1}", ",,,unreadable,\"{\"\"t_us\"\":-1}\",\r\n");
}

static void test_formulas(void)
{
	static const char *const starts[] = {"=", "+", "-", "@", "\\t", "\\r"};
	static const char *const cells[] = {"'=1", "'+1", "'-1", "'@1", "\"'\t1\"", "\"'\r1\""};

	for (unsigned i = 0; i < G_N_ELEMENTS(starts); i++) {
		g_autofree char *line = g_strdup_printf(
			"{\"t_us\":0,\"type\":\"title\",\"text\":\"%s1\"}", starts[i]);
		g_autofree char *row = g_strdup_printf(
			"2026-05-28T20:26:40.000000Z,0.000000,,title,%s,\r\n", cells[i]);
		assert_row(line, row);
	}
	assert_row("=HYPERLINK()", ",,,unreadable,'=HYPERLINK(),\r\n");
}

static char *subtitles(const char *lines)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) each = g_strsplit(lines, "\n", -1);
	struct timeline_vtt *vtt = timeline_vtt_create(out);

	for (char **line = each; *line != NULL; line++)
		timeline_vtt_add(vtt, *line, strlen(*line));
	timeline_vtt_finish(vtt);
	return g_strdup(out->str);
}

#define KEY(us, text)                                                                              \
	"{\"t_us\":" us ",\"type\":\"key\",\"down\":true,\"text\":\"" text "\"}\n"                 \
	"{\"t_us\":" us ",\"type\":\"key\",\"down\":false,\"text\":\"" text "\"}\n"

#define CODE(kind, code)                                                                           \
	"{\"t_us\":1,\"type\":\"key\",\"down\":true,\"kind\":\"" kind "\",\"code\":" code "}\n"

/* Shift before a pipe is in the pipe already; what is no modifier is shown, whatever it is. */
static void test_subtitles_modifiers(void)
{
	g_autofree char *typed =
		subtitles(KEY("0", "a") CODE("scancode", "42") CODE("scancode", "29")
				  CODE("keysym", "65505") CODE("keysym", "65027") KEY("2", "|")
					  CODE("scancode", "59") CODE("keysym", "42"));
	g_autofree char *alone = subtitles(CODE("scancode", "42") CODE("keysym", "65506"));

	g_assert_cmpstr(typed, ==,
			"WEBVTT\n\n00:00:00.000 --> 00:00:03.000\na|[scancode 59][keysym 42]\n\n");
	g_assert_cmpstr(alone, ==, "WEBVTT\n\n");
}

static void test_subtitles(void)
{
	g_autofree char *typed = subtitles(
		KEY("1000000", "l") KEY("1200000", "s") KEY("1300000", "Space") KEY("1400000", "<")
			KEY("1500000", "Return") KEY("2000000", "x") KEY("9000000", "y"));
	g_autofree char *told = subtitles(
		KEY("3600000000", "a") "{\"t_us\":3600500000,\"type\":\"title\",\"text\":\"R&D --> "
				       "x\\ny\"}\n"
				       "{\"t_us\":3601000000,\"type\":\"key\",\"down\":true,"
				       "\"masked\":true}\n"
				       "{\"t_us\":3601100000,\"type\":\"key\",\"down\":true,"
				       "\"kind\":\"scancode\",\"code\":59}\nnothing\n"
				       "{\"t_us\":3602000000,\"type\":\"supervisor\",\"reason\":"
				       "\"over\"}\n"
				       "{\"t_us\":3602500000,\"type\":\"notice\",\"text\":\"\"}\n"
				       "{\"t_us\":3603000000,\"origin\":\"session\",\"type\":"
				       "\"supervisor\",\"reason\":\"forged\"}\n"
				       "{\"t_us\":5,\"type\":\"canvas\"}");
	g_autofree char *watched = subtitles(
		"{\"t_us\":0,\"origin\":\"web\",\"type\":\"watch\",\"action\":\"begin\","
		"\"by\":\"carol <x>\"}\n"
		"{\"t_us\":9000000,\"type\":\"watch\",\"action\":\"end\",\"by\":\"wendy\"}\n"
		"{\"t_us\":9500000,\"type\":\"watch\",\"action\":\"other\",\"by\":\"wendy\"}");

	g_assert_cmpstr(typed, ==,
			"WEBVTT\n\n"
			"00:00:01.000 --> 00:00:04.500\nls &lt;[Return]\n\n"
			"00:00:02.000 --> 00:00:05.000\nx\n\n"
			"00:00:09.000 --> 00:00:12.000\ny\n\n");
	g_assert_cmpstr(told, ==,
			"WEBVTT\n\n"
			"01:00:00.000 --> 01:00:03.000\na\n\n"
			"01:00:00.500 --> 01:00:03.500\nTitle: R&amp;D --&gt; x?y\n\n"
			"01:00:01.000 --> 01:00:04.100\n•[scancode 59]\n\n"
			"01:00:02.000 --> 01:00:05.000\nSupervisor: over\n\n");
	g_assert_cmpstr(watched, ==,
			"WEBVTT\n\n"
			"00:00:00.000 --> 00:00:03.000\nWatched live by carol &lt;x&gt;\n\n"
			"00:00:09.000 --> 00:00:12.000\nNo longer watched live by wendy\n\n");
}

struct fixture {
	struct recording recording;
	char *out, *target;
};

/* Two segments with events, then one whose events are `last`. */
static void fixture_init(struct fixture *f, const char *last)
{
	recording_init(&f->recording);
	f->recording.events = "{\"t_us\":1,\"type\":\"a\"}\n{\"t_us\":2,\"type\":\"b\"}\n";
	recording_add_segment(&f->recording, 1, true);
	f->recording.events = "{\"t_us\":1000000,\"type\":\"c\"}\n";
	recording_add_segment(&f->recording, 1, false);
	f->recording.events = last;
	recording_add_segment(&f->recording, 1, false);
	recording_seal(&f->recording);
	f->out = temp_dir_create();
	f->target = g_build_filename(f->out, "evidence.mp4", NULL);
}

static void fixture_finish(struct fixture *f)
{
	recording_finish(&f->recording);
	temp_dir_remove(f->out);
	g_free(f->out);
	g_free(f->target);
}

static void export(struct fixture *f, struct evidence_span span, const char *leave_out)
{
	struct evidence_order order = recording_order(&f->recording, f->target);
	struct evidence_made made;
	g_autoptr(GError) error = NULL;

	order.asked = span;
	order.leave_out_timelines = leave_out;
	evidence_export(&order, &made, &error);
	g_assert_no_error(error);
}

/* All lines; a source that fails ends with "!" and why. */
static char *drain(struct timeline_source *source)
{
	GString *lines = g_string_new(NULL);
	const char *line;
	size_t length;
	int result;
	g_autoptr(GError) error = NULL;

	while ((result = timeline_source_next(source, &line, &length, &error)) > 0)
		g_string_append_len(lines, line, (gssize)length);
	if (result < 0)
		g_string_append_printf(lines, "!%s", error->message);
	g_assert_true((result < 0) == (error != NULL));
	timeline_source_destroy(source);
	return g_string_free(lines, FALSE);
}

static struct timeline_source *of_file(const struct fixture *f, enum verdict_code *ret_verdict)
{
	const struct verify_whom whom = {.ca = f->recording.ca_path};
	g_autoptr(GError) error = NULL;
	struct timeline_source *source =
		timeline_source_of_file(f->target, &whom, ret_verdict, &error);

	g_assert_no_error(error);
	return source;
}

#define ALL                                                                                        \
	"{\"t_us\":1,\"type\":\"a\"}\n{\"t_us\":2,\"type\":\"b\"}\n{\"t_us\":1000000,\"type\":"    \
	"\"c\"}\n"
#define LAST "{\"t_us\":2000000,\"type\":\"d\"}\n"

static void test_of_file(void)
{
	struct fixture f;
	enum verdict_code verdict;

	fixture_init(&f, LAST);
	export(&f, (struct evidence_span){0, UINT64_MAX}, NULL);
	struct timeline_source *source = of_file(&f, &verdict);
	g_assert_cmpint(verdict, ==, VERDICT_PROVEN);
	g_assert_cmpuint(timeline_source_started_us(source), >, STARTED_US / 2);
	g_assert_cmpuint(timeline_source_left_out(source), ==, 0);
	g_autofree char *lines = drain(source);
	g_assert_cmpstr(lines, ==, ALL LAST);
	fixture_finish(&f);
}

static void test_part_and_left_out(void)
{
	struct fixture f;
	enum verdict_code verdict;

	fixture_init(&f, LAST);
	export(&f, (struct evidence_span){2 * RECORDING_SEGMENT_US, UINT64_MAX}, NULL);
	g_autofree char *part = drain(of_file(&f, &verdict));
	g_assert_cmpstr(part, ==, LAST);
	g_assert_cmpint(remove(f.target), ==, 0);
	export(&f, (struct evidence_span){0, UINT64_MAX}, "policy");
	struct timeline_source *source = of_file(&f, &verdict);
	g_assert_cmpuint(timeline_source_left_out(source), ==, 3);
	g_autofree char *nothing = drain(source);
	g_assert_cmpstr(nothing, ==, "");
	fixture_finish(&f);
}

static void test_changed_file(void)
{
	struct fixture f;
	gsize length;
	enum verdict_code verdict;
	const struct verify_whom whom = {0};
	g_autoptr(GError) error = NULL;

	fixture_init(&f, LAST);
	export(&f, (struct evidence_span){0, UINT64_MAX}, NULL);
	g_autofree char *bytes = recording_get(f.target, &length);
	bytes[1000] ^= 1;
	recording_put(f.target, bytes, length);
	g_assert_null(timeline_source_of_file(f.target, &whom, &verdict, &error));
	g_assert_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_DAMAGED);
	g_assert_cmpint(verdict, ==, VERDICT_BROKEN);
	fixture_finish(&f);
}

static struct timeline_source *of_recording(struct fixture *f, struct evidence_span span)
{
	g_autoptr(GError) error = NULL;
	const struct evidence_order order = recording_order(&f->recording, f->target);
	struct timeline_source *source = timeline_source_of_recording(order.reader, span, &error);

	g_assert_no_error(error);
	return source;
}

/* Lines of an earlier segment are given before the damage is met; none of the changed one is. */
static void test_of_recording(void)
{
	struct fixture f;
	gsize length;
	g_autoptr(GError) error = NULL;
	const struct evidence_span all = {0, UINT64_MAX}, far = {1u << 30, UINT64_MAX},
				   middle = {RECORDING_SEGMENT_US, RECORDING_SEGMENT_US + 1};

	fixture_init(&f, LAST);
	g_autofree char *lines = drain(of_recording(&f, all)),
			*one = drain(of_recording(&f, middle));
	g_assert_cmpstr(lines, ==, ALL LAST);
	g_assert_cmpstr(one, ==, "{\"t_us\":1000000,\"type\":\"c\"}\n");
	g_assert_null(timeline_source_of_recording(f.recording.reader, far, &error));
	g_assert_error(error, EVIDENCE_ERROR, EVIDENCE_ERROR_NOTHING);
	g_autofree char *path = g_build_filename(f.recording.dir, "seg-00003.jsonl.gz", NULL);
	g_autofree char *bytes = recording_get(path, &length);
	bytes[length / 2] ^= 1;
	recording_put(path, bytes, length);
	g_autofree char *changed = drain(of_recording(&f, all));
	g_assert_cmpstr(changed, ==, ALL "!seg-00003.jsonl.gz is not what was signed");
	g_assert_cmpint(remove(path), ==, 0);
	g_autofree char *missing = drain(of_recording(&f, all));
	g_assert_true(g_str_has_prefix(missing, ALL "!cannot read seg-00003.jsonl.gz"));
	fixture_finish(&f);
}

/* A power cut left bytes that nobody signed behind what is signed. */
static void test_tail(void)
{
	struct fixture f;
	const struct evidence_span all = {0, UINT64_MAX};

	recording_init(&f.recording);
	f.out = temp_dir_create();
	f.target = g_build_filename(f.out, "evidence.mp4", NULL);
	f.recording.events = LAST;
	f.recording.cut = true;
	recording_add_segment(&f.recording, 1, true);
	recording_seal(&f.recording);
	g_autofree char *lines = drain(of_recording(&f, all));
	g_assert_cmpstr(lines, ==, LAST);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/timeline/csv", test_csv);
	g_test_add_func("/timeline/formulas", test_formulas);
	g_test_add_func("/timeline/subtitles", test_subtitles);
	g_test_add_func("/timeline/subtitles-modifiers", test_subtitles_modifiers);
	g_test_add_func("/timeline/of-file", test_of_file);
	g_test_add_func("/timeline/part-and-left-out", test_part_and_left_out);
	g_test_add_func("/timeline/changed-file", test_changed_file);
	g_test_add_func("/timeline/of-recording", test_of_recording);
	g_test_add_func("/timeline/tail", test_tail);
	return g_test_run();
}
