/* doctor: what the kernel and the installed libraries must bring. */
#include "cli/doctor.h"
#include "gateway/broker/nt_hash.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void check_landlock(struct doctor *doctor)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version >= 1)
		doctor_ok(doctor, "Landlock version %ld confines session processes", version);
	else
		doctor_fail(doctor,
			    "the kernel offers no Landlock (%s): boot with lsm=landlock,... or use "
			    "Linux 5.13 or later",
			    g_strerror(errno));
}

/* prctl(2): a kernel with filters refuses the missing filter with EFAULT, one without with
 * EINVAL. */
static void check_seccomp(struct doctor *doctor)
{
	if (prctl(PR_SET_SECCOMP, 2, NULL, 0, 0) == -1 && errno == EFAULT)
		doctor_ok(doctor, "seccomp filters are available");
	else
		doctor_fail(doctor, "the kernel offers no seccomp filters (CONFIG_SECCOMP_FILTER)");
}

void doctor_check_machine(struct doctor *doctor)
{
	g_autoptr(GError) error = NULL;

	check_landlock(doctor);
	check_seccomp(doctor);
	struct nt_hasher *hasher = nt_hasher_create(&error);
	if (hasher == NULL)
		doctor_fail(doctor, "NLA logins cannot work: %s", error->message);
	else
		doctor_ok(doctor, "OpenSSL's legacy provider serves NLA logins");
	nt_hasher_destroy(hasher);
}
