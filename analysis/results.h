/* SPDX-License-Identifier: GPL-2.0-or-later */
/* results.h5 in memory: all that the analysis knows of a run. Format version 1:
 *
 *   /meta            attributes: format (1), reloadsim, revision, scenario, seed, fingerprint, complete (0 | 1), sim_s, warmup_s, measure_s, epoch
 *   /meta/wall       attributes that depend on the machine; never compared
 *   /config/scenario the resolved scenario, YAML
 *   /scalars/KEY     one float64 each, attributes unit and description: the keys of summary.json that do not depend on the machine
 *   /timeseries/     time_s (ends of the intervals) and one column a figure, attributes unit, description, kind = count (in the interval) | gauge (at
 *                    its end); measure_from_s on the group
 *   /histograms/NAME lower, upper, count; unit and description on the group
 *   /events          time_s, kind, text: faults and phase borders as they happened
 *   /ring            with record.ring: time_s, identity, position, state, successor, distance, links: the same identities in each snapshot
 *
 * Counts become double, exact to 2^53. A figure that a run cannot tell is NaN. What is missing from an older or cut file is absent here (n = 0), never
 * invented. A damaged file is an error with the path and the part. Times are seconds since the start of the warm-up. */
#ifndef ANALYSIS_RESULTS_H
#define ANALYSIS_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scalar {
    char *key, *unit, *description;
    double value;
};

struct column {
    char *name, *unit, *description;
    bool count;     /* of the interval; else a gauge at its end, or a mean or quantile of it */
    double *values; /* `intervals` of them */
};

struct bins {
    char *name, *unit, *description;
    size_t n;
    double *lower, *upper, *count;
};

struct happening {
    double time_s;
    char *kind, *text;
};

/* Snapshots of a sample of identities: row s * nodes + k is identity k in snapshot s. Positions and distances are shares of the ring. */
enum stand { STAND_OFFLINE, STAND_JOINING, STAND_JOINED, STAND_WRONG, STAND_DEAD, STANDS };
struct snapshots {
    size_t snapshots, nodes; /* 0: none were taken */
    double *time_s, *identity, *position, *state, *successor, *distance, *links;
};

struct fact { /* an attribute of /meta or /meta/wall, as text */
    char *name, *text;
    double number; /* NaN when it is no number */
};

struct results {
    char *path; /* of the file */
    char *scenario_name, *fingerprint, *revision, *version, *epoch;
    uint64_t seed;
    bool complete;
    double warmup_s, measure_s, sim_s;
    char *config; /* "" when the file has none */
    struct fact *wall;
    struct scalar *scalars;
    struct column *columns;
    struct bins *histograms;
    struct happening *events;
    struct snapshots ring;
    double *time_s; /* ends of intervals */
    double measure_from_s;
    size_t facts, n_scalars, n_columns, n_histograms, n_events, intervals;
};

/* Reads a file. 0, or -1 and a complaint that names the file. results_free takes what was read, also after a failure. */
int results_read(struct results *, const char *path, char *error, size_t error_cap);
void results_free(struct results *);

/* NULL / NaN when there is none of that name. */
const struct column *results_column(const struct results *, const char *name);
const struct scalar *results_scalar(const struct results *, const char *key);
double results_value(const struct results *, const char *key);
const struct bins *results_histogram(const struct results *, const char *name);

/* Start of interval i (0 for the first). */
double results_start(const struct results *, size_t i);
/* First interval that lies in the measured phase, and the first after it (the drain). */
size_t results_measured(const struct results *);
size_t results_measured_end(const struct results *);
/* A fault (no phase border) is due in [from, to): its time, or INFINITY. */
double results_first_fault(const struct results *, double from_s);
/* Neither the border of a phase nor the end of a fault that lasted. */
bool happening_strikes(const struct happening *);
/* When this fault, which lasted, was over; NAN: it was of a moment, or lasts to the end. */
double results_fault_over(const struct results *, size_t event);

#endif
