/* The manifest as a struct and as JSON. It must not judge whether it is true. */
#include "evidence/manifest.h"

#include "recorder/chain/strict_json.h"

#include <errno.h>
#include <string.h>

#define NUMBER_MAX ((UINT64_C(1) << 53) - 1)

static void omission_free(void *pointer)
{
	struct manifest_omission *omission = pointer;

	g_free(omission->name);
	g_free(omission->reason);
	g_free(omission);
}

void manifest_init(struct manifest *manifest)
{
	*manifest = (struct manifest){0};
	manifest->parts = g_array_new(FALSE, TRUE, sizeof(struct manifest_part));
	manifest->files = g_array_new(FALSE, TRUE, sizeof(struct chain_file));
	manifest->left_out = g_ptr_array_new_with_free_func(omission_free);
}

void manifest_finish(struct manifest *manifest)
{
	g_free(manifest->session);
	g_free(manifest->created);
	g_free(manifest->created_by);
	g_free(manifest->node);
	g_free(manifest->purpose);
	g_clear_pointer(&manifest->parts, g_array_unref);
	g_clear_pointer(&manifest->files, g_array_unref);
	g_clear_pointer(&manifest->left_out, g_ptr_array_unref);
	json_decref(manifest->operations);
	*manifest = (struct manifest){0};
}

void manifest_add_part(struct manifest *manifest, const struct chain_file *file, uint64_t offset)
{
	const struct manifest_part part = {*file, offset};

	g_array_append_val(manifest->parts, part);
}

void manifest_add_file(struct manifest *manifest, const struct chain_file *file)
{
	g_array_append_vals(manifest->files, file, 1);
}

void manifest_leave_out(struct manifest *manifest, const char *name, const char *reason)
{
	struct manifest_omission *omission = g_new0(struct manifest_omission, 1);

	*omission = (struct manifest_omission){g_strdup(name), g_strdup(reason)};
	g_ptr_array_add(manifest->left_out, omission);
}

static json_t *parts_json(const struct manifest *m)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->parts->len; i++) {
		const struct manifest_part *p = &g_array_index(m->parts, struct manifest_part, i);
		json_array_append_new(list, json_pack("{s:I, s:s, s:I, s:s}", "bytes",
						      (json_int_t)p->file.bytes, "name",
						      p->file.name, "offset", (json_int_t)p->offset,
						      "sha256", p->file.sha256));
	}
	return list;
}

static json_t *files_json(const struct manifest *m)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->files->len; i++) {
		const struct chain_file *f = &g_array_index(m->files, struct chain_file, i);
		json_array_append_new(list,
				      json_pack("{s:I, s:s, s:s}", "bytes", (json_int_t)f->bytes,
						"name", f->name, "sha256", f->sha256));
	}
	return list;
}

static json_t *left_out_json(const struct manifest *m)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->left_out->len; i++) {
		const struct manifest_omission *o = m->left_out->pdata[i];
		json_array_append_new(
			list, json_pack("{s:s, s:s}", "name", o->name, "reason", o->reason));
	}
	return list;
}

static json_t *span_json(uint64_t start_us, uint64_t end_us)
{
	return json_pack("{s:I, s:I}", "start_us", (json_int_t)start_us, "end_us",
			 (json_int_t)end_us);
}

static const char *text_or_empty(const char *text)
{
	return text != NULL ? text : "";
}

char *manifest_to_json(const struct manifest *m)
{
	json_t *object = json_pack(
		"{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:{s:I, s:s, s:b}, s:I, "
		"s:s, s:o, s:o, s:o}",
		"format", MANIFEST_FORMAT, "version", MANIFEST_VERSION, "kind",
		m->derived ? "derived" : "original", "session", text_or_empty(m->session),
		"created", text_or_empty(m->created), "created_by", text_or_empty(m->created_by),
		"node", text_or_empty(m->node), "purpose", text_or_empty(m->purpose), "span",
		span_json(m->span_start_us, m->span_end_us), "asked",
		span_json(m->asked_start_us, m->asked_end_us), "whole", m->whole, "chain",
		"entries", (json_int_t)m->chain_entries, "head", m->chain_head, "sealed",
		m->chain_sealed, "video_bytes", (json_int_t)m->video_bytes, "video_sha256",
		m->video_sha256, "parts", parts_json(m), "files", files_json(m), "left_out",
		left_out_json(m));

	if (object != NULL && m->derived) {
		json_object_set(object, "operations", m->operations);
		json_object_set_new(object, "source_sha256", json_string(m->source_sha256));
	}
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(object);
	char *copy = g_strdup(text);
	free(text);
	return copy;
}

static bool take_number(json_int_t number, uint64_t *ret)
{
	*ret = (uint64_t)number;
	return number >= 0 && (uint64_t)number <= NUMBER_MAX;
}

static bool take_hash(const char *text, char ret[DIGEST_HEX_BYTES])
{
	bool ok = strlen(text) == DIGEST_HEX_BYTES - 1 &&
		  strspn(text, "0123456789abcdef") == DIGEST_HEX_BYTES - 1;

	g_strlcpy(ret, ok ? text : "", DIGEST_HEX_BYTES);
	return ok;
}

static bool take_span(json_t *object, uint64_t *ret_start_us, uint64_t *ret_end_us)
{
	json_int_t start_us, end_us;

	return json_unpack(object, "{s:I, s:I}", "start_us", &start_us, "end_us", &end_us) == 0 &&
	       take_number(start_us, ret_start_us) && take_number(end_us, ret_end_us);
}

/* README.txt has capitals; the names of a chain have none. */
static bool name_ok(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

	return strcmp(name, "README.txt") == 0 ||
	       (name[0] != '\0' && name[0] != '.' &&
		strlen(name) < sizeof((struct chain_file *)0)->name &&
		strspn(name, plain) == strlen(name));
}

static bool take_file(json_t *object, struct chain_file *ret)
{
	const char *name, *sha256;
	json_int_t bytes;

	if (json_unpack(object, "{s:I, s:s, s:s}", "bytes", &bytes, "name", &name, "sha256",
			&sha256) != 0 ||
	    !name_ok(name))
		return false;
	g_strlcpy(ret->name, name, sizeof ret->name);
	return take_number(bytes, &ret->bytes) && take_hash(sha256, ret->sha256);
}

static bool take_part(json_t *object, struct manifest *ret)
{
	struct manifest_part part = {0};
	json_int_t offset;

	if (!take_file(object, &part.file) ||
	    json_unpack(object, "{s:I}", "offset", &offset) != 0 ||
	    !take_number(offset, &part.offset))
		return false;
	g_array_append_val(ret->parts, part);
	return true;
}

static bool take_lists(const json_t *parts, const json_t *files, const json_t *left_out,
		       struct manifest *ret)
{
	json_t *item;
	size_t i;
	bool ok = json_is_array(parts) && json_is_array(files) && json_is_array(left_out);

	json_array_foreach(parts, i, item) ok = ok && take_part(item, ret);
	json_array_foreach(files, i, item)
	{
		struct chain_file file = {0};
		ok = ok && take_file(item, &file);
		manifest_add_file(ret, &file);
	}
	json_array_foreach(left_out, i, item)
	{
		const char *name = "", *reason = "";
		ok = ok && json_unpack(item, "{s:s, s:s}", "name", &name, "reason", &reason) == 0;
		manifest_leave_out(ret, name, reason);
	}
	return ok;
}

static bool take_derived(json_t *object, struct manifest *ret)
{
	const char *source;

	if (!ret->derived)
		return true;
	return json_unpack(object, "{s:O, s:s}", "operations", &ret->operations, "source_sha256",
			   &source) == 0 &&
	       json_is_array(ret->operations) && take_hash(source, ret->source_sha256) &&
	       ret->parts->len == 0;
}

static bool take_all(json_t *object, struct manifest *ret)
{
	const char *kind, *session, *created, *created_by, *node, *purpose, *head, *video_sha256;
	json_t *span, *asked, *parts, *files, *left_out;
	json_int_t entries, video_bytes;
	int whole, sealed;

	if (json_unpack(
		    object,
		    "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:{s:I, s:s, s:b}, s:I, s:s, "
		    "s:o, s:o, s:o}",
		    "kind", &kind, "session", &session, "created", &created, "created_by",
		    &created_by, "node", &node, "purpose", &purpose, "span", &span, "asked", &asked,
		    "whole", &whole, "chain", "entries", &entries, "head", &head, "sealed", &sealed,
		    "video_bytes", &video_bytes, "video_sha256", &video_sha256, "parts", &parts,
		    "files", &files, "left_out", &left_out) != 0)
		return false;
	ret->derived = strcmp(kind, "derived") == 0;
	ret->session = g_strdup(session);
	ret->created = g_strdup(created);
	ret->created_by = g_strdup(created_by);
	ret->node = g_strdup(node);
	ret->purpose = g_strdup(purpose);
	ret->whole = whole != 0;
	ret->chain_sealed = sealed != 0;
	return (ret->derived || strcmp(kind, "original") == 0) &&
	       take_span(span, &ret->span_start_us, &ret->span_end_us) &&
	       take_span(asked, &ret->asked_start_us, &ret->asked_end_us) &&
	       take_number(entries, &ret->chain_entries) && take_hash(head, ret->chain_head) &&
	       take_number(video_bytes, &ret->video_bytes) &&
	       take_hash(video_sha256, ret->video_sha256) &&
	       take_lists(parts, files, left_out, ret) && take_derived(object, ret);
}

int manifest_parse(const char *json, size_t length, struct manifest *ret, uint64_t *ret_version)
{
	json_t *object = strict_json_load(json, length);
	const char *format = "";
	json_int_t version = 0;
	int result = -EPROTO;

	if (json_unpack(object, "{s:s, s:I}", "format", &format, "version", &version) == 0 &&
	    strcmp(format, MANIFEST_FORMAT) == 0 && version >= 0) {
		*ret_version = (uint64_t)version;
		if (version != MANIFEST_VERSION)
			result = -EPROTONOSUPPORT;
		else
			result = take_all(object, ret) ? 0 : -EPROTO;
	}
	json_decref(object);
	return result;
}
