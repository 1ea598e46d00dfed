/** Finds the fragments in segment bytes: where the last whole one ends (recovery after a crash),
 *  how many there are, and their decode times.
 *
 *  Reads only box sizes and tfdt (ISO/IEC 14496-12 8.8.12); bytes come from a disk and are
 *  not trusted. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fragment_scan {
	size_t whole_bytes; /**< end of the last whole moof + mdat pair */
	uint32_t n_fragments;
	uint64_t first_us, last_us; /**< decode times of the first and last fragment */
	uint32_t last_sequence;	    /**< of the last moof */
	/** what the first fragment holds, inside the bytes scanned; NULL without one */
	const uint8_t *first_unit;
	size_t first_unit_bytes;
};

/** Scans from the first byte until something is not a whole moof + mdat pair. Never fails; bytes
 *  behind whole_bytes are not fragments. */
void fragment_scan(const uint8_t *bytes, size_t length, struct fragment_scan *ret);
