/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorts the records of a window: by site, then by the order of events. The key holds site and time; it is split by its highest bits that differ into about as many
 * buckets as there are items, so sparse windows cost one pass, and a site with very many events is split further by time: never worse than n log n. */
#ifndef SIM_KERNEL_SORT_H
#define SIM_KERNEL_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kernel/record.h"

struct item {
    uint64_t key; /* site << 32 | time since the window began */
    const struct record *record;
};

/* Equal keys are the same site and the same time. */
static inline bool item_before(const struct item *a, const struct item *b)
{
    return a->key != b->key ? a->key < b->key : record_before(a->record, b->record);
}

/* spare: room for n items, contents lost. */
void sort_items(struct item *item, struct item *spare, size_t n);

#endif
