/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces of sessions and of look-ups: CSV files, plain or compressed by gzip, whose format workloads/README.md defines. Times are decimal seconds and
 * are kept exactly, in ns; a trace is replayed to the nanosecond.
 *
 *     struct session_trace t;
 *     if (session_trace_load(&t, "sessions.csv.gz", error, sizeof error) == 0) {
 *         for (size_t k = t.first[n]; k < t.first[n + 1]; k++)   // sessions of node n, in order of time, apart from each other
 *             use(t.span[k].up, t.span[k].down);                 // down TIME_NEVER: still there when the trace ends
 *         session_trace_free(&t);
 *     }
 *
 * Errors: -1 with "file:line: what", nothing kept. */
#ifndef SIM_SCENARIO_TRACE_H
#define SIM_SCENARIO_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/time.h"

#define TRACE_NODES_MAX UINT32_C(100000000)
#define TRACE_ROWS_MAX  UINT32_C(1000000000)

struct session_span {
    uint64_t name; /* of the node, in the file */
    sim_time up, down;
};

struct session_trace {
    struct session_span *span; /* by name, then time */
    uint64_t *name;            /* of each node, ascending: node n of the trace is the n-th smallest name */
    size_t *first;             /* of each node in span; one more entry for the end */
    uint32_t nodes;
    double mean_s; /* of the sessions that end */
};

int session_trace_load(struct session_trace *, const char *path, char *error, size_t error_cap);
void session_trace_free(struct session_trace *);
/* The node of that name; UINT32_MAX: none. */
uint32_t session_trace_find(const struct session_trace *, uint64_t name);

struct call {
    sim_time at;
    uint64_t asker, target; /* numbers as the file has them */
    uint32_t line;
};

struct call_trace {
    struct call *call; /* by asker, then time, then line */
    size_t calls;
};

int call_trace_load(struct call_trace *, const char *path, char *error, size_t error_cap);
void call_trace_free(struct call_trace *);

#endif
