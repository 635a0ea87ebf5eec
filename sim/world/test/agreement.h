/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same overlay, started converged and joined by protocol, measured over several seeds: do the figures agree? */
#ifndef SIM_WORLD_TEST_AGREEMENT_H
#define SIM_WORLD_TEST_AGREEMENT_H

#include <stdbool.h>

struct agreement {
    const char *text;          /* the scenario, without overlay.start, seed and phases */
    const char *warmup_joined; /* long enough to forget how it began */
    const char *warmup_converged;
    const char *measure;
    unsigned seeds; /* 1, 2, ... */
};

struct agreement_bound {
    const char *key; /* of the summary; "messages.by_class.*" are compared per peer and second */
    double share;    /* the means may differ by this share of the joined mean */
    double absolute; /* or by this much */
    double errors;   /* plus so many standard errors of the difference over the seeds */
};

/* Runs both, prints a line for each key, and says whether all lie within their bounds (the list ends with key NULL). */
bool agreement_holds(const struct agreement *, const struct agreement_bound *);

#endif
