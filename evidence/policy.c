/* The setting export.timelines. It must not know how roles are kept. */
#include "evidence/policy.h"

#include <string.h>

bool policy_gives_timelines(const struct config_export *config, enum policy_asker asker)
{
	return strcmp(config->timelines, "auditor") == 0 ||
	       (strcmp(config->timelines, "admin") == 0 && asker == POLICY_ADMIN);
}
