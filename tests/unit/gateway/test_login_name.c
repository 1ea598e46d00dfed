/* What people type, and what it means. */
#include "gateway/broker/login_name.h"

#include <glib.h>

#define LONG64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *user, *shell;
	const char *login, *bare, *account, *target; /* login NULL: refused */
} rows[] = {
	{"alice", "", "alice", "alice", "", ""},
	{"alice%web1", "", "alice", "alice", "", "web1"},
	{"alice%root%web1", "", "alice", "alice", "root", "web1"},
	{"alice@corp.example%web1", "", "alice@corp.example", "alice", "", "web1"},
	{"alice@corp.example%root%web1", "", "alice@corp.example", "alice", "root", "web1"},
	{"a@b@c", "", "a@b@c", "a@b", "", ""},
	{"@corp", "", "@corp", "@corp", "", ""},
	{"zoë%büro", "", "zoë", "zoë", "", "büro"},
	{"alice%svc@corp%web1", "", "alice", "alice", "svc@corp", "web1"},
	{LONG64 "%web1", "", LONG64, LONG64, "", "web1"},
	/* alternate shell */
	{"alice", "psm /u root /a web1", "alice", "alice", "root", "web1"},
	{"alice", "psm /a web1 /u root", "alice", "alice", "root", "web1"},
	{"alice", "PSM.exe  /U root\t/A web1 /c PSM-RDP", "alice", "alice", "root", "web1"},
	{"alice", "psm /a web1", "alice", "alice", "", "web1"},
	{"alice", "psm", "alice", "alice", "", ""},
	{"alice%web1", "psm /u root /a web1", "alice", "alice", "root", "web1"},
	{"alice%web1", "C:\\Windows\\explorer.exe /x", "alice", "alice", "", "web1"},
	{"alice", "||notepad", "alice", "alice", "", ""},
	{"alice", "psmx /a web1", "alice", "alice", "", ""},
	{"alice", "   ", "alice", "alice", "", ""},
	/* refused */
	{"", "", NULL},
	{"%", "", NULL},
	{"%web1", "", NULL},
	{"alice%", "", NULL},
	{"alice%%web1", "", NULL},
	{"alice%root%", "", NULL},
	{"alice%a%b%c", "", NULL},
	{"ali\nce", "", NULL},
	{"alice%we\x7f"
	 "b1",
	 "", NULL},
	{LONG64 "a", "", NULL},
	{"alice%" LONG64 "a", "", NULL},
	{"alice", "psm /u", NULL},
	{"alice", "psm /u root /a", NULL},
	{"alice", "psm /x root", NULL},
	{"alice", "psm web1", NULL},
	{"alice%web1", "psm /a web2", NULL},
	{"alice%root%web1", "psm /u admin", NULL},
	{"alice", "psm /a web1 /a web2", NULL},
	{"alice", "psm /a " LONG64 "a", NULL},
};

static void test_row(const void *data)
{
	unsigned i = GPOINTER_TO_UINT(data);
	struct login_name name;
	bool ok = login_name_parse(rows[i].user, rows[i].shell, &name);

	g_assert_cmpint(ok, ==, rows[i].login != NULL);
	g_assert_cmpstr(name.login, ==, rows[i].login);
	g_assert_cmpstr(name.bare, ==, rows[i].bare);
	g_assert_cmpstr(name.account, ==, rows[i].account);
	g_assert_cmpstr(name.target, ==, rows[i].target);
	login_name_clear(&name);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_strdup_printf("/login-name/%u", i);
		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_row);
	}
	return g_test_run();
}
