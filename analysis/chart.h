/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report draws: one table of charts, for the page and for gnuplot alike. A chart of time has series, each a ratio of columns (analysis/figure.h);
 * a chart of bins is one histogram. Whatever draws them gets numbers as measured: a NaN is a gap.
 *
 * A run of many intervals is drawn in groups of them: counts are added before they are divided, so that a rate stays true; a level is averaged; and the
 * least and the greatest value of the group go along, so that no peak is lost. */
#ifndef ANALYSIS_CHART_H
#define ANALYSIS_CHART_H

#include "analysis/results.h"

#define CHART_SERIES_MOST 10

enum chart_kind { CHART_LINES, CHART_STACK, CHART_BINS };

struct chart_series {
    const char *label;
    const char *numerator, *denominator; /* terms, as in struct figure_rule; denominator "1": the column itself */
    double scale;                        /* 100 for per cent */
};

struct chart {
    const char *id, *title, *unit; /* id: also a file name; unit of the vertical axis, or of the bins */
    enum chart_kind kind;
    const char *note;      /* a sentence under the title */
    const char *histogram; /* CHART_BINS */
    bool log;              /* drawn on a logarithmic axis unless the reader wants otherwise (bins: horizontal axis) */
    struct chart_series series[CHART_SERIES_MOST];
};

/* What theory says of a histogram, to be drawn beside it. */
enum chart_law { LAW_NONE, LAW_EXPONENTIAL /* of mean 1 */ };
enum chart_law chart_law(const struct chart *);

extern const struct chart charts[];
extern const size_t chart_count;

struct chart_sample {
    size_t series, points, group;                     /* group: intervals to a point */
    const struct chart_series *of[CHART_SERIES_MOST]; /* those that the run has */
    double *value[CHART_SERIES_MOST], *least[CHART_SERIES_MOST], *most[CHART_SERIES_MOST];
};

/* Group so that at most `points` remain; the same for all charts of a run. */
size_t chart_group(const struct results *, size_t points);
/* Ends of the groups in seconds; *n of them. The caller frees them. */
double *chart_times(const struct results *, size_t group, size_t *n);
/* Samples a chart of time. Without any series (the run lacks the columns, or there is not one number in them) series is 0. Free with chart_free. */
struct chart_sample chart_sample(const struct results *, const struct chart *, size_t group);
void chart_free(struct chart_sample *);

struct chart_bar {
    double lower, upper, count, below; /* below: share of all observations below `lower` */
};
/* A histogram as bars of at least 1/most of its axis, bins joined, none split: for paper. Whole numbers (not of seconds) stand in the middle of their
 * bar and are never joined; with a logarithmic axis what is 0 is left out and counts in `below` only. *n bars; the caller frees them. */
struct chart_bar *chart_bars(const struct chart *, const struct bins *, size_t most, size_t *n);

#endif
