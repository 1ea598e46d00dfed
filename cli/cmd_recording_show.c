/* vitrine recording show: everything that is known of one recording, in words or as JSON. */
#include "cli/recording_facts.h"
#include "cli/table.h"

#include <stdio.h>

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

static void print_recording(const struct recording_facts *f)
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

static void print_chain(const struct recording_facts *f)
{
	const struct verify_report *c = &f->chain;

	if (f->dir == NULL)
		return;
	g_autofree char *entries =
		g_strdup_printf("%u entries, %s", c->n_entries,
				recording_facts_broken(f) > 0 ? "BROKEN: ask vitrine verify"
							      : "signatures and order hold");
	table_print_line("chain", entries);
	table_print_line("signed by", c->signer != NULL ? c->signer : "-");
	table_print_line("sealed", c->sealed ? c->end_reason : "no");
	table_print_line("head", c->head);
	if (!recording_facts_heads_agree(f))
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

static bool print_json(const struct recording_facts *f)
{
	json_t *object = recording_facts_json(f);
	bool ok = object != NULL && json_dumpf(object, stdout, JSON_INDENT(2)) == 0 &&
		  putchar('\n') != EOF;

	json_decref(object);
	return ok;
}

static void print_words(const struct recording_facts *f)
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
	struct recording_facts facts = {0};

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = recording_facts_look(cli, argv[0], &facts);
	if (ok && !json)
		print_words(&facts);
	else if (ok && !print_json(&facts))
		ok = cli_fail("what is known cannot be written as JSON") == CLI_OK;
	recording_facts_clear(&facts);
	return ok ? CLI_OK : CLI_FAILED;
}

const struct command recording_show_commands[] = {
	{"recording", "show", "ID", "Tell everything about one recording", run_show},
	{0},
};
