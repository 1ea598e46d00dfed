/** Test groups of the ground floor; each registers itself with GTest. */
#pragma once

#include <glib.h>
#include <string.h>

void test_config_register(void);
void test_wire_register(void);
