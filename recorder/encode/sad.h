/** Sums of absolute differences, the measure of every choice the P slice writer makes.
 *  Private to recorder/encode. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/** 16 columns, `rows` rows. */
static inline unsigned sad_16(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride,
			      unsigned rows)
{
#if defined(__SSE2__)
	__m128i sums = _mm_setzero_si128();

	for (unsigned y = 0; y < rows; y++, a += a_stride, b += b_stride)
		sums = _mm_add_epi64(
			sums, _mm_sad_epu8(_mm_loadu_si128((const __m128i *)(const void *)a),
					   _mm_loadu_si128((const __m128i *)(const void *)b)));
	return (unsigned)(_mm_cvtsi128_si32(sums) + _mm_cvtsi128_si32(_mm_srli_si128(sums, 8)));
#else
	unsigned sum = 0;

	for (unsigned y = 0; y < rows; y++, a += a_stride, b += b_stride)
		for (unsigned x = 0; x < 16; x++)
			sum += (unsigned)abs(a[x] - b[x]);
	return sum;
#endif
}
