/** Who may take what out of an installation, as its configuration says. Any thread. */
#pragma once

#include "base/config.h"

/** Reasons that a manifest gives for what is left out. */
#define POLICY_LEFT_OUT "policy"
#define POLICY_UNWANTED "left out at the exporter's request"

enum policy_asker { POLICY_AUDITOR, POLICY_ADMIN };

/** Whether keys, clipboard and other events of sessions may leave with whoever asks. */
bool policy_gives_timelines(const struct config_export *config, enum policy_asker asker);
