/* Which certificates of a target are accepted: by pin, by CA and name, and never without either. */
#include "gateway/rdp/rdp_back_certificate.h"
#include "tests/unit/rdp/certificates.h"

#include <errno.h>
#include <string.h>

static int check(const struct back_target *target, const char *pem, const char *expected_detail)
{
	g_autofree char *detail = NULL;
	int result = rdp_certificate_check(target, pem, strlen(pem), &detail);

	if (expected_detail)
		g_assert_nonnull(strstr(detail, expected_detail));
	else
		g_assert_null(detail);
	return result;
}

static void test_pin(void)
{
	struct test_certificate shown = test_certificate_make(
		&(struct test_certificate_wish){.name = "anything", .expired = true});
	struct test_certificate other =
		test_certificate_make(&(struct test_certificate_wish){.name = "anything"});
	struct back_target target = {.host = "web1", .certificate_sha256 = shown.sha256};
	g_autofree char *upper = g_ascii_strup(shown.sha256, -1);
	GString *with_colons = g_string_new(NULL);

	/* A pin is a decision about this very certificate: neither name nor date matter. */
	g_assert_cmpint(check(&target, shown.pem, NULL), ==, 0);
	g_assert_cmpint(check(&target, other.pem, other.sha256), ==, -EACCES);
	for (unsigned i = 0; upper[i]; i += 2)
		g_string_append_printf(with_colons, "%s%.2s", i ? ":" : "", upper + i);
	target.certificate_sha256 = with_colons->str;
	g_assert_cmpint(check(&target, shown.pem, NULL), ==, 0);
	g_string_append_c(with_colons, 'z');
	g_assert_cmpint(check(&target, shown.pem, "pinned"), ==, -EACCES);
	g_string_truncate(with_colons, 12);
	g_assert_cmpint(check(&target, shown.pem, "pinned"), ==, -EACCES);
	g_string_free(with_colons, TRUE);
	test_certificate_clear(&shown);
	test_certificate_clear(&other);
}

/* Of pin and CA neither weakens the other: what is stored must hold. The VNC back has the same
 * rule. */
static void test_pin_and_ca(void)
{
	struct test_certificate ca = test_certificate_make(
		&(struct test_certificate_wish){.name = "CA", .authority = true});
	struct test_certificate leaf = test_certificate_make(&(struct test_certificate_wish){
		.name = "web1", .alternative = "DNS:web1", .issuer = &ca});
	struct back_target target = {
		.host = "web1", .certificate_sha256 = ca.sha256, .ca_pem = ca.pem};

	g_assert_cmpint(check(&target, leaf.pem, "pinned"), ==, -EACCES);
	target.certificate_sha256 = "";
	g_assert_cmpint(check(&target, leaf.pem, NULL), ==, 0);
	target.certificate_sha256 = leaf.sha256;
	g_assert_cmpint(check(&target, leaf.pem, NULL), ==, 0);
	target.host = "web2";
	g_assert_cmpint(check(&target, leaf.pem, "does not prove 'web2'"), ==, -EACCES);
	test_certificate_clear(&ca);
	test_certificate_clear(&leaf);
}

struct ca_row {
	struct test_certificate_wish wish;
	const char *host;
	int result;
	const char *detail;
};

static void test_ca(void)
{
	struct test_certificate ca = test_certificate_make(
		&(struct test_certificate_wish){.name = "CA", .authority = true});
	struct test_certificate stranger = test_certificate_make(
		&(struct test_certificate_wish){.name = "CA", .authority = true});
	const struct ca_row rows[] = {
		{{"x", "DNS:web1,IP:192.0.2.7", &ca}, "web1", 0, NULL},
		{{"x", "DNS:web1,IP:192.0.2.7", &ca}, "192.0.2.7", 0, NULL},
		{{"x", "DNS:web1", &ca}, "web2", -EACCES, "ostname mismatch"},
		{{"x", "DNS:web1", &ca}, "192.0.2.7", -EACCES, "IP address mismatch"},
		{{"x", "DNS:*.example.org", &ca}, "web1.example.org", 0, NULL},
		{{"x", "DNS:w*.example.org", &ca}, "web1.example.org", -EACCES, "mismatch"},
		{{"x", "DNS:web1", &stranger}, "web1", -EACCES, "does not prove 'web1'"},
		{{"x", "DNS:web1", NULL}, "web1", -EACCES, "self-signed"},
		{{"x", "DNS:web1", &ca, .expired = true}, "web1", -EACCES, "expired"},
		{{"x", "DNS:web1", &ca, .client_only = true}, "web1", -EACCES, "purpose"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct test_certificate leaf = test_certificate_make(&rows[i].wish);
		struct back_target target = {.host = rows[i].host, .ca_pem = ca.pem};

		g_assert_cmpint(check(&target, leaf.pem, rows[i].detail), ==, rows[i].result);
		test_certificate_clear(&leaf);
	}
	test_certificate_clear(&ca);
	test_certificate_clear(&stranger);
}

/* The target sends the certificates between itself and the CA. */
static void test_chain(void)
{
	struct test_certificate root = test_certificate_make(
		&(struct test_certificate_wish){.name = "root", .authority = true});
	struct test_certificate middle = test_certificate_make(&(struct test_certificate_wish){
		.name = "middle", .authority = true, .issuer = &root});
	struct test_certificate leaf = test_certificate_make(&(struct test_certificate_wish){
		.name = "x", .alternative = "DNS:web1", .issuer = &middle});
	g_autofree char *chain = g_strconcat(leaf.pem, middle.pem, NULL);
	struct back_target target = {.host = "web1", .ca_pem = root.pem};

	g_assert_cmpint(check(&target, chain, NULL), ==, 0);
	g_assert_cmpint(check(&target, leaf.pem, "unable to get"), ==, -EACCES);
	target.ca_pem = middle.pem;
	g_assert_cmpint(check(&target, leaf.pem, NULL), ==, 0);
	test_certificate_clear(&root);
	test_certificate_clear(&middle);
	test_certificate_clear(&leaf);
}

static void test_nothing_to_know_it_by(void)
{
	struct test_certificate shown =
		test_certificate_make(&(struct test_certificate_wish){.name = "web1"});
	struct back_target target = {.host = "web1", .certificate_sha256 = "", .ca_pem = ""};

	g_assert_cmpint(check(&target, shown.pem, shown.sha256), ==, -EACCES);
	target = (struct back_target){.host = "web1"};
	g_assert_cmpint(check(&target, shown.pem, "neither"), ==, -EACCES);
	target.ca_pem = "not a certificate";
	g_assert_cmpint(check(&target, shown.pem, "no certificate in PEM"), ==, -EACCES);
	test_certificate_clear(&shown);
}

static void test_garbage(void)
{
	struct back_target target = {.host = "web1", .certificate_sha256 = "00"};
	g_autofree char *long_text = g_strnfill(1 << 20, '-');

	g_assert_cmpint(check(&target, "", "no certificate"), ==, -EPROTO);
	g_assert_cmpint(check(&target, "-----BEGIN CERTIFICATE-----\nAAAA\n", "no certificate"), ==,
			-EPROTO);
	g_assert_cmpint(check(&target, long_text, "no certificate"), ==, -EPROTO);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rdp-back/certificate/pin", test_pin);
	g_test_add_func("/rdp-back/certificate/pin-and-ca", test_pin_and_ca);
	g_test_add_func("/rdp-back/certificate/ca", test_ca);
	g_test_add_func("/rdp-back/certificate/chain", test_chain);
	g_test_add_func("/rdp-back/certificate/none", test_nothing_to_know_it_by);
	g_test_add_func("/rdp-back/certificate/garbage", test_garbage);
	return g_test_run();
}
