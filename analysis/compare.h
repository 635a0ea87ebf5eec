/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two results side by side: what was asked differently, which figures differ and by how much, whether chance alone could do that, and where the two
 * runs part in time. Each side is one run or a folder of replications.
 *
 * A difference has an interval in two cases only. Replications on both sides: paired by seed when both have the same seeds (common random numbers),
 * else Welch. One run on both sides: the figures that can be told interval by interval, over the steady part that both have (analysis/figure.h), by
 * batch means of the differences when both kept the same intervals, else from the batch means of each. All p-values are adjusted by Holm over the
 * figures looked at, so that of a hundred equal figures none is called different (in 19 of 20 comparisons). Figures that depend on the machine stand
 * apart and are never judged. */
#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

#include "analysis/folder.h"
#include "analysis/interval.h"

struct change { /* of a key of the scenario, or of a figure of the machine; NULL: that side has none */
    char *key, *a, *b;
};

enum compare_method { COMPARE_NONE, COMPARE_PAIRED, COMPARE_INDEPENDENT };

struct comparison {
    char *key, *unit;
    double a, b;
    struct interval difference; /* b - a; bounds NaN: one observation each, or not told interval by interval */
    double p;                   /* after Holm; NaN without interval */
    enum compare_method method;
    bool correlated; /* batches are: do not believe the interval */
};

struct compare {
    struct change *settings, *wall;
    struct comparison *figures, *steady; /* whole measured phase; steady part of single runs */
    size_t n_settings, n_wall, n_figures, n_steady, tests;
    bool equal;        /* every figure, time series and fingerprint */
    bool replications; /* both sides are */
    bool paired;       /* steady or replications: by interval, or by seed */
    double steady_from_s, steady_to_s;
    double
        part_s; /* end of the first interval that differs; INFINITY: none does, NaN: not told (replications, other intervals) */
    size_t part_interval;
    char *part_columns; /* "nodes_online, joins" */
    char *event_a,
        *event_b; /* the first of /events that differs, "none" where one side has no more; NULL: they are alike, or not told */
};

struct compare compare_of(const struct folder *a, const struct folder *b, double level);
void compare_free(struct compare *);
/* For people; all: equal figures too. */
void compare_print(FILE *, const struct compare *, const struct folder *a, const struct folder *b, double level,
                   bool all);
void compare_json(FILE *, const struct compare *, const struct folder *a, const struct folder *b, double level);

#endif
