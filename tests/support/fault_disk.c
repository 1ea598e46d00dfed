/* A disk that fails on demand: preloaded into a recorder, it stands between the program and the
 * kernel's file calls. It must not know what the files are for.
 *
 * FAULT_DISK holds rules, separated by ';', each of five words:
 *
 *     CALL NAME SKIP TIMES ACTION      e.g.  "write seg-*.mp4.part 3 1 kill-after"
 *
 * CALL is create, write, truncate, sync, rename, unlink or mkdir; NAME a pattern over the file's
 * name (a rename: the old one); the first SKIP calls that fit pass, the next TIMES (0: all further
 * ones) get the ACTION: an error's number (the call does nothing; a write leaves its first half),
 * "half" (a write leaves its first half and reports that), "kill", "kill-after", "kill-half", or
 * "wait-N" (milliseconds, then the call runs). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_RULES 8
#define NAME_BYTES 128

struct rule {
	char call[16], name[NAME_BYTES], action[16];
	unsigned skip, times;
	atomic_uint seen;
};

static struct {
	struct rule rules[MAX_RULES];
	unsigned n_rules;
} faults;

__attribute__((constructor)) static void read_rules(void)
{
	const char *text = getenv("FAULT_DISK");
	char *copy = text != NULL ? strdup(text) : NULL, *rest = copy, *one;

	while (copy != NULL && (one = strsep(&rest, ";")) != NULL) {
		struct rule *r = &faults.rules[faults.n_rules];
		if (faults.n_rules == MAX_RULES ||
		    sscanf(one, "%15s %127s %u %u %15s", r->call, r->name, &r->skip, &r->times,
			   r->action) != 5)
			abort();
		faults.n_rules++;
	}
	free(copy);
}

/* The action for this call, or NULL. */
static const char *fault(const char *call, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	for (unsigned i = 0; i < faults.n_rules; i++) {
		struct rule *r = &faults.rules[i];
		if (strcmp(r->call, call) != 0 || fnmatch(r->name, name, 0) != 0)
			continue;
		unsigned seen = atomic_fetch_add(&r->seen, 1);
		if (seen >= r->skip && (r->times == 0 || seen - r->skip < r->times))
			return r->action;
	}
	return NULL;
}

static const char *fault_of_fd(const char *call, int fd)
{
	char link[32], path[4096];

	if (faults.n_rules == 0)
		return NULL;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return NULL;
	path[length] = '\0';
	return fault(call, path);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

/* True: the call shall not run, errno says why. */
static bool before(const char *action)
{
	if (action == NULL)
		return false;
	if (strcmp(action, "kill") == 0)
		die();
	if (strncmp(action, "wait-", 5) == 0) {
		long ms = strtol(action + 5, NULL, 10);
		const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
		nanosleep(&t, NULL);
	}
	errno = atoi(action);
	return errno != 0;
}

static void after(const char *action)
{
	if (action != NULL && strcmp(action, "kill-after") == 0)
		die();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int open_through(int (*real)(int, const char *, int, ...), int dir_fd, const char *path,
			int flags, mode_t mode)
{
	const char *action = (flags & O_CREAT) != 0 ? fault("create", path) : NULL;

	if (before(action))
		return -1;
	int fd = real(dir_fd, path, flags, mode);
	after(action);
	return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int openat(int dir_fd, const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_through(REAL(openat), dir_fd, path, flags, mode);
}

int openat64(int dir_fd, const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_through(REAL(openat64), dir_fd, path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	const char *action = fault_of_fd("write", fd);
	ssize_t (*real)(int, const void *, size_t) = REAL(write);

	if (action != NULL && strncmp(action, "wait-", 5) != 0 &&
	    strcmp(action, "kill-after") != 0 && strcmp(action, "kill") != 0) {
		ssize_t n = real(fd, bytes, length / 2);
		if (strcmp(action, "kill-half") == 0)
			die();
		if (strcmp(action, "half") == 0)
			return n;
	}
	if (before(action))
		return -1;
	ssize_t n = real(fd, bytes, length);
	after(action);
	return n;
}

int fdatasync(int fd)
{
	const char *action = fault_of_fd("sync", fd);

	if (before(action))
		return -1;
	int result = REAL(fdatasync)(fd);
	after(action);
	return result;
}

int fsync(int fd)
{
	const char *action = fault_of_fd("sync", fd);

	if (before(action))
		return -1;
	int result = REAL(fsync)(fd);
	after(action);
	return result;
}

int ftruncate(int fd, off_t length)
{
	if (before(fault_of_fd("truncate", fd)))
		return -1;
	return REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
	if (before(fault_of_fd("truncate", fd)))
		return -1;
	return REAL(ftruncate64)(fd, length);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	const char *action = fault("rename", from);

	if (before(action))
		return -1;
	int result = REAL(renameat)(from_fd, from, to_fd, to);
	after(action);
	return result;
}

int unlinkat(int dir_fd, const char *path, int flags)
{
	if (before(fault("unlink", path)))
		return -1;
	return REAL(unlinkat)(dir_fd, path, flags);
}

int mkdirat(int dir_fd, const char *path, mode_t mode)
{
	if (before(fault("mkdir", path)))
		return -1;
	return REAL(mkdirat)(dir_fd, path, mode);
}
