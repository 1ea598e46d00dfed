/* The recorder's cage. It is wider than a session's: the recorder parses no network bytes, but it
 * reads memory that hostile processes write. */
#include "recorder/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Reading stays as the file modes say: libpq and the name service look into several places. */
#define WRITE_RIGHTS                                                                               \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                           \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                           \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define GRANTED_RIGHTS                                                                             \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)

static int allow_directory(int ruleset_fd, const char *path)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = GRANTED_RIGHTS};

	rule.parent_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return -errno;
	long result =
		syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int error = errno;
	close(rule.parent_fd);
	return result == 0 ? 0 : -error;
}

static int confine_files(const char *const *writable)
{
	const struct landlock_ruleset_attr attributes = {.handled_access_fs = WRITE_RIGHTS};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	int result = fd >= 0 ? 0 : -errno;

	for (; result == 0 && *writable != NULL; writable++)
		result = allow_directory(fd, *writable);
	if (result == 0 && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		result = -errno;
	if (fd >= 0)
		close(fd);
	return result;
}

static int confine_calls(void)
{
	static const int denied[] = {
		SCMP_SYS(execve),
		SCMP_SYS(execveat),
		SCMP_SYS(fork),
		SCMP_SYS(vfork),
		SCMP_SYS(ptrace),
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(pidfd_getfd),
		SCMP_SYS(mount),
		SCMP_SYS(unshare),
		SCMP_SYS(setns),
		SCMP_SYS(bpf),
		SCMP_SYS(perf_event_open),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(keyctl),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(kexec_load),
		SCMP_SYS(io_uring_setup),
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter != NULL ? 0 : -ENOMEM;

	for (unsigned i = 0; i < G_N_ELEMENTS(denied) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}

int confine(const char *const *writable)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	int result = confine_files(writable);
	if (result == -ENOSYS || result == -EOPNOTSUPP)
		g_message("this kernel has no Landlock: writing is limited by file modes alone");
	else if (result < 0)
		return result;
	return confine_calls();
}
