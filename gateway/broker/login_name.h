/** What a person typed to say who they are and where to: "user", "user%target",
 *  "user%account%target", "user@domain%target", or the alternate shell "psm /u account /a target"
 *  beside a plain user name. */
#pragma once

#include <stdbool.h>

#define LOGIN_NAME_MAX_CHARACTERS 64

struct login_name {
	char *login;   /**< never empty; "alice" or "alice@corp.example" */
	char *bare;    /**< the login without "@domain"; equal to login when it has none */
	char *account; /**< empty: any */
	char *target;  /**< empty: any */
};

/** Parses `user` and `alternate_shell` (UTF-8, either may be empty). An alternate shell that does
 *  not begin with "psm" is ignored. Returns false when this names nobody or contradicts itself;
 *  then `ret` holds nothing. Free with login_name_clear. */
bool login_name_parse(const char *user, const char *alternate_shell, struct login_name *ret);
/** Frees its texts. */
void login_name_clear(struct login_name *name);
