/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of summary.json that a `check:` may bound: all numeric ones that do not depend on the machine. The list is that of sim/record/summary.h. */
#ifndef SIM_SCENARIO_METRIC_H
#define SIM_SCENARIO_METRIC_H

#include <stddef.h>

#include "sim/scenario/quantity.h"

struct metric {
    const char *name, *unit; /* as in SUMMARY_KEYS */
    bool whole;
};

extern const struct metric metrics[];
extern const size_t metrics_count;

const struct metric *metric_find(const char *name);
/* How a bound is written: shares in %, times with their unit, counts and bytes; other figures are plain numbers. */
enum unit_class metric_class(const struct metric *);
/* What it counts, in a phrase. */
const char *metric_help(const struct metric *);

#endif
