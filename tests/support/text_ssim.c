/* The usual SSIM (Wang, Bovik, Sheikh, Simoncelli 2004) over whole 8x8 blocks. */
#include "tests/support/text_ssim.h"

#include <glib.h>

#define BLOCK 8
#define TEXT_RANGE_MIN 80
#define C1 (0.01 * 255 * 0.01 * 255)
#define C2 (0.03 * 255 * 0.03 * 255)

static bool is_text(const uint8_t *source, size_t stride)
{
	uint8_t low = 255, high = 0;

	for (unsigned y = 0; y < BLOCK; y++)
		for (unsigned x = 0; x < BLOCK; x++) {
			low = MIN(low, source[y * stride + x]);
			high = MAX(high, source[y * stride + x]);
		}
	return high - low >= TEXT_RANGE_MIN;
}

static double ssim_of(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride)
{
	const double n = BLOCK * BLOCK;
	double sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0;

	for (unsigned y = 0; y < BLOCK; y++)
		for (unsigned x = 0; x < BLOCK; x++) {
			double p = a[y * a_stride + x], q = b[y * b_stride + x];
			sum_a += p;
			sum_b += q;
			sum_aa += p * p;
			sum_bb += q * q;
			sum_ab += p * q;
		}
	double mean_a = sum_a / n, mean_b = sum_b / n;
	double var_a = sum_aa / n - mean_a * mean_a, var_b = sum_bb / n - mean_b * mean_b;
	double covariance = sum_ab / n - mean_a * mean_b;
	return (2 * mean_a * mean_b + C1) * (2 * covariance + C2) /
	       ((mean_a * mean_a + mean_b * mean_b + C1) * (var_a + var_b + C2));
}

void text_ssim_add(struct text_ssim *ssim, const AVFrame *decoded, const struct nv12 *source)
{
	size_t stride = (size_t)decoded->linesize[0];
	uint64_t n = 0;
	double sum = 0;

	for (uint32_t y = 0; y + BLOCK <= source->height; y += BLOCK)
		for (uint32_t x = 0; x + BLOCK <= source->width; x += BLOCK) {
			const uint8_t *from = source->luma + y * source->stride_bytes + x;
			if (!is_text(from, source->stride_bytes))
				continue;
			sum += ssim_of(from, source->stride_bytes,
				       decoded->data[0] + y * stride + x, stride);
			n++;
		}
	if (n == 0)
		return;
	ssim->worst = MIN(ssim->worst, sum / (double)n);
	ssim->sum += sum;
	ssim->n_blocks += n;
}

double text_ssim_mean(const struct text_ssim *ssim)
{
	return ssim->n_blocks > 0 ? ssim->sum / (double)ssim->n_blocks : 1;
}
