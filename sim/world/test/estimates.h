/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs an overlay that tunes itself (RFC 7363) and compares what its peers believe at the end with what is so. */
#ifndef SIM_WORLD_TEST_ESTIMATES_H
#define SIM_WORLD_TEST_ESTIMATES_H

struct estimates {
    unsigned peers; /* that have joined, and were asked */
    /* Means over them of estimate / truth. own: of a peer's own tables, the median for rates (a peer that has just joined knows little); used: agreed
     * with others. Truth of size and rates is the number online and the law of the sessions; of median, what 6.4 divides by: size / median age. */
    double own_size, own_leaves, own_joins, own_joins_median, used_size, used_leaves, used_joins;
    double interval_s; /* median of those in force */
};

/* The scenario's sessions are exponential with this mean. */
void estimates_run(const char *scenario, double session_s, struct estimates *);

#endif
