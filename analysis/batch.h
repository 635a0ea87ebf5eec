/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Batch means: a confidence interval from one run whose observations are correlated in time (Law, Simulation Modeling and Analysis, 9.5.3).
 *
 * The observations are ratios: numerator and denominator of each interval of the record (correct look-ups and look-ups, say), because the figure of
 * the whole phase is sum over sum, not the mean of quotients. The estimate is that figure; its variance comes from the linearised batch
 * residuals N_b - R D_b (Cochran, Sampling Techniques, 6.3). An interval with nothing in it (0/0, or NaN) adds nothing.
 *
 * Number of batches: Schmeiser (Operations Research 30, 1982) shows that beyond 30 batches nothing is gained and that 10 lose little; fewer are
 * longer and so less correlated. Of 20 and 10 the first is taken whose batch means show no positive correlation at lag 1 (r1 <= 0); 10 are
 * the least ever. What correlation is left at 10 (r1 > 0) widens the interval by sqrt((1 + r1) / (1 - r1)), as Skart does (Tafazzoli, Steiger,
 * Wilson, INFORMS J. Comput. 23, 2011), and when it is significant the result says so: the run is too short for its interval to be believed.
 * Observations that do not fill a batch are left out at the start, next to the warm-up. Stationarity is the caller's business (analysis/warmup.h). */
#ifndef ANALYSIS_BATCH_H
#define ANALYSIS_BATCH_H

#include <stdbool.h>

#include "analysis/interval.h"

#define BATCHES_LEAST 10
#define BATCHES_MOST  20

struct batch_means {
    struct interval interval; /* of sum(numerator) / sum(denominator); interval.mean is over all observations */
    size_t batches, size;     /* 0 batches: too few observations, no interval */
    double lag1;              /* correlation of neighbouring batches */
    bool correlated;          /* significantly so, at 10 batches (one-sided, 5 %): do not believe the interval */
};

/* denominator NULL = 1 for each. */
struct batch_means batch_means(const double *numerator, const double *denominator, size_t n, double level);
/* Of the ratio of run B less that of run A, observed in the same n intervals: batch by batch, so that what both runs share (the same random
 * numbers, the same hour) cancels. Valid whether they share anything or not. interval.mean is the difference of the two ratios. */
struct batch_means batch_difference(const double *numerator_a, const double *denominator_a, const double *numerator_b,
                                    const double *denominator_b, size_t n, double level);
/* Correlation of neighbours in x. */
double batch_lag1(const double *x, size_t n);

#endif
