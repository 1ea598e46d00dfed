/** Key and certificate of one place as they change: what waits (*.next), what signs, what signed
 *  before (*.previous). Functions return 0 or -errno. One process at a time. */
#pragma once

#include "recorder/chain/key_source.h"

/** The key in a file that waits for its certificate, made when there is none. secret_free
 *  it; NULL and an error. */
char *key_files_next_key(const struct key_place *place, GError **error);

/** Whether the certificate is about the key that waits, or about the one that signs. False and an
 *  error. */
bool key_files_fit(const struct key_place *place, const char *certificate_pem, GError **error);

/** Whether the certificate is in place and nothing is left to be finished. */
bool key_files_installed(const struct key_place *place, const char *certificate_pem);

/** Whether the present pair would become the one before, in the place of what lies there as
 *  *.previous. After a crash it has done so already. */
bool key_files_replaces(const struct key_place *place, const char *certificate_pem);

/** First: keeps what signs as *.previous, and the certificate beside it until key_files_finish. */
int key_files_stage(const struct key_place *place, const char *certificate_pem);
/** Then: key and certificate take their places. Where a crash falls in between, the same
 *  three steps finish it. */
int key_files_switch(const struct key_place *place, const char *certificate_pem);
/** Whether a change was begun and not finished. */
bool key_files_unfinished(const struct key_place *place);
/** Last, once the change is recorded. */
void key_files_finish(const struct key_place *place);
