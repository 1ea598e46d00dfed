/* CAVLC of one block of coefficients. It must not know macroblocks: the caller says what the
 * neighbours make likely. */
#include "recorder/encode/cavlc.h"

#include "recorder/encode/cavlc_tables.h"

#include <stdlib.h>

#define LEVEL_SUFFIX_BITS 12u /* behind level_prefix 15 */

static void put_word(struct bit_writer *bits, struct code_word word)
{
	put_bits(bits, word.n_bits, word.bits);
}

static void put_coeff_token(struct bit_writer *bits, unsigned total, unsigned ones, int nc)
{
	if (nc == CAVLC_CHROMA_DC)
		put_word(bits, chroma_dc_token_words[total][ones]);
	else if (nc >= 8)
		put_bits(bits, 6, total == 0 ? 3 : (total - 1) << 2 | ones);
	else
		put_word(bits, coeff_token_words[nc >= 4 ? 2 : nc >= 2][total][ones]);
}

/* 9.2.2.1 turned round: level_prefix, a one, level_suffix. */
static bool put_level(struct bit_writer *bits, uint32_t code, unsigned suffix_length)
{
	if (suffix_length == 0 && code < 14) {
		put_bits(bits, code + 1, 1);
		return true;
	}
	if (suffix_length == 0 && code < 30) {
		put_bits(bits, 15 + 4, 1u << 4 | (code - 14));
		return true;
	}
	if (suffix_length > 0 && code < 15u << suffix_length) {
		put_bits(bits, (code >> suffix_length) + 1, 1);
		put_bits(bits, suffix_length, code & ((1u << suffix_length) - 1));
		return true;
	}
	uint32_t rest = code - (suffix_length == 0 ? 30 : 15u << suffix_length);
	put_bits(bits, 16, 1);
	put_bits(bits, LEVEL_SUFFIX_BITS, rest & ((1u << LEVEL_SUFFIX_BITS) - 1));
	return rest < 1u << LEVEL_SUFFIX_BITS;
}

/* Levels behind the trailing ones, highest frequency first. */
static bool put_levels(struct bit_writer *bits, const int16_t *values, unsigned n, unsigned ones)
{
	unsigned suffix_length = n > 10 && ones < 3;
	bool fits = true;

	for (unsigned i = ones; i < n; i++) {
		int value = values[i];
		uint32_t code = value > 0 ? 2u * (uint32_t)value - 2 : 2u * (uint32_t)-value - 1;
		if (i == ones && ones < 3)
			code -= 2; /* it would have been a trailing one */
		fits &= put_level(bits, code, suffix_length);
		if (suffix_length == 0)
			suffix_length = 1;
		if (abs(value) > 3 << (suffix_length - 1) && suffix_length < 6)
			suffix_length++;
	}
	return fits;
}

static void put_zeros(struct bit_writer *bits, const uint8_t *runs, unsigned n, unsigned zeros,
		      unsigned n_levels)
{
	if (n == n_levels)
		return;
	put_word(bits, n_levels == 4 ? chroma_dc_zeros_words[n - 1][zeros]
				     : total_zeros_words[n - 1][zeros]);
	for (unsigned i = 0; i + 1 < n && zeros > 0; i++) {
		put_word(bits, run_before_words[(zeros < 7 ? zeros : 7) - 1][runs[i]]);
		zeros -= runs[i];
	}
}

bool cavlc_put_block(struct bit_writer *bits, const int16_t *levels, unsigned n_levels,
		     unsigned n_coeffs, int nc)
{
	int16_t values[16]; /* from the highest frequency down */
	uint8_t runs[16];   /* zeros before each */
	unsigned n = 0, last = 0, ones = 0;

	if (n_coeffs == 0) {
		put_coeff_token(bits, 0, 0, nc);
		return true;
	}
	for (unsigned i = n_levels; i-- > 0;) {
		if (levels[i] == 0)
			continue;
		if (n > 0)
			runs[n - 1] = (uint8_t)(last - i - 1);
		values[n++] = levels[i];
		last = i;
	}
	unsigned zeros = last;
	for (unsigned i = 0; i + 1 < n; i++)
		zeros += runs[i];
	while (ones < 3 && ones < n && abs(values[ones]) == 1)
		ones++;
	put_coeff_token(bits, n, ones, nc);
	for (unsigned i = 0; i < ones; i++)
		put_bits(bits, 1, values[i] < 0);
	bool fits = put_levels(bits, values, n, ones);
	put_zeros(bits, runs, n, zeros, n_levels);
	return fits;
}
