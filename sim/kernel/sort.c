/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/sort.h"

#include <string.h>

#define SMALL 16u /* left to insertion */
#define BITS_MAX 11u

/* Items whose keys are all equal: by what is left of the order. */
static void merge_ties(struct item *item, struct item *spare, size_t n)
{
    if (n < 2)
        return;
    size_t half = n / 2, i = 0, j = half;
    merge_ties(item, spare, half);
    merge_ties(item + half, spare, n - half);
    memcpy(spare, item, half * sizeof *item);
    for (size_t out = 0; i < half; out++)
        item[out] = j < n && item_before_in_tie(&item[j], &spare[i]) ? item[j++] : spare[i++];
}

static uint64_t bits_that_differ(const struct item *item, size_t n)
{
    uint64_t differ = 0;
    for (size_t i = 1; i < n; i++)
        differ |= item[i].key ^ item[0].key;
    return differ;
}

/* Afterwards every item is within SMALL places of where it belongs. */
static void split(struct item *item, struct item *spare, size_t n)
{
    uint64_t differ = bits_that_differ(item, n);
    if (differ == 0) {
        merge_ties(item, spare, n);
        return;
    }
    unsigned top = 64 - (unsigned)__builtin_clzll(differ), bits = 64 - (unsigned)__builtin_clzll(n);
    bits = bits > BITS_MAX ? BITS_MAX : bits;
    bits = bits > top ? top : bits;
    unsigned shift = top - bits;
    uint32_t buckets = UINT32_C(1) << bits, mask = buckets - 1, first = 0;
    uint32_t end[1u << BITS_MAX];
    memset(end, 0, buckets * sizeof *end);
    for (size_t i = 0; i < n; i++)
        end[item[i].key >> shift & mask]++;
    for (uint32_t b = 0; b < buckets; b++) {
        uint32_t count = end[b];
        end[b] = first;
        first += count;
    }
    for (size_t i = 0; i < n; i++)
        spare[end[item[i].key >> shift & mask]++] = item[i];
    memcpy(item, spare, n * sizeof *item);
    for (uint32_t b = 0, from = 0; b < buckets; from = end[b++])
        if (end[b] - from > SMALL)
            split(item + from, spare, end[b] - from);
}

void sort_items(struct item *item, struct item *spare, size_t n)
{
    if (n > SMALL)
        split(item, spare, n);
    for (size_t i = 1; i < n; i++) {
        if (!item_before(&item[i], &item[i - 1]))
            continue;
        struct item moved = item[i];
        size_t j = i;
        do
            item[j] = item[j - 1];
        while (--j > 0 && item_before(&moved, &item[j - 1]));
        item[j] = moved;
    }
}
