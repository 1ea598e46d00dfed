/* Fuzz target: the operations of a derived copy, as a browser sends them and the database keeps
 * them. What is taken must say the same again. */
#include "evidence/derive/operations.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *words(const struct derive_operations *operations)
{
	json_t *list =
		derive_operations_json(operations, (struct derive_span){0, DERIVE_TO_THE_END});
	char *text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(list);
	return text;
}

static void read_again(const char *text)
{
	json_t *list = json_loads(text, 0, NULL);
	struct derive_operations operations;

	g_assert(derive_operations_parse(list, &operations));
	for (unsigned i = 0; i < operations.covers->len; i++) {
		const struct rect *r =
			&g_array_index(operations.covers, struct derive_cover, i).region;
		g_assert((r->x | r->y | r->width | r->height) % DERIVE_REGION_STEP_PX == 0);
		g_assert(r->width > 0 && r->height > 0);
	}
	g_autofree char *again = words(&operations);
	g_assert(strcmp(again, text) == 0);
	derive_operations_finish(&operations);
	json_decref(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *list = json_loadb((const char *)data, size, 0, NULL);
	struct derive_operations operations;

	if (derive_operations_parse(list, &operations)) {
		g_autofree char *text = words(&operations);
		read_again(text);
	}
	derive_operations_finish(&operations);
	json_decref(list);
	return 0;
}
