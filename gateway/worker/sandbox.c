/* Puts the process into its cage: limits, no new privileges, Landlock without a single rule, a
 * system-call filter that denies by default. It must not know protocols; what libraries need to
 * open is opened in their prepare() before this. */
#include "gateway/worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_FILE_BYTES (1ull << 30)    /* a canvas memfd of the largest picture fits three times */
#define MAX_ADDRESS_BYTES (4ull << 30) /* two 8192x8192 pictures and all codecs */
#define MAX_DESCRIPTORS 512	       /* LibVNCServer uses select() */
#define SOCKET_KIND_MASK 0xf	       /* the rest of socketpair's second argument are flags */
/* Sanitizers map terabytes of shadow memory, so their builds go without that limit. gcc says so by
 * macro, clang by feature. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZER_MAPS
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZER_MAPS
#endif
#endif

/* Calls that read, write, wait, map and count, on what is there already. Each further one needs a
 * reason. */
static const int allowed_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(membarrier),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(close),
	SCMP_SYS(lseek),
	SCMP_SYS(dup),
	SCMP_SYS(fstat),
	SCMP_SYS(ftruncate),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),
	SCMP_SYS(memfd_create), /* canvas and its doorbell */
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(shutdown),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(getrusage),
	SCMP_SYS(sysinfo), /* malloc and thread pools size themselves */
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid), /* OpenSSL's secure getenv */
	SCMP_SYS(uname),   /* without it WinPR's NTLM server fails with SEC_E_INTERNAL_ERROR */
	SCMP_SYS(mlock),
	SCMP_SYS(munlock), /* libsodium's guarded memory */
};

static int allow_calls(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof allowed_calls / sizeof *allowed_calls; i++) {
		int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
		if (result < 0)
			return result;
	}
	return 0;
}

/* What is left out: F_SETOWN and F_SETSIG have the kernel send any signal to any
 * process of the same user. */
static int allow_fcntl(scmp_filter_ctx filter)
{
	static const int commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,     F_SETFD,
				       F_GETFL, F_SETFL,	 F_ADD_SEALS, F_GET_SEALS};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
					      SCMP_A1(SCMP_CMP_EQ, (uint64_t)commands[i]));
		if (result < 0)
			return result;
	}
	return 0;
}

/* Calls that are harmless only with certain arguments. */
static int allow_with_arguments(scmp_filter_ctx filter)
{
	const struct {
		int call;
		struct scmp_arg_cmp arg;
	} rules[] = {
		/* No memory that is executable: injected code has nowhere to live. */
		{SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		/* glibc's fstat. A filter cannot read the path, so a path beside the flag still
		 * resolves: it tells that a file exists and its size, and opens nothing. */
		{SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_EQ, 0x1000 /* AT_EMPTY_PATH */)},
		{SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD)},
		{SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO)},
		{SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)},
		{SCMP_SYS(prctl),
		 SCMP_A0(SCMP_CMP_EQ, PR_SET_VMA)}, /* glibc and malloc name their maps */
		/* Threads, never a process of its own. */
		{SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
		/* abort() and raise(), at this process only. */
		{SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid())},
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		int result =
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, rules[i].call, 1, rules[i].arg);
		if (result < 0)
			return result;
	}
	/* VNC's TLS pump. A pair of datagram sockets could send to any socket file it may write to,
	 * the journal's for one. */
	int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 2,
				      SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
				      SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_KIND_MASK, SOCK_STREAM));
	if (result == 0)
		result = allow_fcntl(filter);
	if (result < 0)
		return result;
	/* clone3 hides its flags in memory; with ENOSYS glibc falls back to clone. */
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int load_filter(void)
{
	/* EPERM instead of a kill: libraries probe many things and tolerate a refusal. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (filter == NULL)
		return -SANDBOX_ERROR_SECCOMP;
	int result = allow_calls(filter);
	if (result == 0)
		result = allow_with_arguments(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result < 0 ? -SANDBOX_ERROR_SECCOMP : 0;
}

/* The rights a ruleset may name depend on the kernel's Landlock version (linux/landlock.h,
 * "Landlock ABI versions"): file system rights 13 in 1, +refer in 2, +truncate in 3, +ioctl on
 * devices in 5; TCP bind and connect in 4; abstract sockets and signals in 6. */
static uint64_t landlock_fs_rights(int abi)
{
	unsigned bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;

	return (UINT64_C(1) << bits) - 1;
}

struct ruleset_attributes {
	uint64_t handled_fs, handled_net, scoped;
};

static int enter_landlock(int *ret_abi)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	*ret_abi = abi > 0 ? (int)abi : 0;
	if (abi <= 0)
		return 0;
	struct ruleset_attributes attributes = {
		.handled_fs = landlock_fs_rights((int)abi),
		.handled_net = abi >= 4 ? 3 : 0,
		.scoped = abi >= 6 ? 3 : 0,
	};
	size_t size = abi >= 6	 ? sizeof attributes
		      : abi >= 4 ? 2 * sizeof(uint64_t)
				 : sizeof(uint64_t);
	long fd = syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
	if (fd < 0)
		return -SANDBOX_ERROR_LANDLOCK;
	long result = syscall(SYS_landlock_restrict_self, fd, 0);
	close((int)fd);
	return result == 0 ? 0 : -SANDBOX_ERROR_LANDLOCK;
}

static int set_limit(__rlimit_resource_t resource, uint64_t value)
{
	struct rlimit limit = {value, value};
	struct rlimit now;

	if (getrlimit(resource, &now) != 0)
		return -SANDBOX_ERROR_LIMITS;
	if (now.rlim_max < limit.rlim_max)
		limit = (struct rlimit){now.rlim_max, now.rlim_max};
	return setrlimit(resource, &limit) == 0 ? 0 : -SANDBOX_ERROR_LIMITS;
}

static int enter_limits(void)
{
	int result = set_limit(RLIMIT_CORE, 0);

	if (result == 0)
		result = set_limit(RLIMIT_FSIZE, MAX_FILE_BYTES);
	if (result == 0)
		result = set_limit(RLIMIT_NOFILE, MAX_DESCRIPTORS);
#ifndef SANITIZER_MAPS
	if (result == 0)
		result = set_limit(RLIMIT_AS, MAX_ADDRESS_BYTES);
#endif
	return result;
}

/* The gateway may hold CAP_SETUID in its ambient set, which survives both a change of uid and
 * exec. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[2] = {0};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
	    syscall(SYS_capset, &head, none) != 0)
		return -SANDBOX_ERROR_LIMITS;
	return 0;
}

int sandbox_enter(int *ret_landlock_abi)
{
	int result = enter_limits();

	*ret_landlock_abi = 0;
	if (result == 0)
		result = drop_capabilities();
	if (result < 0)
		return result;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -SANDBOX_ERROR_LIMITS;
	result = enter_landlock(ret_landlock_abi);
	return result < 0 ? result : load_filter();
}

const char *sandbox_error_text(int error)
{
	switch (-error) {
	case SANDBOX_ERROR_SECCOMP:
		return "the system-call filter could not be loaded; the kernel needs "
		       "CONFIG_SECCOMP_FILTER";
	case SANDBOX_ERROR_LANDLOCK:
		return "Landlock refused the empty ruleset";
	case SANDBOX_ERROR_LIMITS:
		return "resource limits could not be set or capabilities not dropped";
	default:
		return "confined";
	}
}
