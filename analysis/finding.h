/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reader must know before believing the figures of a run: that it is incomplete, that its warm-up was too short, that an interval rests on correlated
 * batches, that the network model clipped delays. One sentence each. */
#ifndef ANALYSIS_FINDING_H
#define ANALYSIS_FINDING_H

#include "analysis/results.h"

struct finding {
    bool grave; /* the figures may be wrong; else: they say less than they seem to */
    char *text;
};

struct findings {
    struct finding *list;
    size_t n;
};

struct findings findings_of(const struct results *, double level);
void findings_free(struct findings *);

#endif
