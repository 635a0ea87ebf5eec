/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run writes while it goes on: DIR/results.segments. The world calls this at global instants only, so that no two partitions meet here.
 *
 *     journal_open     takes the folder: from now on it is this run's, and results of an earlier one are gone
 *     journal_event    a fault, the border of a phase
 *     journal_row      an interval is over
 *     journal_nodes    with record.nodes: the identities, at the end of the measured phase, a block at a time
 *     journal_ring     with record.ring: a snapshot of the ring
 *     journal_finish   the run is over: the last figures
 *     journal_close    gives the folder back; results_finish (results.h) makes results.h5 and summary.json of the segments
 *
 * A failure sticks: journal_error tells it, what was written before stays readable, and nothing more is written. The file is locked while it is
 * open, so that nobody takes a run that goes on for one that was killed. Apart from the machine and the time in its head, equal runs write equal
 * bytes, whatever engine, window and partitions. */
#ifndef SIM_RECORD_JOURNAL_H
#define SIM_RECORD_JOURNAL_H

#include <stdbool.h>

#include "proto/base/time.h"
#include "sim/checkpoint/stream.h"
#include "sim/record/histogram.h"
#include "sim/record/series.h"
#include "sim/record/summary.h"

#define JOURNAL_FILE   "results.segments"
#define JOURNAL_FORMAT 2u

struct journal;

/* What is known before the start; borrowed for the call. */
struct journal_head {
    const char *scenario; /* its name */
    const char *text;     /* all of it, resolved */
    const char *epoch;    /* wall date of time 0 */
    uint64_t seed, population;
    sim_time warmup, measure, interval;
    unsigned ranks;
    bool goes_on; /* from a checkpoint in the folder, which is kept */
    /* For the figures of summary.json: what the key means. */
    const char *(*describe)(const char *key);
};

/* 0, or -1 with a sentence in error; then the folder is as it was before. */
int journal_open(struct journal **, const char *folder, const struct journal_head *, char *error, size_t error_cap);
/* measured: of the measured phase so far; so_far: its figures. Both are cumulative. */
void journal_row(struct journal *, sim_time, const struct series_row *, const struct summary *so_far,
                 const struct histogram *const measured[HISTOGRAMS]);
void journal_event(struct journal *, sim_time, const char *kind, const char *text);
void journal_nodes(struct journal *, const struct series_node *, unsigned count);
void journal_ring(struct journal *, const struct series_ring *, unsigned count);
/* complete: it went through to the end of the drain. */
void journal_finish(struct journal *, sim_time, const struct summary *,
                    const struct histogram *const measured[HISTOGRAMS], bool complete);
/* For a checkpoint: what was recorded so far, but for the head; and to go on from there, right after journal_open. */
void journal_put(struct journal *, struct stream *);
void journal_get(struct journal *, struct stream_reader *);
/* NULL = all is well. */
const char *journal_error(const struct journal *);
void journal_close(struct journal *);

#endif
