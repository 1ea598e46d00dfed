/** What no recorder can save: reading the same pictures warm, and cold. */
#pragma once

/** Prints how fast luma is read that was read before (one picture again and again) and that was not
 *  (as many pictures as given in turns): row by row, macroblock by macroblock, and that with
 *  lines asked for ahead. */
void cold_memory_print(unsigned n_pictures);
