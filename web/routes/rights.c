/* The table of roles and rights. It enforces nothing: dispatch.c does. */
#include "web/routes/rights.h"

static const struct {
	enum right right;
	const char *key;
} keys[] = {
	{RIGHT_ENTER, "enter"},	  {RIGHT_WATCH, "watch"},   {RIGHT_TERMINATE, "terminate"},
	{RIGHT_PLAY, "play"},	  {RIGHT_AUDIT, "audit"},   {RIGHT_HOLD, "hold"},
	{RIGHT_DELETE, "delete"}, {RIGHT_EXPORT, "export"},
};

unsigned rights_of(enum user_role role)
{
	switch (role) {
	case USER_ROLE_WATCHER:
		return RIGHT_ENTER | RIGHT_WATCH | RIGHT_TERMINATE;
	case USER_ROLE_AUDITOR:
		return RIGHT_ENTER | RIGHT_PLAY | RIGHT_AUDIT | RIGHT_HOLD | RIGHT_EXPORT;
	case USER_ROLE_ADMIN:
		return RIGHT_ENTER | RIGHT_WATCH | RIGHT_TERMINATE | RIGHT_PLAY | RIGHT_AUDIT |
		       RIGHT_HOLD | RIGHT_DELETE | RIGHT_EXPORT;
	case USER_ROLE_USER:
		break;
	}
	return 0;
}

json_t *rights_json(unsigned rights)
{
	json_t *list = json_array();

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		if (rights & keys[i].right)
			json_array_append_new(list, json_string(keys[i].key));
	return list;
}
