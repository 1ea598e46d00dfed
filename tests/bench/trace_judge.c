/* The judge of the damage encoder on whole desktops. It must not measure time. */
#include "tests/bench/trace_judge.h"

#include "recorder/snapshot.h"
#include "tests/support/video_decode.h"

#include <string.h>

struct judge {
	struct ring_writer *writer;
	struct ring_reader *reader;
	struct snapshot snapshot;
	struct encoder *encoder;
	struct video_decoder *decoder;
};

static void judge_init(struct judge *j, uint32_t qp)
{
	const struct encoder_settings settings = {.width = TRACE_WIDTH,
						  .height = TRACE_HEIGHT,
						  .qp = qp,
						  .repeat_headers = true,
						  .method = ENCODER_DAMAGE};

	g_assert_cmpint(ring_writer_create(TRACE_WIDTH, TRACE_HEIGHT, &j->writer), ==, 0);
	g_assert_cmpint(ring_reader_open(ring_writer_memfd(j->writer),
					 ring_writer_doorbell(j->writer), TRACE_WIDTH, TRACE_HEIGHT,
					 &j->reader),
			==, 0);
	g_assert_cmpint(snapshot_init(&j->snapshot, TRACE_WIDTH, TRACE_HEIGHT), ==, 0);
	g_assert_cmpint(encoder_create(&settings, &j->encoder), ==, 0);
	j->decoder = video_decoder_create();
	trace_background(j->writer, 0);
}

static void judge_finish(struct judge *j)
{
	video_decoder_destroy(j->decoder);
	encoder_destroy(j->encoder);
	snapshot_finish(&j->snapshot);
	ring_reader_close(j->reader);
	ring_writer_destroy(j->writer);
}

static bool same(const AVFrame *frame, const struct nv12 *shown)
{
	for (int y = 0; y < frame->height; y++)
		if (memcmp(frame->data[0] + y * (ptrdiff_t)frame->linesize[0],
			   shown->luma + (size_t)y * shown->stride_bytes,
			   (size_t)frame->width) != 0)
			return false;
	for (int y = 0; y < frame->height / 2; y++)
		for (int x = 0; x < frame->width; x++)
			if (frame->data[1 + x % 2][y * frame->linesize[1] + x / 2] !=
			    shown->chroma[(size_t)y * shown->stride_bytes + (size_t)x])
				return false;
	return true;
}

static void judge_picture(struct judge *j, struct judgement *ret)
{
	struct ring_record record;
	struct access_unit unit;

	while (ring_reader_next(j->reader, &record) > 0)
		snapshot_record(&j->snapshot, &record);
	snapshot_update(&j->snapshot, j->reader);
	if (j->snapshot.n_changed == 0)
		return;
	g_assert_cmpint(encoder_encode(j->encoder, &j->snapshot.picture, &j->snapshot.blocks,
				       j->snapshot.hints, j->snapshot.n_hints, false, 0, &unit),
			==, 0);
	snapshot_taken(&j->snapshot);
	const AVFrame *frame = video_decoder_decode(j->decoder, unit.bytes, unit.length);
	ret->n_pictures++;
	ret->n_keys += unit.key;
	ret->bytes += unit.length;
	if (frame == NULL || !same(frame, encoder_shown(j->encoder))) {
		ret->n_wrong++;
		return;
	}
	text_ssim_add(&ret->text, frame, &j->snapshot.picture);
	ret->psnr_worst = MIN(ret->psnr_worst, video_psnr_luma(frame, &j->snapshot.picture));
}

void judge_trace(const struct trace *trace, uint32_t n_steps, uint32_t qp, struct judgement *ret)
{
	struct judge judge = {0};

	*ret = (struct judgement){.psnr_worst = 100, .text.worst = 1};
	judge_init(&judge, qp);
	judge_picture(&judge, ret);
	for (uint32_t step = 0; trace->paint != NULL && step < n_steps; step++) {
		trace->paint(judge.writer, step, step);
		judge_picture(&judge, ret);
	}
	judge_finish(&judge);
}
