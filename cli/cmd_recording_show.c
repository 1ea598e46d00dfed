/* vitrine recording show: everything that is known of one recording, from the database and, where
 * it lies on this machine, from its chain. It reads the chain's signatures and no file beside it:
 * judging those is `vitrine verify`. */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "recorder/chain/verify_chain.h"
#include "recorder/chain/verify_report.h"
#include "recorder/reader/reader.h"
#include "sql/deletion_store.h"
#include "sql/recording_store.h"
#include "sql/session_store.h"

#include <errno.h>
#include <stdio.h>

#define CHAIN_MAX_BYTES (256u << 20)
#define CERTIFICATE_MAX_BYTES (64u << 10)

struct facts {
	struct recording_row *recording;
	struct session_row *session; /**< NULL: its row is gone */
	struct keeping *keeping;
	GPtrArray *segments;	    /**< struct segment_row */
	char *dir;		    /**< NULL: it lies on another machine */
	struct verify_report chain; /**< filled when `dir` is not NULL */
};

static void facts_clear(struct facts *f)
{
	recording_row_free(f->recording);
	session_row_free(f->session);
	keeping_free(f->keeping);
	g_clear_pointer(&f->segments, g_ptr_array_unref);
	if (f->dir != NULL)
		verify_report_finish(&f->chain);
	g_free(f->dir);
}

/* ---- Looking ---- */

static int read_chain(struct facts *f, const struct reader *reader)
{
	g_autofree uint8_t *chain = NULL, *pem = NULL;
	size_t chain_bytes = 0, pem_bytes;
	int result = reader_read(reader, CHAIN_FILE, CHAIN_MAX_BYTES, &chain, &chain_bytes);

	if (result == 0 || result == -ENOENT)
		result = reader_read(reader, CHAIN_CERTIFICATE_FILE, CERTIFICATE_MAX_BYTES, &pem,
				     &pem_bytes);
	if (result < 0 && result != -ENOENT)
		return result;
	const struct verify_chain_texts texts = {.chain = (const char *)chain,
						 .chain_bytes = chain_bytes,
						 .certificate_pem = (const char *)pem};
	return verify_chain(&texts, NULL, NULL, &f->chain);
}

/* False: said why. A recording that lies elsewhere is no failure. */
static bool look_into_store(struct facts *f, const struct config *config)
{
	const char *id = f->recording->session_id;
	struct reader *reader;
	int result = config->recorder.store_dir != NULL
			     ? reader_open_session(config->recorder.store_dir, id, NULL, &reader)
			     : -ENOENT;

	if (result == -ENOENT)
		return true;
	if (result < 0) {
		cli_fail("cannot read recording %s: %s", id, g_strerror(-result));
		return false;
	}
	f->dir = g_build_filename(config->recorder.store_dir, id, NULL);
	verify_report_init(&f->chain);
	result = read_chain(f, reader);
	reader_close(reader);
	if (result < 0)
		cli_fail("cannot read the chain of %s: %s", id, g_strerror(-result));
	return result == 0;
}

static bool look(struct cli *cli, const char *id, struct facts *f)
{
	g_autoptr(GError) error = NULL;
	bool ok = recording_store_find(cli->db, id, &f->recording, &error);

	if (ok && f->recording == NULL) {
		cli_fail("there is no recording of session %s: see vitrine recording list", id);
		return false;
	}
	ok = ok && session_store_find(cli->db, id, &f->session, &error) &&
	     deletion_store_keeping(cli->db, id, &f->keeping, &error) &&
	     recording_store_segments(cli->db, id, &f->segments, &error);
	if (!ok)
		cli_fail("%s", error->message);
	return ok && look_into_store(f, cli->config);
}

static unsigned n_broken(const struct facts *f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->chain.findings->len; i++)
		n += ((const struct verify_finding *)f->chain.findings->pdata[i])->class ==
		     VERIFY_BROKEN;
	return n;
}

/* The database may lag behind a chain that still grows; a closed one says what was sealed. */
static bool heads_agree(const struct facts *f)
{
	return f->recording->head[0] == '\0' || g_str_equal(f->recording->head, f->chain.head);
}

/* ---- Words ---- */

static void print_session(const struct session_row *s)
{
	if (s == NULL) {
		table_print_line("who",
				 "the session's row is gone; the chain's beginning says who");
		return;
	}
	g_autofree char *from = g_strdup_printf("%s %s", s->viewer_address, s->viewer_name);
	g_autofree char *how = g_strdup_printf("%s, login by %s", s->front, s->door);
	g_autofree char *to = g_strdup_printf("%s@%s, %s", s->account, s->target, s->back);

	table_print_line("who", s->login);
	table_print_line("from", g_strchomp(from));
	table_print_line("by", how);
	table_print_line("to", to);
	if (s->state == SESSION_STATE_ENDED)
		table_print_line("session ended", end_reason_text(s->end_reason));
}

static void print_recording(const struct facts *f)
{
	const struct recording_row *r = f->recording;
	g_autofree char *started = cli_time(r->started_utc_us);
	g_autofree char *closed = cli_time(r->sealed_utc_us);
	g_autofree char *contents = g_strdup_printf(
		"%.1f s, %" G_GUINT64_FORMAT " pictures, %.1f MB, %u segments, %u x %u, %s",
		(double)r->duration_us / 1e6, r->frames, (double)r->bytes / 1e6, r->segments,
		r->width_px, r->height_px, r->quality);
	g_autofree char *place =
		f->dir != NULL ? g_strdup(f->dir) : g_strdup_printf("not on this machine");

	table_print_line("began", started);
	table_print_line("closed", closed);
	table_print_line("state", recording_state_key(r->state));
	if (r->detail[0] != '\0')
		table_print_line("state, detail", r->detail);
	table_print_line("contents", contents);
	table_print_line("node", r->node);
	table_print_line("lies in", place);
}

static void print_chain(const struct facts *f)
{
	const struct verify_report *c = &f->chain;

	if (f->dir == NULL)
		return;
	g_autofree char *entries = g_strdup_printf("%u entries, %s", c->n_entries,
						   n_broken(f) > 0 ? "BROKEN: ask vitrine verify"
								   : "signatures and order hold");
	table_print_line("chain", entries);
	table_print_line("signed by", c->signer != NULL ? c->signer : "-");
	table_print_line("sealed", c->sealed ? c->end_reason : "no");
	table_print_line("head", c->head);
	if (!heads_agree(f))
		table_print_line("head, database", f->recording->head);
	for (unsigned i = 0; i < c->gaps->len; i++) {
		const struct verify_gap *gap = g_ptr_array_index(c->gaps, i);
		g_autofree char *text =
			g_strdup_printf("%.1f s to %.1f s: %s", (double)gap->start_us / 1e6,
					(double)gap->end_us / 1e6, gap->reason);
		table_print_line("gap", text);
	}
}

static void print_keeping(const struct keeping *k)
{
	g_autofree char *since = cli_time(k->hold_utc_us), *asked = cli_time(k->order_utc_us);
	g_autofree char *hold =
		g_strdup_printf("by %s since %s: %s", k->hold_by, since, k->hold_reason);
	g_autofree char *order =
		g_strdup_printf("by %s at %s, %s%s: %s", k->order_by, asked,
				k->order_approved_by[0] != '\0' ? "approved by " : "not approved",
				k->order_approved_by, k->order_reason);

	table_print_line("class", k->class);
	table_print_line("hold", k->hold_utc_us != 0 ? hold : "none");
	if (k->order_utc_us != 0)
		table_print_line("deletion asked for", order);
}

static void print_check(const struct recording_row *r)
{
	g_autofree char *at = cli_time(r->checked_utc_us);
	g_autofree char *text =
		g_strdup_printf("%s at %s%s%s", r->check, at,
				r->check_detail[0] != '\0' ? ": " : "", r->check_detail);

	table_print_line("self-check", r->check[0] != '\0' ? text : "not yet");
}

/* ---- JSON ---- */

static json_t *time_json(uint64_t utc_us)
{
	g_autofree char *text = utc_us != 0 ? clock_format_utc(utc_us) : NULL;

	return text != NULL ? json_string(text) : json_null();
}

static json_t *session_json(const struct session_row *s)
{
	if (s == NULL)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "login", s->login,
			 "viewer_address", s->viewer_address, "viewer_name", s->viewer_name,
			 "front", s->front, "door", s->door, "target", s->target, "account",
			 s->account, "back", s->back, "end_reason",
			 s->state == SESSION_STATE_ENDED ? end_reason_key(s->end_reason) : "",
			 "ended_utc", time_json(s->ended_utc_us));
}

static json_t *segments_json(const GPtrArray *segments)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < segments->len; i++) {
		const struct segment_row *s = g_ptr_array_index(segments, i);
		json_array_append_new(
			array, json_pack("{s:i, s:s, s:I, s:I, s:i, s:I, s:i, s:i, s:s}", "number",
					 (int)s->number, "file", s->file, "start_us",
					 (json_int_t)s->start_us, "duration_us",
					 (json_int_t)s->duration_us, "frames", (int)s->frames,
					 "bytes", (json_int_t)s->bytes, "width", (int)s->width_px,
					 "height", (int)s->height_px, "sha256", s->sha256));
	}
	return array;
}

static json_t *gaps_json(const GPtrArray *gaps)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < gaps->len; i++) {
		const struct verify_gap *gap = g_ptr_array_index(gaps, i);
		json_array_append_new(
			array, json_pack("{s:I, s:I, s:s}", "start_us", (json_int_t)gap->start_us,
					 "end_us", (json_int_t)gap->end_us, "reason", gap->reason));
	}
	return array;
}

static json_t *chain_json(const struct facts *f)
{
	const struct verify_report *c = &f->chain;

	if (f->dir == NULL)
		return json_null();
	return json_pack("{s:i, s:b, s:b, s:s*, s:s*, s:s, s:b, s:o}", "entries", (int)c->n_entries,
			 "holds", n_broken(f) == 0, "sealed", c->sealed, "end_reason",
			 c->end_reason, "signer", c->signer, "head", c->head,
			 "head_is_the_databases", heads_agree(f), "gaps", gaps_json(c->gaps));
}

static json_t *keeping_json(const struct keeping *k)
{
	json_t *hold = k->hold_utc_us == 0
			       ? json_null()
			       : json_pack("{s:s, s:s, s:o}", "reason", k->hold_reason, "by",
					   k->hold_by, "since_utc", time_json(k->hold_utc_us));
	json_t *order = k->order_utc_us == 0
				? json_null()
				: json_pack("{s:s, s:s, s:s, s:o}", "reason", k->order_reason, "by",
					    k->order_by, "approved_by", k->order_approved_by,
					    "requested_utc", time_json(k->order_utc_us));

	return json_pack("{s:s, s:o, s:o}", "class", k->class, "hold", hold, "deletion_request",
			 order);
}

static json_t *facts_json(const struct facts *f)
{
	const struct recording_row *r = f->recording;
	json_t *check = json_pack("{s:s, s:s, s:o}", "state", r->check, "detail", r->check_detail,
				  "at_utc", time_json(r->checked_utc_us));

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, "
			 "s:o, s:o}",
			 "id", r->session_id, "state", recording_state_key(r->state), "detail",
			 r->detail, "node", r->node, "quality", r->quality, "directory", f->dir,
			 "started_utc", time_json(r->started_utc_us), "closed_utc",
			 time_json(r->sealed_utc_us), "duration_us", (json_int_t)r->duration_us,
			 "frames", (json_int_t)r->frames, "bytes", (json_int_t)r->bytes, "session",
			 session_json(f->session), "segments", segments_json(f->segments), "chain",
			 chain_json(f), "keeping", keeping_json(f->keeping), "check", check);
}

static bool print_json(const struct facts *f)
{
	json_t *object = facts_json(f);
	bool ok = object != NULL && json_dumpf(object, stdout, JSON_INDENT(2)) == 0 &&
		  putchar('\n') != EOF;

	json_decref(object);
	return ok;
}

static void print_words(const struct facts *f)
{
	table_print_line("recording", f->recording->session_id);
	print_session(f->session);
	print_recording(f);
	print_chain(f);
	print_keeping(f->keeping);
	print_check(f->recording);
}

static int run_show(struct cli *cli, int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 'j', 0, G_OPTION_ARG_NONE, &json, "For programs, with every segment",
		 NULL},
		{0},
	};
	struct facts facts = {0};

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = look(cli, argv[0], &facts);
	if (ok && !json)
		print_words(&facts);
	else if (ok && !print_json(&facts))
		ok = cli_fail("what is known cannot be written as JSON") == CLI_OK;
	facts_clear(&facts);
	return ok ? CLI_OK : CLI_FAILED;
}

const struct command recording_show_commands[] = {
	{"recording", "show", "ID", "Tell everything about one recording", run_show},
	{0},
};
