/* Reads one chain line. It must not judge: signatures, order and files are the verifier's
 * matter. */
#include "recorder/chain/chain_reader.h"

#include "recorder/chain/strict_json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define NUMBER_MAX CHAIN_NUMBER_MAX

static const char *const kind_names[CHAIN_KIND_COUNT] = {
	[CHAIN_GENESIS] = "genesis", [CHAIN_SEGMENT] = "segment", [CHAIN_CHECKPOINT] = "checkpoint",
	[CHAIN_GAP] = "gap",	     [CHAIN_SEAL] = "seal",
};

const char *chain_kind_name(enum chain_kind kind)
{
	return kind < CHAIN_KIND_COUNT ? kind_names[kind] : "unknown";
}

/* Fields are read one after the other; the first that is missing or of the wrong type
 * makes the whole line bad. */
struct fields {
	const json_t *object;
	bool failed;
};

static uint64_t take_number(struct fields *f, const char *name, uint64_t max)
{
	const json_t *value = json_object_get(f->object, name);
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || (uint64_t)number > max) {
		f->failed = true;
		return 0;
	}
	return (uint64_t)number;
}

static const char *take_text(struct fields *f, const char *name)
{
	const json_t *value = json_object_get(f->object, name);

	if (!json_is_string(value)) {
		f->failed = true;
		return "";
	}
	return json_string_value(value);
}

static const char *need_utc(struct fields *f, const char *name)
{
	const char *text = take_text(f, name);

	if (!strict_json_is_utc(text))
		f->failed = true;
	return text;
}

static void take_hash(struct fields *f, const char *name, char ret[DIGEST_HEX_BYTES])
{
	const char *text = take_text(f, name);

	if (strlen(text) != DIGEST_HEX_BYTES - 1 ||
	    strspn(text, "0123456789abcdef") != DIGEST_HEX_BYTES - 1)
		f->failed = true;
	g_strlcpy(ret, text, DIGEST_HEX_BYTES);
}

/* Names are plain: a chain may not point outside its directory. */
static bool name_ok(const char *name)
{
	return name[0] != '\0' && name[0] != '.' &&
	       strlen(name) < sizeof((struct chain_file *)0)->name &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(name);
}

static void take_files(struct fields *f, struct chain_entry *ret)
{
	const json_t *array = json_object_get(f->object, "files");

	if (!json_is_array(array) || json_array_size(array) > CHAIN_MAX_FILES) {
		f->failed = true;
		return;
	}
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct chain_file *file = &ret->files[ret->n_files++];
		struct fields inner = {json_array_get(array, i), false};
		const char *name = take_text(&inner, "name");
		if (!name_ok(name))
			inner.failed = true;
		g_strlcpy(file->name, name, sizeof file->name);
		file->bytes = take_number(&inner, "bytes", NUMBER_MAX);
		take_hash(&inner, "sha256", file->sha256);
		if (json_object_get(inner.object, "tail_bytes") != NULL)
			file->tail_bytes = take_number(&inner, "tail_bytes", INT64_MAX);
		f->failed |= inner.failed;
	}
}

/* What no program of ours asks for must be there all the same: another verifier may. */
static void need_texts(struct fields *f)
{
	static const char *const names[] = {
		"viewer_address", "viewer_name", "target_address", "account", "front",
		"back",		  "door"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		take_text(f, names[i]);
	need_utc(f, "opened");
}

static void take_genesis(struct fields *f, struct chain_entry *ret)
{
	need_texts(f);
	ret->version = take_number(f, "version", UINT32_MAX);
	ret->clock_us = take_number(f, "clock_us", NUMBER_MAX);
	ret->session = g_strdup(take_text(f, "session"));
	ret->user = g_strdup(take_text(f, "user"));
	ret->target = g_strdup(take_text(f, "target"));
	ret->node = g_strdup(take_text(f, "node"));
	ret->quality = g_strdup(take_text(f, "quality"));
	take_files(f, ret);
}

static uint64_t take_count(struct fields *f, const char *name)
{
	return json_object_get(f->object, name) != NULL ? take_number(f, name, NUMBER_MAX) : 0;
}

static void take_counts(struct fields *f, struct chain_counts *ret)
{
	ret->seen = take_count(f, "seen");
	ret->coalesced = take_count(f, "coalesced");
	ret->lost = take_count(f, "lost");
}

static void take_segment(struct fields *f, struct chain_entry *ret)
{
	ret->number = (uint32_t)take_number(f, "number", UINT32_MAX);
	ret->start_us = take_number(f, "start_us", NUMBER_MAX);
	ret->end_us = take_number(f, "end_us", NUMBER_MAX);
	ret->first_frame_us = take_number(f, "first_frame_us", NUMBER_MAX);
	ret->frames = take_number(f, "frames", UINT32_MAX);
	ret->width = (uint32_t)take_number(f, "width", UINT32_MAX);
	ret->height = (uint32_t)take_number(f, "height", UINT32_MAX);
	ret->codec = g_strdup(take_text(f, "codec"));
	take_counts(f, &ret->counts);
	take_files(f, ret);
}

static void take_rest(struct fields *f, struct chain_entry *ret)
{
	switch (ret->kind) {
	case CHAIN_GENESIS:
		take_genesis(f, ret);
		break;
	case CHAIN_SEGMENT:
		take_segment(f, ret);
		break;
	case CHAIN_CHECKPOINT:
		ret->number = (uint32_t)take_number(f, "number", UINT32_MAX);
		ret->frames = take_number(f, "frames", UINT32_MAX);
		take_files(f, ret);
		break;
	case CHAIN_GAP:
		ret->start_us = take_number(f, "start_us", NUMBER_MAX);
		ret->end_us = take_number(f, "end_us", NUMBER_MAX);
		break;
	case CHAIN_SEAL:
		ret->segments = take_number(f, "segments", UINT32_MAX);
		ret->frames = take_number(f, "frames", NUMBER_MAX);
		ret->bytes = take_number(f, "bytes", NUMBER_MAX);
		ret->duration_us = take_number(f, "duration_us", NUMBER_MAX);
		ret->has_counts = json_object_get(f->object, "seen") != NULL;
		take_counts(f, &ret->counts);
		break;
	case CHAIN_KIND_COUNT:
		f->failed = true;
		break;
	}
	if (ret->kind == CHAIN_GAP || ret->kind == CHAIN_SEAL) {
		ret->reason = g_strdup(take_text(f, "reason"));
		ret->detail = g_strdup(take_text(f, "detail"));
	}
}

static enum chain_kind kind_of(const char *name)
{
	unsigned kind = 0;

	while (kind < CHAIN_KIND_COUNT && strcmp(kind_names[kind], name) != 0)
		kind++;
	return (enum chain_kind)kind;
}

static bool parse_json(struct chain_entry *ret)
{
	json_t *object = strict_json_load(ret->json, ret->json_length);
	struct fields f = {object, object == NULL};

	ret->kind = kind_of(take_text(&f, "kind"));
	ret->seq = take_number(&f, "seq", NUMBER_MAX);
	ret->t_us = take_number(&f, "t_us", NUMBER_MAX);
	ret->utc = g_strdup(need_utc(&f, "utc"));
	take_hash(&f, "prev", ret->prev);
	if (!f.failed)
		take_rest(&f, ret);
	json_decref(object);
	return !f.failed;
}

int chain_entry_parse(const char *line, size_t length, struct chain_entry *ret)
{
	struct signed_line parts;

	*ret = (struct chain_entry){0};
	if (length >= CHAIN_LINE_MAX_BYTES || signed_line_parse(line, length, &parts) < 0)
		return -EPROTO;
	ret->json = parts.json;
	ret->json_length = parts.json_bytes;
	memcpy(ret->signature, parts.signature, sizeof ret->signature);
	ret->signature_length = parts.signature_bytes;
	if (!parse_json(ret)) {
		chain_entry_clear(ret);
		return -EPROTO;
	}
	digest_hex_of(ret->json, ret->json_length, ret->hash);
	return 0;
}

void chain_entry_clear(struct chain_entry *entry)
{
	g_free(entry->session);
	g_free(entry->user);
	g_free(entry->target);
	g_free(entry->node);
	g_free(entry->quality);
	g_free(entry->codec);
	g_free(entry->reason);
	g_free(entry->detail);
	g_free(entry->utc);
	*entry = (struct chain_entry){0};
}
