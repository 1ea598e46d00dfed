/* The console's own files: index.html for every page address, and what lies under console/ by
 * a fixed list of types. */
#include "web/routes/route.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},   {".svg", "image/svg+xml"},
	{".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_has_suffix(name, types[i].suffix))
			return types[i].type;
	return NULL;
}

/* Opens directory/name below the console; no symbolic link is followed on the way. */
static int open_below(const char *console_dir, const char *directory, const char *name)
{
	int at = open(console_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (at >= 0 && directory != NULL) {
		int below = openat(at, directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(at);
		at = below;
	}
	if (at < 0)
		return -1;
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close(at);
	return fd;
}

static char *etag_of(int fd)
{
	struct stat info;

	if (fstat(fd, &info) < 0)
		return NULL;
	return g_strdup_printf("\"%lx-%lx-%lx.%lx\"", (unsigned long)info.st_ino,
			       (unsigned long)info.st_size, (unsigned long)info.st_mtim.tv_sec,
			       (unsigned long)info.st_mtim.tv_nsec);
}

static void send_file(struct route_call *call, const char *directory, const char *name)
{
	const char *type = type_of(name), *known = call->request->header[HTTP_IF_NONE_MATCH];
	int fd =
		type != NULL ? open_below(call->web->config->web.console_dir, directory, name) : -1;

	if (fd < 0) {
		route_fail(call, 404, "not-found", "There is nothing at this address.");
		return;
	}
	g_autofree char *etag = etag_of(fd);
	if (etag != NULL && known != NULL && strcmp(known, etag) == 0) {
		close(fd);
		call->answer->status = 304;
	} else {
		http_answer_file(call->answer, call->request, type, fd);
	}
	/* Asked for again each time, so that an update is seen at once; mostly answered with
	 * 304. */
	call->answer->cache_control = g_strdup("no-cache");
	call->answer->etag = g_steal_pointer(&etag);
}

void route_console_page(struct route_call *call)
{
	send_file(call, NULL, "index.html");
}

/* The page has its script within it and carries a policy of its own (web/verify/build); beside it,
 * ours would let nothing run. Only the frame is left to say, which a page cannot forbid for
 * itself. */
void route_verify_page(struct route_call *call)
{
	send_file(call, NULL, "verify.html");
	call->answer->policy = "frame-ancestors 'none'";
}

void route_console_file(struct route_call *call)
{
	const struct path_parts *parts = &call->parts;
	const char *name = parts->part[parts->n_parts - 1];

	for (unsigned i = 0; i < parts->n_parts; i++) {
		if (!path_is_file_name(parts->part[i])) {
			route_fail(call, 404, "not-found", "There is nothing at this address.");
			return;
		}
	}
	send_file(call, parts->n_parts > 1 ? parts->part[0] : NULL, name);
}
