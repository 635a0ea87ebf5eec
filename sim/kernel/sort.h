/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorts the events of a window: by site, then by the order of events. The key holds site and time; it is split by its highest bits that differ into about as many
 * buckets as there are items, so sparse windows cost one pass, and a site with very many events is split further by time: never worse than n log n. */
#ifndef SIM_KERNEL_SORT_H
#define SIM_KERNEL_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kernel/record.h"

struct item {
    uint64_t key; /* site << 32 | time since the window began */
    uint64_t what; /* a datagram: where its record lies, which is even; a wake-up: 1, and its node above that */
};

static inline struct item item_of_datagram(uint64_t key, const struct record *r)
{
    return (struct item){key, (uintptr_t)r};
}

static inline struct item item_of_wake(uint64_t key, uint32_t node)
{
    return (struct item){key, (uint64_t)node << 1 | 1};
}

static inline bool item_is_wake(const struct item *i)
{
    return i->what & 1;
}

static inline const struct record *item_record(const struct item *i) /* a datagram */
{
    return (const struct record *)(uintptr_t)i->what;
}

static inline uint32_t item_node(const struct item *i)
{
    return item_is_wake(i) ? (uint32_t)(i->what >> 1) : item_record(i)->dst;
}

/* Of two with equal keys, which are the same site and the same time. */
static inline bool item_before_in_tie(const struct item *a, const struct item *b)
{
    uint32_t x = item_node(a), y = item_node(b);
    if (x != y)
        return x < y;
    if (item_is_wake(a) || item_is_wake(b))
        return !item_is_wake(a);
    return record_before_at_one_node(item_record(a), item_record(b));
}

static inline bool item_before(const struct item *a, const struct item *b)
{
    return a->key != b->key ? a->key < b->key : item_before_in_tie(a, b);
}

/* spare: room for n items, contents lost. */
void sort_items(struct item *item, struct item *spare, size_t n);

#endif
