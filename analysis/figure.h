/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures that can be told interval by interval, and so have a confidence interval within one run: each is a ratio of sums over columns of
 * /timeseries (analysis/batch.h). Quantiles of the whole phase are not among them: no mean of quantiles is a quantile; replications give theirs.
 *
 * The interval holds for the steady part of a run, from the end of the warm-up to the first fault, or to the end of the measured phase: after a fault
 * a run is a transient, one observation however long, and only replications tell how much another would differ. */
#ifndef ANALYSIS_FIGURE_H
#define ANALYSIS_FIGURE_H

#include "analysis/batch.h"
#include "analysis/results.h"
#include "analysis/warmup.h"

enum figure_trait {
    FIGURE_WEIGHTED = 1, /* numerator is a mean: multiply by the denominator, its weight */
    FIGURE_SHARE = 2,    /* successes among trials: with none or all, an exact bound stands in for the interval */
    FIGURE_SETTLES = 4,  /* looked at for the length of the warm-up */
};

struct figure_rule {
    const char *key, *unit;
    const char *numerator;   /* columns to add, separated by blanks */
    const char *denominator; /* the same, or "1", "seconds", "node_seconds" */
    unsigned traits;         /* enum figure_trait, added */
};

extern const struct figure_rule figure_rules[];
extern const size_t figure_rule_count;
/* NULL when a key has no rule. */
const struct figure_rule *figure_rule_of(const char *key);

/* Intervals [first, end) of the record. */
struct span {
    size_t first, end;
    bool before_fault; /* a fault ended it */
};
struct span figure_steady(const struct results *);

/* Sum of columns ("lookup.correct lookup.stale"), or of what a denominator may be; `intervals` values, NULL when a column is missing. */
double *figure_terms(const struct results *, const char *terms);
/* Numerator and denominator of a rule, each `intervals` long; false (and both NULL) when a column is missing. The caller frees them. */
bool figure_ratio(const struct results *, const struct figure_rule *, double **numerator, double **denominator);

struct figure {
    const struct figure_rule *rule;
    struct batch_means steady; /* of the steady part */
    bool
        bound; /* no failure (or nothing but): the interval is Clopper and Pearson's, and supposes independent trials */
};
/* NaN everywhere when the run has no such columns. */
struct figure figure_of(const struct results *, const struct figure_rule *, double level);
/* The length of the warm-up as this figure sees it: up to the first fault. */
struct warmup figure_warmup(const struct results *, const struct figure_rule *, double level);

#endif
