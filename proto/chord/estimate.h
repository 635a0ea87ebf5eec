/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arithmetic of self-tuning (RFC 7363 6), in integers: what an overlay of so many peers with so many joins and leaves a day asks for.
 *
 * Rates are those of the whole overlay per 24 hours, as in SelfTuningData (6.5). The RFC's U, the rate at which one peer leaves, is leaves / size.
 * Logarithms have 16 bits behind the point. Nothing fails: what would be out of range is the nearest that is not. Pure. */
#ifndef PROTO_CHORD_ESTIMATE_H
#define PROTO_CHORD_ESTIMATE_H

#include <stdint.h>

#include "proto/base/id.h"
#include "proto/base/time.h"

#define STABILIZE_LEAST SECONDS(15)    /* 6.6: shorter makes the overlay less stable */
#define STABILIZE_MOST  SECONDS(86400) /* ours: where nothing ever happens */
#define TENTHS_A_DAY    864000u        /* ages and times of failures are in tenths of a second */

struct estimate {
    uint32_t size, joins, leaves;
};

/* log2(n), n at least 1, times 65536. */
uint32_t estimate_log2(uint32_t n);
unsigned estimate_log2_ceiling(uint32_t n);
/* Between the farthest predecessor and the farthest successor lie so many gaps, `span` in all (6.1). */
uint32_t estimate_size(struct id span, unsigned gaps);
/* k failures among the m peers of a table of an overlay of `size` in so many tenths of a second (6.3). */
uint32_t estimate_leaves(uint32_t size, unsigned k, unsigned m, uint64_t tenths);
/* Half of the peers in a table are at most so old (6.4). */
uint32_t estimate_joins(uint32_t size, uint64_t median_tenths);
/* 6.6, clamped to what stands above. */
sim_time estimate_interval(const struct estimate *);
/* The value of rank n * 3/4, rounded, of n (at least one), which are sorted by the call (6.5). */
uint32_t estimate_percentile75(uint32_t *, unsigned n);

#endif
