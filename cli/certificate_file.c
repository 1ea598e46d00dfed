/* Writes a certificate where nothing is yet. It must not know what it says. */
#include "cli/certificate_file.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

static int write_new(const char *path, GBytes *bytes)
{
	gsize length, done = 0;
	const char *data = g_bytes_get_data(bytes, &length);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	int code = fd < 0 ? -errno : 0;

	while (code == 0 && done < length) {
		ssize_t n = write(fd, data + done, length - done);
		if (n < 0 && errno != EINTR)
			code = -errno;
		else if (n > 0)
			done += (gsize)n;
	}
	if (code == 0 && fsync(fd) != 0)
		code = -errno;
	if (fd >= 0)
		close(fd);
	if (code < 0 && fd >= 0)
		g_unlink(path);
	return code;
}

int certificate_file_make(const struct certificate_order *order, const char *target)
{
	enum verdict_code verdict;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) pdf = certificate_make(order, &verdict, &error);

	if (pdf == NULL) {
		cli_say("%s", error->message);
		return verdict == VERDICT_BROKEN ? (int)verdict : CLI_FAILED;
	}
	int code = write_new(target, pdf);
	if (code < 0)
		return cli_fail("cannot write %s: %s", target, g_strerror(-code));
	return (int)verdict;
}
