/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of one scenario that differ in their seed alone are independent observations of every figure, quantiles and outages included: mean and Student-t
 * interval over them (Law, Simulation Modeling and Analysis, 9.4.1). A run in which a figure is unknown does not count for that figure. */
#ifndef ANALYSIS_REPLICATIONS_H
#define ANALYSIS_REPLICATIONS_H

#include "analysis/folder.h"

/* 0, or -1 and a complaint: a run of another scenario, or two of the same seed, would make the intervals lie. */
int replications_same_scenario(const struct folder *, char *error, size_t error_cap);
bool replications_complete(const struct folder *);
void replications_print(FILE *, const struct folder *, double level);
void replications_json(FILE *, const struct folder *, double level);
/* One HTML file without script, in the dress of report.html. */
void replications_page(FILE *, const struct folder *, double level);

#endif
