/* Integer transforms, quantisation and their inverse. It must not know macroblocks or bits. */
#include "recorder/encode/transform.h"

#include <stdlib.h>

const uint8_t transform_zigzag[16] = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};

/* normAdjust4x4 (8-315) and its forward twin: places (even, even), (odd, odd), the others. */
static const uint8_t scales[6][3] = {{10, 16, 13}, {11, 18, 14}, {13, 20, 16},
				     {14, 23, 18}, {16, 25, 20}, {18, 29, 23}};
static const uint16_t multipliers[6][3] = {{13107, 5243, 8066}, {11916, 4660, 7490},
					   {10082, 4194, 6554}, {9362, 3647, 5825},
					   {8192, 3355, 5243},	{7282, 2893, 4559}};

/* Largest gain of a coefficient over the sum of absolute differences: 1, 4 and 2 by kind of
 * place. */
static unsigned silent_sad_of(const struct quantizer *q, unsigned rest)
{
	static const unsigned gain[3] = {1, 4, 2};
	unsigned least = UINT16_MAX;

	for (unsigned kind = 0; kind < 3; kind++) {
		/* |W| * multiplier + rounding < 1 << shift, with |W| <= gain * SAD */
		int64_t room = (1ll << q->shift) - 1 - q->rounding_intra;
		unsigned sad = (unsigned)(room / (gain[kind] * multipliers[rest][kind]));
		least = sad < least ? sad : least;
	}
	return least;
}

void quantizer_init(struct quantizer *q, unsigned qp)
{
	unsigned rest = qp % 6;

	q->qp = qp;
	q->shift = 15 + qp / 6;
	q->rounding_intra = (1 << q->shift) / 3;
	q->rounding_inter = (1 << q->shift) / 6;
	for (unsigned i = 0; i < 16; i++) {
		unsigned odd = (i & 1) + (i >> 2 & 1), kind = odd == 0 ? 0 : odd == 2 ? 1 : 2;
		q->multiplier[i] = multipliers[rest][kind];
		q->scale[i] = scales[rest][kind] << (qp / 6);
	}
	q->silent_sad = silent_sad_of(q, rest);
}

unsigned transform_chroma_qp(unsigned luma_qp, int offset)
{
	static const uint8_t from_30[] = {29, 30, 31, 32, 32, 33, 34, 34, 35, 35, 36,
					  36, 37, 37, 37, 38, 38, 38, 39, 39, 39, 39};
	int index = (int)luma_qp + offset;

	index = index < 0 ? 0 : index > 51 ? 51 : index;
	return index < 30 ? (unsigned)index : from_30[index - 30];
}

static void forward_4(const int32_t in[4], int32_t *out, unsigned step)
{
	int32_t sum_outer = in[0] + in[3], sum_inner = in[1] + in[2];
	int32_t outer = in[0] - in[3], inner = in[1] - in[2];

	out[0] = sum_outer + sum_inner;
	out[step] = 2 * outer + inner;
	out[2 * step] = sum_outer - sum_inner;
	out[3 * step] = outer - 2 * inner;
}

void transform_forward(const int16_t difference[16], int32_t coefficients[16])
{
	int32_t columns[16];

	for (unsigned i = 0; i < 4; i++) {
		const int32_t row[4] = {difference[4 * i], difference[4 * i + 1],
					difference[4 * i + 2], difference[4 * i + 3]};
		forward_4(row, columns + i, 4);
	}
	for (unsigned i = 0; i < 4; i++)
		forward_4(columns + 4 * i, coefficients + i, 4);
}

static int16_t quantize(int32_t value, int32_t multiplier, int32_t rounding, unsigned shift)
{
	int32_t level = (int32_t)(((int64_t)abs(value) * multiplier + rounding) >> shift);

	return (int16_t)(value < 0 ? -level : level);
}

unsigned transform_quantize(const struct quantizer *q, int32_t rounding,
			    const int32_t coefficients[16], unsigned first, int16_t levels[16])
{
	int16_t raster[16];
	unsigned n = 0;

	for (unsigned i = 0; i < 16; i++)
		raster[i] = quantize(coefficients[i], q->multiplier[i], rounding, q->shift);
	for (unsigned i = 0; i < first; i++)
		levels[i] = 0;
	for (unsigned i = first; i < 16; i++) {
		levels[i] = raster[transform_zigzag[i]];
		n += levels[i] != 0;
	}
	return n;
}

/* One dimension of 8.5.12.2. */
static void inverse_4(const int32_t in[4], int32_t *out, unsigned step)
{
	int32_t e = in[0] + in[2], f = in[0] - in[2];
	int32_t g = (in[1] >> 1) - in[3], h = in[1] + (in[3] >> 1);

	out[0] = e + h;
	out[step] = f + g;
	out[2 * step] = f - g;
	out[3 * step] = e - h;
}

static uint8_t clip_u8(int32_t value)
{
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void transform_restore(const struct quantizer *q, const int16_t levels[16], const int32_t *dc,
		       const uint8_t *prediction, size_t prediction_stride, uint8_t *to,
		       size_t stride, unsigned step)
{
	int32_t scaled[16], rows[16], residual[16];

	for (unsigned i = 0; i < 16; i++)
		scaled[transform_zigzag[i]] = levels[i] * q->scale[transform_zigzag[i]];
	if (dc != NULL)
		scaled[0] = *dc;
	for (unsigned i = 0; i < 4; i++)
		inverse_4(scaled + 4 * i, rows + 4 * i, 1);
	for (unsigned i = 0; i < 4; i++) {
		const int32_t column[4] = {rows[i], rows[4 + i], rows[8 + i], rows[12 + i]};
		inverse_4(column, residual + i, 4);
	}
	for (unsigned y = 0; y < 4; y++)
		for (unsigned x = 0; x < 4; x++)
			to[y * stride + x * step] =
				clip_u8(prediction[y * prediction_stride + x * step] +
					((residual[4 * y + x] + 32) >> 6));
}

static void hadamard_4(const int32_t in[4], int32_t *out, unsigned step)
{
	int32_t a = in[0] + in[1], b = in[0] - in[1], c = in[2] + in[3], d = in[2] - in[3];

	out[0] = a + c;
	out[step] = a - c;
	out[2 * step] = b - d;
	out[3 * step] = b + d;
}

static void hadamard_4x4(const int32_t in[16], int32_t out[16])
{
	int32_t columns[16];

	for (unsigned i = 0; i < 4; i++)
		hadamard_4(in + 4 * i, columns + i, 4);
	for (unsigned i = 0; i < 4; i++)
		hadamard_4(columns + 4 * i, out + i, 4);
}

unsigned transform_quantize_luma_dc(const struct quantizer *q, const int32_t dc[16],
				    int16_t levels[16])
{
	int32_t sums[16];
	unsigned n = 0;

	hadamard_4x4(dc, sums);
	for (unsigned i = 0; i < 16; i++) {
		int32_t half = sums[transform_zigzag[i]] / 2;
		levels[i] = quantize(half, q->multiplier[0], 2 * q->rounding_intra, q->shift + 1);
		n += levels[i] != 0;
	}
	return n;
}

void transform_restore_luma_dc(const struct quantizer *q, const int16_t levels[16], int32_t dc[16])
{
	int32_t raster[16], sums[16];

	for (unsigned i = 0; i < 16; i++)
		raster[transform_zigzag[i]] = levels[i];
	hadamard_4x4(raster, sums);
	/* (8-320) and (8-321) in one: scale holds LevelScale / 16 << qp / 6. */
	for (unsigned i = 0; i < 16; i++)
		dc[i] = (sums[i] * q->scale[0] + 2) >> 2;
}

static void hadamard_2x2(const int32_t in[4], int32_t out[4])
{
	int32_t a = in[0] + in[1], b = in[0] - in[1], c = in[2] + in[3], d = in[2] - in[3];

	out[0] = a + c;
	out[1] = b + d;
	out[2] = a - c;
	out[3] = b - d;
}

unsigned transform_quantize_chroma_dc(const struct quantizer *q, int32_t rounding,
				      const int32_t dc[4], int16_t levels[4])
{
	int32_t sums[4];
	unsigned n = 0;

	hadamard_2x2(dc, sums);
	for (unsigned i = 0; i < 4; i++) {
		levels[i] = quantize(sums[i], q->multiplier[0], 2 * rounding, q->shift + 1);
		n += levels[i] != 0;
	}
	return n;
}

void transform_restore_chroma_dc(const struct quantizer *q, const int16_t levels[4], int32_t dc[4])
{
	const int32_t raster[4] = {levels[0], levels[1], levels[2], levels[3]};
	int32_t sums[4];

	hadamard_2x2(raster, sums);
	for (unsigned i = 0; i < 4; i++)
		dc[i] = (sums[i] * q->scale[0]) >> 1; /* (8-330) */
}
