/* Packets over a link: what was sent arrives with its descriptors; what does not belong there is
 * refused and leaks nothing. */
#include "base/secret.h"
#include "ipc/broker_proto.h"
#include "ipc/link.h"
#include "tests/support/patience.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct packet packet;

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	g_assert_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void test_text_and_fd(void)
{
	char text[] = "hello";
	const struct broker_empty empty = {0};
	const struct broker_text said = {.text = text};
	struct broker_text heard;
	int link[2], pipe_fds[2];
	char byte = 0;
	unsigned before = count_fds();

	g_assert_cmpint(link_pair(link), ==, 0);
	g_assert_cmpint(pipe(pipe_fds), ==, 0);
	g_assert_cmpint(link_send(link[0], broker_message_type(BROKER_MESSAGE), &said, NULL, 0), ==,
			0);
	g_assert_cmpint(link_send(link[0], broker_message_type(BROKER_TARGET_SOCKET), &empty,
				  &pipe_fds[1], 1),
			==, 0);
	close(pipe_fds[1]);

	g_assert_cmpint(link_receive(link[1], &packet, PATIENCE_MS), ==, 0);
	g_assert_cmpuint(packet.type, ==, BROKER_MESSAGE);
	g_assert_cmpint(message_decode(broker_message_type(BROKER_MESSAGE), packet.bytes,
				       packet.length, &heard),
			==, 0);
	g_assert_cmpstr(heard.text, ==, "hello");
	message_clear(broker_message_type(BROKER_MESSAGE), &heard);
	packet_clear(&packet);

	g_assert_cmpint(link_receive(link[1], &packet, PATIENCE_MS), ==, 0);
	g_assert_cmpuint(packet.n_fds, ==, 1);
	int fd = packet_take_fd(&packet, 0);
	g_assert_cmpint(packet_take_fd(&packet, 0), ==, -1);
	g_assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	g_assert_cmpint(write(fd, "x", 1), ==, 1);
	g_assert_cmpint(read(pipe_fds[0], &byte, 1), ==, 1);
	g_assert_cmpint(byte, ==, 'x');
	packet_clear(&packet);
	close(fd);
	close(pipe_fds[0]);
	close(link[0]);
	close(link[1]);
	g_assert_cmpuint(count_fds(), ==, before);
}

static void send_raw(int fd, const void *bytes, size_t length)
{
	g_assert_cmpint(send(fd, bytes, length, MSG_NOSIGNAL), ==, (gssize)length);
}

static void test_bad_packets(void)
{
	static const uint8_t short_head[] = {1, 0, 1, 0, 0, 0, 0};
	static const uint8_t other_version[] = {1, 0, 9, 0, 0, 0, 0, 0};
	static const uint8_t reserved[] = {1, 0, 1, 0, 1, 0, 0, 0};
	g_autofree uint8_t *huge = g_malloc0(LINK_MAX_BYTES + 1);
	int link[2];

	huge[0] = 1;
	huge[2] = 1;
	g_assert_cmpint(link_pair(link), ==, 0);
	send_raw(link[0], short_head, sizeof short_head);
	send_raw(link[0], other_version, sizeof other_version);
	send_raw(link[0], reserved, sizeof reserved);
	send_raw(link[0], huge, LINK_MAX_BYTES + 1);
	for (int i = 0; i < 4; i++)
		g_assert_cmpint(link_receive(link[1], &packet, PATIENCE_MS), ==, -EPROTO);
	g_assert_cmpint(link_receive(link[1], &packet, 0), ==, -ETIMEDOUT);
	close(link[0]);
	g_assert_cmpint(link_receive(link[1], &packet, PATIENCE_MS), ==, -ECONNRESET);
	close(link[1]);
}

/* Descriptors that nobody asked for must not pile up in the receiver. */
static void test_too_many_fds(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * 8)];
	} control;
	uint8_t head[] = {1, 0, 1, 0, 0, 0, 0, 0};
	struct iovec iov = {head, sizeof head};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof control.space};
	int link[2];
	int fds[8];

	g_assert_cmpint(link_pair(link), ==, 0);
	for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++)
		fds[i] = STDERR_FILENO;
	memset(&control, 0, sizeof control);
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(c), fds, sizeof fds);
	unsigned before = count_fds();
	g_assert_cmpint(sendmsg(link[0], &message, 0), ==, sizeof head);
	g_assert_cmpint(link_receive(link[1], &packet, PATIENCE_MS), ==, -EPROTO);
	g_assert_cmpuint(count_fds(), ==, before);
	close(link[0]);
	close(link[1]);
}

static void test_send_to_nobody(void)
{
	const struct broker_empty empty = {0};
	int link[2];

	g_assert_cmpint(link_pair(link), ==, 0);
	close(link[1]);
	g_assert_cmpint(
		link_send(link[0], broker_message_type(BROKER_RECORDER_LINK), &empty, &link[0], 1),
		==, -EPIPE);
	close(link[0]);
}

static void test_full_socket(void)
{
	char text[] = "busy";
	const struct broker_text said = {.text = text};
	int link[2], result = 0;

	g_assert_cmpint(link_pair(link), ==, 0);
	g_assert_cmpint(fcntl(link[0], F_SETFL, O_NONBLOCK), ==, 0);
	for (int i = 0; i < 100000 && result == 0; i++)
		result = link_send(link[0], broker_message_type(BROKER_MESSAGE), &said, NULL, 0);
	g_assert_cmpint(result, ==, -EAGAIN);
	close(link[0]);
	close(link[1]);
}

static void test_paths(void)
{
	g_autofree char *dir = g_dir_make_tmp("vitrine-link-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "socket", NULL);
	g_autofree char *too_long = g_strnfill(200, 'x');
	uint32_t uid = 0;

	g_assert_cmpint(link_connect(path, SOCK_SEQPACKET), ==, -ENOENT);
	g_assert_cmpint(link_listen(too_long, SOCK_SEQPACKET, 0600), ==, -ENAMETOOLONG);
	int server = link_listen(path, SOCK_SEQPACKET, 0600);
	g_assert_cmpint(server, >=, 0);
	g_assert_cmpint(link_listen(path, SOCK_SEQPACKET, 0600), ==, -EADDRINUSE);
	int client = link_connect(path, SOCK_SEQPACKET);
	g_assert_cmpint(client, >=, 0);
	g_assert_cmpint(link_peer_uid(client, &uid), ==, 0);
	g_assert_cmpuint(uid, ==, getuid());
	close(client);
	close(server);
	/* Nobody answers on it any more: it is replaced. */
	server = link_listen(path, SOCK_SEQPACKET, 0600);
	g_assert_cmpint(server, >=, 0);
	close(server);
	g_unlink(path);
	g_assert_true(g_file_set_contents(path, "not a socket", -1, NULL));
	g_assert_cmpint(link_listen(path, SOCK_SEQPACKET, 0600), ==, -EEXIST);
	g_unlink(path);
	g_rmdir(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/link/text-and-fd", test_text_and_fd);
	g_test_add_func("/link/bad-packets", test_bad_packets);
	g_test_add_func("/link/too-many-fds", test_too_many_fds);
	g_test_add_func("/link/send-to-nobody", test_send_to_nobody);
	g_test_add_func("/link/full-socket", test_full_socket);
	g_test_add_func("/link/paths", test_paths);
	return g_test_run();
}
