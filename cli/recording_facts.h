/** Everything that is known of one recording: from the database and, where it lies on this machine,
 *  from its chain. The chain's signatures are checked and no file beside it: judging those is
 *  `vitrine verify`. */
#pragma once

#include "cli/cli.h"
#include "recorder/chain/verify.h"
#include "sql/deletion_store.h"
#include "sql/recording_store.h"
#include "sql/session_store.h"

struct recording_facts {
	struct recording_row *recording;
	struct session_row *session; /**< NULL: its row is gone */
	struct keeping *keeping;
	GPtrArray *segments;	    /**< struct segment_row */
	char *dir;		    /**< NULL: it lies on another machine */
	struct verify_report chain; /**< filled when `dir` is not NULL */
};

/** Fills the zeroed `f`; clear it in every case. False: said why. */
bool recording_facts_look(struct cli *cli, const char *session_id, struct recording_facts *f);
void recording_facts_clear(struct recording_facts *f);

/** How many findings about the chain break it. */
unsigned recording_facts_broken(const struct recording_facts *f);
/** Whether database and chain name the same head, as far as the database names one. */
bool recording_facts_heads_agree(const struct recording_facts *f);

/** All of it, with every segment. New reference; NULL: it cannot be written as JSON. */
json_t *recording_facts_json(const struct recording_facts *f);
