/* The words for what is done to pictures: read, put in order, cut to a span and written again; what
 * is none of them is refused. */
#include "evidence/derive/operations.h"

static bool parses(const char *text)
{
	struct derive_operations operations;
	json_t *list = json_loads(text, 0, NULL);

	bool ok = derive_operations_parse(list, &operations);
	derive_operations_finish(&operations);
	json_decref(list);
	return ok;
}

static void test_words(void)
{
	static const char good[] =
		"[{\"operation\":\"cover\",\"x\":1,\"y\":2,\"width\":3,\"height\":4},"
		"{\"operation\":\"mask\",\"start_us\":5},{\"operation\":\"transcode\",\"qp\":22}]";
	static const char *const bad[] = {
		"{}",
		"[1]",
		"[{\"operation\":\"burn\"}]",
		"[{\"operation\":\"mask\",\"start_us\":5,\"end_us\":5}]",
		"[{\"operation\":\"mask\",\"start_us\":-5}]",
		"[{\"operation\":\"cover\",\"x\":1,\"y\":2,\"width\":0,\"height\":4}]",
		"[{\"operation\":\"cover\",\"x\":1,\"y\":2,\"width\":99999999999,\"height\":4}]",
		"[{\"operation\":\"cover\",\"x\":-1,\"y\":2,\"width\":3,\"height\":4}]",
		"[{\"operation\":\"transcode\",\"qp\":51}]",
	};
	struct derive_operations operations;
	json_t *list = json_loads(good, 0, NULL);

	g_assert_true(derive_operations_parse(list, &operations));
	json_t *again = derive_operations_json(&operations, (struct derive_span){0, 9});
	g_autofree char *text = json_dumps(again, JSON_COMPACT | JSON_SORT_KEYS);
	g_assert_cmpstr(
		text, ==,
		"[{\"end_us\":9,\"height\":16,\"operation\":\"cover\",\"start_us\":0,\"width\":16,"
		"\"x\":0,\"y\":0},{\"end_us\":9,\"operation\":\"mask\",\"start_us\":5},"
		"{\"codec\":\"h264\",\"encoder\":\"libx264\",\"operation\":\"transcode\",\"qp\":22}"
		"]");
	g_assert_true(parses(text));
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(parses(bad[i]));
	json_decref(list);
	json_decref(again);
	derive_operations_finish(&operations);
}

/* A region that reaches beyond every picture is cut there, and can be read again. */
static void test_beyond(void)
{
	static const char words[] =
		"[{\"operation\":\"cover\",\"x\":8191,\"y\":8191,\"width\":8192,\"height\":8192}]";
	struct derive_operations operations;
	json_t *list = json_loads(words, 0, NULL);

	g_assert_true(derive_operations_parse(list, &operations));
	const struct rect *r = &g_array_index(operations.covers, struct derive_cover, 0).region;
	g_assert_cmpuint(r->x, ==, 8176);
	g_assert_cmpuint(r->width, ==, 16);
	g_assert_cmpuint(r->height, ==, 16);
	g_assert_false(
		parses("[{\"operation\":\"cover\",\"x\":8192,\"y\":0,\"width\":9,\"height\":9}]"));
	json_decref(list);
	derive_operations_finish(&operations);
}

static void test_too_many(void)
{
	struct derive_operations operations;
	struct derive_span span = {0, 1};

	derive_operations_init(&operations);
	for (unsigned i = 0; i < DERIVE_MAX_OPERATIONS; i++)
		g_assert_true(derive_operations_mask(&operations, span));
	g_assert_false(derive_operations_mask(&operations, span));
	derive_operations_finish(&operations);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive-operations/words", test_words);
	g_test_add_func("/derive-operations/beyond", test_beyond);
	g_test_add_func("/derive-operations/too-many", test_too_many);
	return g_test_run();
}
