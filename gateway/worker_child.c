/* The child's side of starting a session process. It must not allocate or log: other threads' locks
 * are held for ever after fork. */
#include "gateway/worker_child.h"

#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SETUP_FAILED 125
#define OPEN_FILES_MAX 256
#define PROCESSES_MAX 128

static bool has_capability(unsigned capability)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &head, data) != 0)
		return false;
	return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

bool worker_child_may_switch(void)
{
	return has_capability(CAP_SETUID) && has_capability(CAP_SETGID);
}

static void limit(__rlimit_resource_t resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	if (setrlimit(resource, &both) != 0)
		_exit(SETUP_FAILED);
}

void worker_child_setup(void *identity)
{
	const struct worker_identity *as = identity;

	setsid();
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, OPEN_FILES_MAX);
	if (!as->switch_user)
		return;
	/* Counted per uid, and the uid is this process's alone: the limit is on its threads. */
	limit(RLIMIT_NPROC, PROCESSES_MAX);
	if (setgroups(0, NULL) != 0 || setresgid(as->uid, as->uid, as->uid) != 0 ||
	    setresuid(as->uid, as->uid, as->uid) != 0)
		_exit(SETUP_FAILED);
}

/* Nothing of the gateway's own environment reaches a session but the settings of the sanitizers,
 * which only test builds read. */
char **worker_child_environment(void)
{
	static const char *const passed[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
					     "TSAN_OPTIONS"};
	char **environment = NULL;

	environment = g_environ_setenv(environment, "PATH", "/usr/bin:/bin", TRUE);
	environment = g_environ_setenv(environment, "HOME", "/nonexistent", TRUE);
	environment = g_environ_setenv(environment, "LANG", "C.UTF-8", TRUE);
	environment = g_environ_setenv(environment, "TZ", "UTC", TRUE);
	for (unsigned i = 0; i < G_N_ELEMENTS(passed); i++)
		if (g_getenv(passed[i]) != NULL)
			environment =
				g_environ_setenv(environment, passed[i], g_getenv(passed[i]), TRUE);
	return environment;
}
