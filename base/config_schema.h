/** The schema of the configuration file, for base/config.c only. */
#pragma once

#include <cyaml/cyaml.h>

extern const cyaml_schema_value_t config_schema;
