/** What both RDP sides need from FreeRDP as a library: start-up, logging, error numbers, wiping. */
#pragma once

#include "base/end_reason.h"

#include <freerdp/settings.h>
#include <stdint.h>
#include <winpr/sspi.h>

/** Loads and fixes everything of FreeRDP, WinPR and OpenSSL that would otherwise be opened later:
 *  the legacy provider (NTLM needs MD4 and RC4), CPU primitives, the WTS function table, the time
 *  zone. Logs go to GLib from here on; SIGPIPE is ignored.
 *  Before the sandbox, before any thread. A second call does nothing. Returns 0; -ENOSYS (logged)
 *  when NTLM cannot work here. */
int rdp_glue_prepare(void);

/** The Set Error Info PDU value ([MS-RDPBCGR] 2.2.5.1.1) that makes an RDP viewer show the nearest
 *  text; 0: say nothing. */
uint32_t rdp_error_info(enum end_reason reason);

/** What a callback of the type psSspiNtlmHashCallback returns for yes and no, in the WinPR that
 *  runs: 3.24.0 turned it round. */
SECURITY_STATUS rdp_ntlm_answer(bool accepted);

/** Overwrites and clears every password FreeRDP keeps in its settings. */
void rdp_settings_wipe_passwords(rdpSettings *settings);

/** A line of FreeRDP's log made fit for ours: one line of printable ASCII, at most 300 bytes,
 *  everything behind a word that announces a secret cut off. g_free it. */
char *rdp_log_scrub(const char *text);
