/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Was the warm-up long enough? MSER-5 (White, Simulation 69, 1997; White, Cobb, Spratt, WSC 2000): the observations are averaged in fives, and
 * that start is cut off which makes the remaining mean's standard error least, sum of squares / (number left)^2. The cut is looked for in the first half; where a
 * later one would do better, and what is kept is still correlated from end to end, no steady state was seen at all. It never chooses the phases of a run; it only says whether those chosen were right.
 *
 * MSER-5 cuts something off a stationary series as well (chance), so a cut alone is no finding: a series is called unsettled when the cut lies
 * after the warm-up and the mean with what was cut off differs from the mean without by more than the half-width of the latter's interval.
 *
 * A figure that moves slowly (peers online, with sessions of hours in a record of minutes) looks unsettled however stationary it is: one record cannot tell
 * the two apart. So "never" asks in addition that it matters: the halves of the measured part differ by more than WARMUP_DRIFT of their mean. */
#ifndef ANALYSIS_WARMUP_H
#define ANALYSIS_WARMUP_H

#include <stdbool.h>
#include <stddef.h>

enum warmup_verdict {
    WARMUP_FINE,
    WARMUP_SHORT,   /* settled only after the warm-up, and it matters */
    WARMUP_NEVER,   /* still not settled in the second half of what was observed, and it matters */
    WARMUP_UNKNOWN, /* fewer than 50 numbers: nothing can be said */
};

struct warmup {
    enum warmup_verdict verdict;
    size_t cut;   /* index into x of the first observation that MSER-5 keeps */
    double shift; /* mean of the measured part less the mean of what is kept, as a share of the latter; NEVER: its second half less its first */
};

#define MSER_BATCH   5
#define WARMUP_LEAST 50
#define WARMUP_DRIFT 0.01

/* First index that MSER-5 keeps, a multiple of five; n numbers without NaN. *late: the least lies beyond the first half (then the best within). */
size_t warmup_mser5(const double *x, size_t n, bool *late);
/* x[0 .. n): one figure from the start of the run; x[measured] is the first after the warm-up. NaN (nothing happened) is left out. */
struct warmup warmup_of(const double *x, size_t n, size_t measured, double level);

#endif
