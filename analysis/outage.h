/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each fault did, and how long it took to pass. A figure leaves its range when an interval is worse than the worst
 * before the first fault by more than half of what that one differed from the mean, and worse than that mean by a percentage point (a share) or a
 * twentieth (a time); it is back at the start of the first three intervals in a row inside the range. For normal scatter and fifty intervals that is some
 * 3.3 standard deviations: chance seldom looks like a fault. */
#ifndef ANALYSIS_OUTAGE_H
#define ANALYSIS_OUTAGE_H

#include "analysis/results.h"

struct outage {
    const char *key, *unit; /* of the figure */
    double fault_s;
    double before;         /* mean before the first fault */
    double worst, worst_s; /* worst interval until the next fault or the end, and when it began */
    double
        back_s; /* from the fault until it was back; 0: it never left the range, INFINITY: not back within the record */
};

/* One entry for each fault and figure that the run can tell; *n of them. Fewer than ten intervals before the first fault tell nothing: none. The
 * caller frees the array. */
struct outage *outages_of(const struct results *, size_t *n);
/* Until when a fault is shaded in charts: the last of its figures that came back; the fault itself when nothing left its range. */
double outage_end(const struct outage *, size_t n, double fault_s);

#endif
