/* A machine whose UTC is set while a program runs: preloaded into it. The file that STEPPED_CLOCK
 * names holds the seconds to add. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long read_seconds(void)
{
	const char *path = getenv("STEPPED_CLOCK");
	char text[32];
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 0;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	int (*real)(clockid_t, struct timespec *) =
		(__typeof__(&clock_gettime))dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(id, ret);

	if (result == 0 && id == CLOCK_REALTIME)
		ret->tv_sec += read_seconds();
	return result;
}
