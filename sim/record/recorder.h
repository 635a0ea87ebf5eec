/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run writes while it goes on: DIR/results.segments. The world calls this at global instants only, so that no two partitions meet here.
 *
 *     recorder_open     takes the folder: from now on it is this run's, and results of an earlier one are gone
 *     recorder_event    a fault, the border of a phase
 *     recorder_row      an interval is over
 *     recorder_nodes    with record.nodes: the identities, at the end of the measured phase, a block at a time
 *     recorder_finish   the run is over: the last figures
 *     recorder_close    gives the folder back; results_finish (results.h) makes results.h5 and summary.json of the segments
 *
 * A failure sticks: recorder_error tells it, what was written before stays readable, and nothing more is written. The file is locked while it is
 * open, so that nobody takes a run that goes on for one that was killed. Apart from the machine and the time in its head, equal runs write equal
 * bytes, whatever engine, window and partitions. */
#ifndef SIM_RECORD_RECORDER_H
#define SIM_RECORD_RECORDER_H

#include <stdbool.h>

#include "proto/base/time.h"
#include "sim/record/histogram.h"
#include "sim/record/series.h"
#include "sim/record/summary.h"

#define RECORDER_FILE   "results.segments"
#define RECORDER_FORMAT 1u

struct recorder;

/* What is known before the start; borrowed for the call. */
struct recorder_head {
    const char *scenario; /* its name */
    const char *text;     /* all of it, resolved */
    const char *epoch;    /* wall date of time 0 */
    uint64_t seed, population;
    sim_time warmup, measure, interval;
    unsigned ranks;
    /* For the figures of summary.json: what the key means. */
    const char *(*describe)(const char *key);
};

/* 0, or -1 with a sentence in error; then the folder is as it was before. */
int recorder_open(struct recorder **, const char *folder, const struct recorder_head *, char *error, size_t error_cap);
/* measured: of the measured phase so far; so_far: its figures. Both are cumulative. */
void recorder_row(struct recorder *, sim_time, const struct series_row *, const struct summary *so_far,
                  const struct histogram *const measured[HISTOGRAMS]);
void recorder_event(struct recorder *, sim_time, const char *kind, const char *text);
void recorder_nodes(struct recorder *, const struct series_node *, unsigned count);
/* complete: it went through to the end of the drain. */
void recorder_finish(struct recorder *, sim_time, const struct summary *, const struct histogram *const measured[HISTOGRAMS],
                     bool complete);
/* NULL = all is well. */
const char *recorder_error(const struct recorder *);
void recorder_close(struct recorder *);

#endif
