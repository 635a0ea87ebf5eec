/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer histogram, log-linear: 128 buckets an octave, values below 256 exact, above that a bucket is narrower than 0.8 % of its value, so a
 * quantile is off by less than 0.4 %. The sum is exact. Everything is an integer and adding commutes, so that the order in which
 * partitions report never shows in a figure. */
#ifndef SIM_RECORD_HISTOGRAM_H
#define SIM_RECORD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS       7
#define HISTOGRAM_VALUE_BITS 48 /* larger values count in the last bucket: 78 hours in ns */
#define HISTOGRAM_BUCKETS    ((HISTOGRAM_VALUE_BITS - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
    uint64_t count, sum;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *, uint64_t value);
/* The values that bucket 0..HISTOGRAM_BUCKETS - 1 holds: *low to *high - 1. The last one takes larger values too. */
void histogram_range(unsigned bucket, uint64_t *low, uint64_t *high);
/* Exact; NaN when empty. */
double histogram_mean(const struct histogram *);
/* The middle of the bucket that holds the value of rank ceil(q * count), 0 < q <= 1; NaN when empty. `worst` more values, larger than any
 * recorded one, count as `limit`: failures in a latency. */
double histogram_quantile(const struct histogram *, double q, uint64_t worst, uint64_t limit);

#endif
