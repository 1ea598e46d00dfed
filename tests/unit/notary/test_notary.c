/* The notary as a whole: what happens in the recorder is entered, signed, told outside and stamped;
 * a killed recorder's rest is found at the next start; an authority that is away or lies holds
 * nothing up, and wishes outlive the process. */
#include "base/secret.h"
#include "recorder/chain/tombstone.h"
#include "recorder/http_client/http_post.h"
#include "recorder/nodelog/log_check.h"
#include "recorder/notary/notary.h"
#include "recorder/notary/stamper.h"
#include "recorder/stamp/stamp.h"
#include "tests/support/fake_tsa.h"
#include "tests/support/patience.h"
#include "tests/support/tls_front.h"
#include "tests/unit/nodelog/log_fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a01"
#define SECOND "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a02"

struct fixture {
	struct log_fixture f;
	struct fake_tsa *tsa;
	char *tsa_ca, *heads, *syslog;
	int syslog_fd;
	struct config_log log;
	struct config_time_stamp time_stamp;
	struct chain_key *previous_key;
	struct notary *notary;
	char genesis[2][DIGEST_HEX_BYTES], seal[2][DIGEST_HEX_BYTES];
};

static void open_syslog(struct fixture *x)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};

	g_free(x->syslog);
	x->syslog = log_fixture_path(&x->f, "syslog");
	g_strlcpy(address.sun_path, x->syslog, sizeof address.sun_path);
	x->syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(x->syslog_fd, (const struct sockaddr *)&address, sizeof address), ==,
			0);
	setsockopt(x->syslog_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static void fixture_init(struct fixture *x)
{
	*x = (struct fixture){0};
	log_fixture_init(&x->f);
	nodelog_close(g_steal_pointer(&x->f.log));
	x->tsa = fake_tsa_start();
	log_fixture_put(&x->f, "tsa-ca.pem", fake_tsa_ca_pem(x->tsa),
			strlen(fake_tsa_ca_pem(x->tsa)));
	x->tsa_ca = log_fixture_path(&x->f, "tsa-ca.pem");
	x->heads = log_fixture_path(&x->f, "kept-heads");
	open_syslog(x);
	x->log = (struct config_log){.head_seconds = 1,
				     .publish_seconds = 1,
				     .head_file = x->heads,
				     .syslog_socket = x->syslog,
				     .witness_url = (char *)(uintptr_t)fake_tsa_url(x->tsa)};
	x->time_stamp = (struct config_time_stamp){.url = (char *)(uintptr_t)fake_tsa_url(x->tsa),
						   .ca_file = x->tsa_ca,
						   .checkpoint_seconds = 3600};
	log_fixture_record(&x->f, FIRST, true, x->genesis[0], x->seal[0]);
	log_fixture_record(&x->f, SECOND, true, x->genesis[1], x->seal[1]);
}

static void start(struct fixture *x)
{
	const struct notary_settings settings = {.store_dir = x->f.store,
						 .node = "node1",
						 .key = x->f.key,
						 .previous_key = x->previous_key,
						 .log = &x->log,
						 .time_stamp = &x->time_stamp};

	x->notary = notary_create(&settings);
}

static void stop(struct fixture *x)
{
	notary_destroy(g_steal_pointer(&x->notary));
}

static void fixture_finish(struct fixture *x)
{
	stop(x);
	fake_tsa_stop(x->tsa);
	close(x->syslog_fd);
	log_fixture_finish(&x->f);
	g_free(x->tsa_ca);
	g_free(x->heads);
	g_free(x->syslog);
}

/* Other threads and a disk: there is nothing to wait on but the file itself. */
static char *await_file(const struct fixture *x, const char *name, gsize *ret_length)
{
	g_autofree char *path = log_fixture_path(&x->f, name);
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
	char *bytes = NULL;

	while (!g_file_get_contents(path, &bytes, ret_length, NULL) || *ret_length == 0) {
		g_clear_pointer(&bytes, g_free);
		g_assert_cmpint(g_get_monotonic_time(), <, until_us);
		g_usleep(5000);
	}
	return bytes;
}

static void assert_stamped(const struct fixture *x, const char *name, const char *sha256)
{
	gsize length;
	g_autofree char *answer = await_file(x, name, &length);
	g_autofree char *why = NULL;
	struct stamp stamp;

	g_assert_cmpint(stamp_judge(answer, length, sha256, x->tsa_ca, &stamp, &why), ==, 0);
	g_assert_true(stamp.trusted);
	stamp_clear(&stamp);
}

static void assert_log(const struct fixture *x, uint64_t n_leaves)
{
	g_autofree char *ca = log_fixture_path(&x->f, "ca.pem");
	const char *kept[] = {x->heads, NULL};
	const struct log_check_settings settings = {x->f.store, ca, kept};
	struct log_check *check;

	g_assert_cmpint(log_check_open(&settings, &check), ==, 0);
	g_assert_cmpint(log_check_recordings(check), ==, 0);
	const struct log_check_report *report = log_check_report(check);
	for (unsigned i = 0; i < report->findings->len; i++)
		g_test_message("%s",
			       ((const struct log_finding *)report->findings->pdata[i])->text);
	g_assert_cmpuint(report->findings->len, ==, 0);
	g_assert_cmpuint(report->n_signed, ==, n_leaves);
	log_check_close(check);
}

static void test_whole_way(void)
{
	struct fixture x;
	char text[2048] = "";
	gsize length;

	fixture_init(&x);
	start(&x);
	notary_genesis(x.notary, FIRST, x.genesis[0]);
	notary_checkpoint(x.notary, FIRST, 3, x.genesis[1]);
	notary_seal(x.notary, FIRST, 5, x.seal[0]);
	assert_stamped(&x, FIRST "/ts-5.tsr", x.seal[0]);
	assert_stamped(&x, FIRST "/ts-3.tsr", x.genesis[1]);
	g_free(await_file(&x, "kept-heads", &length));
	g_assert_cmpint(recv(x.syslog_fd, text, sizeof text - 1, 0), >, 0);
	g_assert_true(g_str_has_prefix(text, "<85>"));
	g_assert_nonnull(strstr(text, "node log head "));
	stop(&x);
	g_autofree char *posted = fake_tsa_posted(x.tsa);
	g_autofree char *heads = log_fixture_get(&x.f, "log/heads", &length);
	g_assert_nonnull(posted);
	g_assert_nonnull(strstr(heads, posted));
	g_assert_nonnull(strstr(heads, strstr(text, "head ") + strlen("head ")));
	/* Both recordings: the second lay in the store from before. */
	assert_log(&x, 4);
	fixture_finish(&x);
}

static void test_finds_what_a_killed_recorder_left(void)
{
	struct fixture x;

	fixture_init(&x);
	start(&x);
	assert_stamped(&x, FIRST "/ts-1.tsr", x.seal[0]);
	assert_stamped(&x, SECOND "/ts-1.tsr", x.seal[1]);
	/* The recorder's own word comes late: it is not entered twice. */
	notary_genesis(x.notary, SECOND, x.genesis[1]);
	notary_seal(x.notary, SECOND, 1, x.seal[1]);
	stop(&x);
	assert_log(&x, 4);
	start(&x);
	stop(&x);
	assert_log(&x, 4);
	fixture_finish(&x);
}

/* Between a stamp's first byte and its name a kill leaves nothing in a recording, where
 * no entry would know it. */
static void test_stamps_come_whole(void)
{
	struct fixture x;
	char events[16384] __attribute__((aligned(8)));
	unsigned n_names = 0;

	fixture_init(&x);
	g_autofree char *dir = log_fixture_path(&x.f, FIRST);
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	g_assert_cmpint(inotify_add_watch(watch, dir, IN_CREATE | IN_MOVED_TO), >=, 0);
	start(&x);
	assert_stamped(&x, FIRST "/ts-1.tsr", x.seal[0]);
	stop(&x);
	ssize_t n = read(watch, events, sizeof events);
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(events + at);
		g_assert_cmpstr(event->name, ==, "ts-1.tsr");
		at += (ssize_t)(sizeof *event + event->len);
		n_names++;
	}
	g_assert_cmpuint(n_names, ==, 1);
	close(watch);
	fixture_finish(&x);
}

/* A deletion whose leaf the kill took: genesis and seal are known, the tombstone says the rest, and
 * the chain is not asked again. */
static void test_finds_a_tombstone(void)
{
	struct fixture x;
	char sha256[DIGEST_HEX_BYTES];
	char session[] = FIRST, cause[] = "age", class[] = "standard", nobody[] = "";

	fixture_init(&x);
	const struct tombstone tombstone = {.session = session,
					    .head = x.seal[0],
					    .cause = cause,
					    .class = class,
					    .reason = nobody,
					    .requested_by = nobody,
					    .approved_by = nobody};
	start(&x);
	stop(&x);
	assert_log(&x, 4);
	g_autofree char *text = tombstone_make(&tombstone, x.f.key, sha256, NULL);
	log_fixture_put(&x.f, FIRST "/tombstone", text, strlen(text));
	start(&x);
	stop(&x);
	assert_log(&x, 5);
	gsize length;
	g_autofree char *leaves = log_fixture_get(&x.f, "log/leaves", &length);
	g_assert_nonnull(strstr(leaves, sha256));
	fixture_finish(&x);
}

/* Whoever may write to the disk puts a tombstone there and waits for the next start: nothing
 * of it reaches the log. */
static void test_false_tombstone(void)
{
	struct fixture x;
	char sha256[DIGEST_HEX_BYTES];
	gsize length;

	fixture_init(&x);
	start(&x);
	stop(&x);
	log_fixture_bury(&x.f, FIRST, false, sha256);
	start(&x);
	stop(&x);
	g_autofree char *leaves = log_fixture_get(&x.f, "log/leaves", &length);
	g_assert_null(strstr(leaves, sha256));
	/* An honest one still is entered, also when the key was changed since. */
	log_fixture_bury(&x.f, SECOND, true, sha256);
	struct chain_key *previous = g_steal_pointer(&x.f.key);
	log_fixture_rotate(&x.f);
	nodelog_close(g_steal_pointer(&x.f.log));
	x.previous_key = previous;
	start(&x);
	stop(&x);
	g_autofree char *after = log_fixture_get(&x.f, "log/leaves", &length);
	g_assert_nonnull(strstr(after, sha256));
	fixture_finish(&x);
	chain_key_destroy(previous);
}

static void test_wishes_outlive_the_process(void)
{
	struct fixture x;
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

	fixture_init(&x);
	fake_tsa_set_mood(x.tsa, FAKE_TSA_WRONG_IMPRINT);
	start(&x);
	while (fake_tsa_requests(x.tsa) < 2 && g_get_monotonic_time() < until_us)
		g_usleep(5000);
	stop(&x);
	g_autofree char *stamp = log_fixture_path(&x.f, FIRST "/ts-1.tsr");
	g_autofree char *wish = log_fixture_path(&x.f, "log/stamps/" FIRST ".1");
	g_assert_false(g_file_test(stamp, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(wish, G_FILE_TEST_EXISTS));
	fake_tsa_set_mood(x.tsa, FAKE_TSA_HONEST);
	start(&x);
	assert_stamped(&x, FIRST "/ts-1.tsr", x.seal[0]);
	stop(&x);
	g_assert_false(g_file_test(wish, G_FILE_TEST_EXISTS));
	assert_log(&x, 4);
	fixture_finish(&x);
}

/* Stamps and heads over HTTPS, each under a CA that was named; the witness wants to know who tells
 * it. */
static void test_over_https(void)
{
	struct fixture x;
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
	struct signing_key client;

	fixture_init(&x);
	const struct tls_front_settings plain = {.url = fake_tsa_url(x.tsa)};
	const struct tls_front_settings asks = {.url = fake_tsa_url(x.tsa),
						.asks_for_certificate = true};
	struct tls_front *authority = tls_front_start(&plain), *witness = tls_front_start(&asks);
	tls_front_issue(witness, &client);
	log_fixture_put(&x.f, "tls-ca.pem", tls_front_ca_pem(authority),
			strlen(tls_front_ca_pem(authority)));
	log_fixture_put(&x.f, "witness-ca.pem", tls_front_ca_pem(witness),
			strlen(tls_front_ca_pem(witness)));
	log_fixture_put(&x.f, "client.pem", client.certificate_pem, strlen(client.certificate_pem));
	log_fixture_put(&x.f, "client.key", client.key_pem, strlen(client.key_pem));
	g_autofree char *tls_ca = log_fixture_path(&x.f, "tls-ca.pem");
	g_autofree char *witness_ca = log_fixture_path(&x.f, "witness-ca.pem");
	g_autofree char *certificate = log_fixture_path(&x.f, "client.pem");
	g_autofree char *key = log_fixture_path(&x.f, "client.key");
	g_assert_cmpint(g_chmod(key, 0600), ==, 0);
	x.time_stamp.url = (char *)(uintptr_t)tls_front_url(authority);
	x.time_stamp.tls_ca_file = tls_ca;
	x.log.witness_url = (char *)(uintptr_t)tls_front_url(witness);
	x.log.witness_ca_file = witness_ca;
	x.log.witness_certificate_file = certificate;
	x.log.witness_key_file = key;
	start(&x);
	notary_seal(x.notary, FIRST, 5, x.seal[0]);
	assert_stamped(&x, FIRST "/ts-5.tsr", x.seal[0]);
	g_autofree char *posted = NULL;
	while ((posted = fake_tsa_posted(x.tsa)) == NULL && g_get_monotonic_time() < until_us)
		g_usleep(5000);
	g_assert_nonnull(posted);
	stop(&x);
	gsize length;
	g_autofree char *heads = log_fixture_get(&x.f, "log/heads", &length);
	g_assert_nonnull(strstr(heads, posted));
	tls_front_stop(authority);
	tls_front_stop(witness);
	signing_key_finish(&client);
	fixture_finish(&x);
}

/* Away when it is asked first, for a seal and a checkpoint: both wait on the disk and are asked for
 * again without anybody's doing. */
static void test_authority_comes_back(void)
{
	struct fixture x;
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

	fixture_init(&x);
	fake_tsa_set_mood(x.tsa, FAKE_TSA_BUSY);
	start(&x);
	notary_checkpoint(x.notary, FIRST, 3, x.genesis[1]);
	/* Not asked for again within checkpoint_seconds. */
	notary_checkpoint(x.notary, FIRST, 4, x.genesis[1]);
	notary_seal(x.notary, FIRST, 5, x.seal[0]);
	g_autofree char *seal = log_fixture_path(&x.f, "log/stamps/" FIRST ".5");
	g_autofree char *checkpoint = log_fixture_path(&x.f, "log/stamps/" FIRST ".3");
	g_autofree char *again = log_fixture_path(&x.f, "log/stamps/" FIRST ".4");
	while ((fake_tsa_requests(x.tsa) == 0 || !g_file_test(seal, G_FILE_TEST_EXISTS)) &&
	       g_get_monotonic_time() < until_us)
		g_usleep(5000);
	g_assert_true(g_file_test(seal, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(checkpoint, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(again, G_FILE_TEST_EXISTS));
	fake_tsa_set_mood(x.tsa, FAKE_TSA_HONEST);
	assert_stamped(&x, FIRST "/ts-5.tsr", x.seal[0]);
	assert_stamped(&x, FIRST "/ts-3.tsr", x.genesis[1]);
	stop(&x);
	g_assert_false(g_file_test(seal, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(checkpoint, G_FILE_TEST_EXISTS));
	fixture_finish(&x);
}

static void test_broken_log_is_left_alone(void)
{
	struct fixture x;
	gsize length, after;

	fixture_init(&x);
	start(&x);
	assert_stamped(&x, SECOND "/ts-1.tsr", x.seal[1]);
	stop(&x);
	g_autofree char *leaves = log_fixture_get(&x.f, "log/leaves", &length);
	const char *second = strchr(leaves, '\n') + 1;
	log_fixture_put(&x.f, "log/leaves", leaves, (gsize)(second - leaves));
	start(&x);
	notary_deletion(x.notary, FIRST, x.genesis[0]);
	stop(&x);
	g_free(log_fixture_get(&x.f, "log/leaves", &after));
	g_assert_cmpuint(after, ==, (gsize)(second - leaves));
	fixture_finish(&x);
}

static void test_places_that_fail(void)
{
	struct fixture x;
	gsize length;

	fixture_init(&x);
	/* Two of three do not take heads; the third still does. */
	close(x.syslog_fd);
	g_assert_cmpint(g_unlink(x.syslog), ==, 0);
	fake_tsa_set_mood(x.tsa, FAKE_TSA_BUSY);
	start(&x);
	g_free(await_file(&x, "kept-heads", &length));
	stop(&x);
	assert_log(&x, 4);
	open_syslog(&x);
	fixture_finish(&x);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	/* Authorities and places fail here on purpose, and the log says so. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR);
	http_init();
	g_test_add_func("/notary/whole-way", test_whole_way);
	g_test_add_func("/notary/finds-what-a-killed-recorder-left",
			test_finds_what_a_killed_recorder_left);
	g_test_add_func("/notary/stamps-come-whole", test_stamps_come_whole);
	g_test_add_func("/notary/finds-a-tombstone", test_finds_a_tombstone);
	g_test_add_func("/notary/false-tombstone", test_false_tombstone);
	g_test_add_func("/notary/wishes-outlive-the-process", test_wishes_outlive_the_process);
	g_test_add_func("/notary/over-https", test_over_https);
	g_test_add_func("/notary/authority-comes-back", test_authority_comes_back);
	g_test_add_func("/notary/broken-log-is-left-alone", test_broken_log_is_left_alone);
	g_test_add_func("/notary/places-that-fail", test_places_that_fail);
	return g_test_run();
}
