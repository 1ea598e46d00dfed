/** Deletes the contents of one recording for good and leaves chain, certificates, time stamps and a
 *  signed tombstone. One thread per recording. */
#pragma once

#include "recorder/chain/own_tombstone.h"
#include "recorder/store/store.h"
#include "sql/deletion_store.h"

/** The tombstone is on the disk before the first file goes; sealed keys go before pictures. May be
 *  repeated after an interruption: what was begun is finished under the tombstone that lies there,
 *  when it was signed with one of `keys` and speaks of the chain as it is; any other is taken away,
 *  with an alarm. What cannot be removed does not save the rest. Returns 0 and the hash of the
 *  tombstone's JSON; -ENOENT: there is no such recording; another -errno. */
int deletion_run(struct store *store, const struct own_keys *keys, const struct deletion *deletion,
		 char ret_sha256[DIGEST_HEX_BYTES]);
