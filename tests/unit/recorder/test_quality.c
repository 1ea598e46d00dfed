/* The words of recorder.quality mean something: the same pictures cost more bytes the
 * better they shall be. */
#include "base/clock.h"
#include "recorder_process.h"
#include "recording_reader.h"

#define WIDTH 320u
#define HEIGHT 208u

/* Much detail, always the same. */
static void paint_detail(struct painter *painter)
{
	const struct rect all = {0, 0, WIDTH, HEIGHT};
	uint8_t *pixels = ring_writer_pixels(painter->writer);
	size_t stride = ring_writer_stride_bytes(painter->writer);
	g_autoptr(GRand) random = g_rand_new_with_seed(5);

	ring_writer_begin(painter->writer, &all);
	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH * 4; x++)
			pixels[y * stride + x] = (uint8_t)g_rand_int_range(random, 80, 180);
	ring_writer_end(painter->writer, &all);
	ring_writer_paint(painter->writer, clock_now_us(), &all);
	ring_writer_frame(painter->writer, clock_now_us());
	ring_writer_ring(painter->writer);
}

static uint64_t bytes_of(const char *configured)
{
	const struct recorder_close close = {(char *)(uintptr_t)TEST_SESSION, END_VIEWER_LEFT,
					     NULL};
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	struct recording_reader reader;

	recorder_process_init(&p, false);
	recorder_process_configure(&p, configured);
	recorder_process_start(&p);
	painter_open(&painter, &p, WIDTH, HEIGHT, false);
	paint_detail(&painter);
	recorder_process_send(&p, RECORDER_CLOSE, &close, NULL, 0);
	recorder_process_expect(&p, RECORDER_SEALED, &sealed);
	painter_finish(&painter);
	uint64_t bytes = recorder_process_video_bytes(&p);
	g_autofree char *dir = recorder_process_recording(&p);
	recording_reader_open(&reader, dir);
	g_assert_cmpuint(reader.n_frames, >=, 1);
	recording_reader_close(&reader);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	recorder_process_stop(&p);
	recorder_process_finish(&p);
	return bytes;
}

static void test_levels(void)
{
	uint64_t evidence = bytes_of("  quality: evidence\n");
	uint64_t standard = bytes_of("  quality: standard\n");
	uint64_t unsaid = bytes_of("");
	uint64_t economy = bytes_of("  quality: economy\n");

	/* Two steps of the quantiser are about a tenth of the bytes of such noise. */
	g_assert_cmpuint(evidence * 100, >, standard * 105);
	g_assert_cmpuint(standard * 100, >, economy * 110);
	g_assert_cmpuint(unsaid * 100, <, standard * 102);
	g_assert_cmpuint(unsaid * 102, >, standard * 100);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quality/levels", test_levels);
	return g_test_run();
}
