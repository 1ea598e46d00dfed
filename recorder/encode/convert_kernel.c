/* The two kernels behind convert.c: portable C and AVX2. They must agree bit for bit
 * (tests/unit/encode compares them) and know nothing of pictures, only of one macroblock. */
#include "recorder/encode/convert_kernel.h"

#include <string.h>

static uint8_t clamp_u8(int32_t v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static int32_t weigh(const int16_t w[4], const int32_t bgr[3])
{
	return w[0] * bgr[0] + w[1] * bgr[1] + w[2] * bgr[2];
}

static bool replace(uint8_t *at, uint8_t value)
{
	bool changed = *at != value;

	*at = value;
	return changed;
}

static bool luma_row(const uint8_t *bgrx, const struct convert_weights *w, uint8_t *luma)
{
	bool changed = false;

	for (unsigned x = 0; x < 16; x++, bgrx += 4) {
		const int32_t bgr[3] = {bgrx[0], bgrx[1], bgrx[2]};
		changed |= replace(&luma[x], clamp_u8((weigh(w->luma, bgr) + w->luma_bias) >>
						      CONVERT_LUMA_SHIFT));
	}
	return changed;
}

static bool chroma_row(const uint8_t *upper, const uint8_t *lower, const struct convert_weights *w,
		       uint8_t *chroma)
{
	bool changed = false;

	for (unsigned x = 0; x < 16; x += 2, upper += 8, lower += 8) {
		int32_t sum[3];
		for (unsigned c = 0; c < 3; c++)
			sum[c] = upper[c] + upper[c + 4] + lower[c] + lower[c + 4];
		changed |= replace(&chroma[x], clamp_u8((weigh(w->cb, sum) + w->chroma_bias) >>
							CONVERT_CHROMA_SHIFT));
		changed |= replace(&chroma[x + 1], clamp_u8((weigh(w->cr, sum) + w->chroma_bias) >>
							    CONVERT_CHROMA_SHIFT));
	}
	return changed;
}

bool convert_block_portable(const uint8_t *bgrx, size_t stride_bytes, unsigned rows,
			    const struct convert_weights *weights, uint8_t *luma, uint8_t *chroma,
			    size_t nv12_stride_bytes)
{
	bool changed = false;

	for (unsigned y = 0; y < rows; y += 2) {
		const uint8_t *upper = bgrx + y * stride_bytes, *lower = upper + stride_bytes;
		changed |= luma_row(upper, weights, luma + y * nv12_stride_bytes);
		changed |= luma_row(lower, weights, luma + (y + 1) * nv12_stride_bytes);
		changed |= chroma_row(upper, lower, weights, chroma + y / 2 * nv12_stride_bytes);
	}
	return changed;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

struct avx2_weights {
	__m256i luma, cb, cr, luma_bias, chroma_bias;
};

AVX2 static inline __m256i load_weights(const int16_t w[4])
{
	int64_t packed;

	memcpy(&packed, w, sizeof packed);
	return _mm256_set1_epi64x(packed);
}

/* Eight pixels as sixteen-bit channels: lo holds pixels 0 1 | 4 5, hi holds 2 3 | 6 7 (lanes of 128
 * bits). */
struct avx2_pixels {
	__m256i lo, hi;
};

AVX2 static inline struct avx2_pixels load_pixels(const uint8_t *bgrx)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)bgrx);
	__m256i zero = _mm256_setzero_si256();

	return (struct avx2_pixels){_mm256_unpacklo_epi8(v, zero), _mm256_unpackhi_epi8(v, zero)};
}

AVX2 static inline __m256i luma_of_8(struct avx2_pixels p, const struct avx2_weights *w)
{
	__m256i sums = _mm256_hadd_epi32(_mm256_madd_epi16(p.lo, w->luma),
					 _mm256_madd_epi16(p.hi, w->luma));

	return _mm256_srai_epi32(_mm256_add_epi32(sums, w->luma_bias), CONVERT_LUMA_SHIFT);
}

/* Cb0 Cb1 Cr0 Cr1 | Cb2 Cb3 Cr2 Cr3 of eight pixels in two rows. */
AVX2 static inline __m256i chroma_of_8(struct avx2_pixels a, struct avx2_pixels b,
				       const struct avx2_weights *w)
{
	__m256i lo = _mm256_add_epi16(a.lo, b.lo), hi = _mm256_add_epi16(a.hi, b.hi);
	__m256i sum =
		_mm256_add_epi16(_mm256_unpacklo_epi64(lo, hi), _mm256_unpackhi_epi64(lo, hi));
	__m256i uv =
		_mm256_hadd_epi32(_mm256_madd_epi16(sum, w->cb), _mm256_madd_epi16(sum, w->cr));

	return _mm256_srai_epi32(_mm256_add_epi32(uv, w->chroma_bias), CONVERT_CHROMA_SHIFT);
}

/* Stores sixteen bytes and returns a mask of those that were different before. */
AVX2 static inline __m128i store_16(uint8_t *at, __m128i value)
{
	__m128i *to = (__m128i *)(void *)at;
	__m128i differs = _mm_xor_si128(_mm_loadu_si128(to), value);

	_mm_storeu_si128(to, value);
	return differs;
}

AVX2 static inline __m128i store_luma(uint8_t *luma, __m256i left, __m256i right)
{
	__m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(left, right), 0xd8);

	return store_16(luma, _mm_packus_epi16(_mm256_castsi256_si128(words),
					       _mm256_extracti128_si256(words, 1)));
}

AVX2 static inline __m128i store_chroma(uint8_t *chroma, __m256i left, __m256i right)
{
	const __m128i interleave =
		_mm_setr_epi8(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15);
	__m256i words = _mm256_packs_epi32(left, right);
	__m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(words, words), 0x08);

	return store_16(chroma, _mm_shuffle_epi8(_mm256_castsi256_si128(bytes), interleave));
}

AVX2 static bool convert_block_avx2(const uint8_t *bgrx, size_t stride_bytes, unsigned rows,
				    const struct convert_weights *weights, uint8_t *luma,
				    uint8_t *chroma, size_t nv12_stride_bytes)
{
	const struct avx2_weights w = {
		load_weights(weights->luma), load_weights(weights->cb), load_weights(weights->cr),
		_mm256_set1_epi32(weights->luma_bias), _mm256_set1_epi32(weights->chroma_bias)};
	__m128i differs = _mm_setzero_si128();

	for (unsigned y = 0; y < rows; y += 2) {
		const uint8_t *upper = bgrx + y * stride_bytes, *lower = upper + stride_bytes;
		struct avx2_pixels ul = load_pixels(upper), ur = load_pixels(upper + 32);
		struct avx2_pixels ll = load_pixels(lower), lr = load_pixels(lower + 32);
		uint8_t *row = luma + y * nv12_stride_bytes;

		differs = _mm_or_si128(differs,
				       store_luma(row, luma_of_8(ul, &w), luma_of_8(ur, &w)));
		differs = _mm_or_si128(differs, store_luma(row + nv12_stride_bytes,
							   luma_of_8(ll, &w), luma_of_8(lr, &w)));
		differs = _mm_or_si128(differs, store_chroma(chroma + y / 2 * nv12_stride_bytes,
							     chroma_of_8(ul, ll, &w),
							     chroma_of_8(ur, lr, &w)));
	}
	return !_mm_testz_si128(differs, differs);
}
#endif

convert_block_fn convert_block_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		return convert_block_avx2;
#endif
	return convert_block_portable;
}
