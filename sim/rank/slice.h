/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An array over all items of a run, of which this rank holds those from first up to end: the numbers are the same on every rank, the memory is not there twice.
 * What lies outside can be addressed and not touched: the program ends there. Only what shares a page with the slice escapes that; it is filled with nonsense, and
 * poisoned in a sanitizer build. A rank alone holds all. */
#ifndef SIM_RANK_SLICE_H
#define SIM_RANK_SLICE_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed, item 0 on a page of its own; large ones in huge pages where the system has them. NULL: no memory. */
void *slice_open(size_t item_bytes, uint32_t count, uint32_t first, uint32_t end);
void slice_close(void *, size_t item_bytes, uint32_t count, uint32_t first, uint32_t end);

#endif
