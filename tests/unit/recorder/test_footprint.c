/* What the kernel and the allocator do with memory of a plane's size once they were told how
 * the recorder uses it. */
#include "recorder/footprint.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Its allocator keeps what is freed. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER
#endif

#define PLANE_BYTES (3u << 20)

static void test_no_huge_pages(void)
{
	g_assert_cmpint(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), ==, 1);
}

#if !defined(WITH_ADDRESS_SANITIZER)
static size_t resident_bytes(void)
{
	g_autofree char *statm = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents("/proc/self/statm", &statm, NULL, &error);
	g_assert_no_error(error);
	const char *resident = strchr(statm, ' ');
	g_assert_nonnull(resident);
	return (size_t)g_ascii_strtoull(resident, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static uint8_t *make_plane(void)
{
	uint8_t *plane = g_malloc(PLANE_BYTES);

	memset(plane, 1, PLANE_BYTES);
	return plane;
}

/* A session that ends below one that lives on. Without a word the allocator would lay both into its
 * heap after the first plane was freed. */
static void test_planes_go_back(void)
{
	g_free(make_plane());
	uint8_t *ends = make_plane(), *lives = make_plane();
	const size_t before = resident_bytes();

	g_free(ends);
	g_assert_cmpuint(resident_bytes() + PLANE_BYTES / 2, <, before);
	g_assert_cmpuint(lives[PLANE_BYTES - 1], ==, 1);
	g_free(lives);
}
#endif

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	footprint_limit();
	g_test_add_func("/footprint/no-huge-pages", test_no_huge_pages);
#if !defined(WITH_ADDRESS_SANITIZER)
	g_test_add_func("/footprint/planes-go-back", test_planes_go_back);
#endif
	return g_test_run();
}
