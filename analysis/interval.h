/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Confidence intervals of means and differences, for observations that are independent: replications, or batch means that passed their test
 * (analysis/batch.h). Two-sided, level as a share (0.95). Fewer than two observations leave half, lower, upper and p NaN: there is no interval
 * from one observation. Sources: Law, Simulation Modeling and Analysis, 4.5 and 10.2; Welch, Biometrika 34 (1947); Clopper and Pearson,
 * Biometrika 26 (1934); Holm, Scand. J. Statist. 6 (1979). */
#ifndef ANALYSIS_INTERVAL_H
#define ANALYSIS_INTERVAL_H

#include <stddef.h>

struct interval {
    double mean, half;   /* the estimate; half the width (NaN when the interval is not symmetric) */
    double lower, upper; /* the interval */
    double sd;           /* standard deviation of one observation */
    double freedom;      /* degrees of freedom of Student's t */
    double p;            /* two-sided probability of so large a mean if the true one were 0 */
    size_t n;            /* observations that were numbers */
};

/* Nothing known: all NaN, n = 0. */
struct interval interval_none(void);
/* From an estimate, its standard error and degrees of freedom. An error of 0 gives an interval of no width, and p = 0 unless the mean is 0. */
struct interval interval_of(double mean, double error, double freedom, double level);
/* Of the mean; NaN observations are left out. */
struct interval interval_student(const double *x, size_t n, double level);
/* Of the mean of b[i] - a[i]; pairs with a NaN are left out. */
struct interval interval_paired(const double *a, const double *b, size_t n, double level);
/* Of mean(b) - mean(a), samples independent, variances unequal (Welch, Satterthwaite). */
struct interval interval_welch(const double *a, size_t na, const double *b, size_t nb, double level);
/* Of a share from `hits` among `trials` independent trials (Clopper and Pearson: never less than the level). */
struct interval interval_share(double hits, double trials, double level);
/* Adjusts p-values of n tests looked at together (Holm); NaN stays NaN and does not count as a test. Returns how many tests there were. */
size_t interval_holm(double *p, size_t n);

#endif
