/* Fuzz target: the configuration file. It is taken whole and in range, or refused with words. */
#include "base/config.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	int fd = memfd_create("config", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

	g_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	struct config *config = config_load(path, &error);
	g_assert((config != NULL) == (error == NULL));
	if (config != NULL)
		g_assert(config->node != NULL && config->gateway.max_sessions > 0 &&
			 config->database.gateway_role != NULL);
	config_free(config);
	close(fd);
	return 0;
}
