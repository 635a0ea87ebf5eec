/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Did you mean": the word of a list that is closest to what was typed, if close enough to be what was meant. */
#ifndef SIM_SCENARIO_NEAREST_H
#define SIM_SCENARIO_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *typed;
    const char *best; /* NULL: nothing is close */
    unsigned distance;
};

void nearest_begin(struct nearest *, const char *typed);
void nearest_offer(struct nearest *, const char *candidate);

#endif
