/* Fuzz target: a VNC target's side of the handshake, VeNCrypt's TLS included. Input: u8 how the
 * target is stored, then all it ever says. */
#include "gateway/vnc/vnc_back.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum stored { PLAIN = 1, PASSWORD = 2, ACCOUNT = 4 };
#define SAYS_MAX_BYTES 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];
	char password[] = "correct horse";
	g_autofree char *pin = g_strnfill(64, 'a'), *detail = NULL;
	struct vnc_back_hello hello = {0};
	struct vnc_stream stream;

	if (size < 1 || size > SAYS_MAX_BYTES || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 0;
	struct back_target target = {.host = "target",
				     .account = data[0] & ACCOUNT ? "alice" : NULL,
				     .password = data[0] & PASSWORD ? password : NULL,
				     .security = data[0] & PLAIN ? TARGET_PLAIN : TARGET_TLS_PINNED,
				     .certificate_sha256 = data[0] & PLAIN ? NULL : pin};
	g_assert(send(pair[1], data + 1, size - 1, 0) == (ssize_t)size - 1);
	shutdown(pair[1], SHUT_WR);
	vnc_stream_init(&stream, pair[0], 2000);
	vnc_back_handshake(&stream, &target, &hello, &detail);
	g_assert(!(data[0] & PASSWORD) || password[0] == '\0');
	g_assert(g_utf8_validate(hello.name, -1, NULL));
	g_assert(detail == NULL || g_utf8_validate(detail, -1, NULL));
	vnc_stream_finish(&stream);
	close(pair[1]);
	return 0;
}
