/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/histogram.h"

#include <math.h>

/* Bucket of a value: the value itself in the first two octaves, then the octave and the HISTOGRAM_BITS bits after the leading one. */
static unsigned bucket_of(uint64_t value)
{
    if (value >> (HISTOGRAM_BITS + 1) == 0)
        return (unsigned)value;
    unsigned top = 63u - (unsigned)__builtin_clzll(value);
    unsigned shift = top - HISTOGRAM_BITS;
    unsigned bucket = (shift << HISTOGRAM_BITS) + (unsigned)(value >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

void histogram_range(unsigned bucket, uint64_t *low, uint64_t *high)
{
    unsigned shift = bucket >> (HISTOGRAM_BITS + 1) == 0 ? 0 : (bucket >> HISTOGRAM_BITS) - 1;
    *low = (uint64_t)(bucket - (shift << HISTOGRAM_BITS)) << shift;
    *high = *low + (UINT64_C(1) << shift);
}

static double bucket_middle(unsigned bucket)
{
    uint64_t low, high;
    histogram_range(bucket, &low, &high);
    return (double)low + ((double)(high - low) - 1) / 2;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->count++;
    h->sum += value;
    h->bucket[bucket_of(value)]++;
}

double histogram_mean(const struct histogram *h)
{
    return h->count ? (double)h->sum / (double)h->count : NAN;
}

double histogram_quantile(const struct histogram *h, double q, uint64_t worst, uint64_t limit)
{
    uint64_t all = h->count + worst, rank = (uint64_t)(q * (double)all), seen = 0;
    if (all == 0)
        return NAN;
    if ((double)rank < q * (double)all || rank == 0)
        rank++;
    if (rank > h->count)
        return (double)limit;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= rank)
            return bucket_middle(i);
    }
    return (double)limit;
}
