/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world: what happens to nodes. Churn, workload, faults; the observer that measures; checks. One run from a scenario to figures.
 *
 *     struct world *w;
 *     if (world_open(&w, &scenario, &options, error, sizeof error) == 0) {
 *         status = world_run(w);                        // 0, 1 = a check failed, 130 = interrupted; figures are there in each case
 *         summary_print(world_summary(w), stdout);
 *         world_print_checks(w, stdout);
 *         world_close(w);
 *         results_finish("out", &results);              // when options.out was "out"
 *     }
 *
 * A world is used by one thread; world_interrupt alone may be called at any time.
 *
 * On several ranks (sim/rank/ranks.h) each has a world of its own that holds a slice of the identities; all open, run and close it with the same scenario. world_open
 * fails on all when it fails on one. Figures, checks and the status of world_run are the same on all; rank 0 keeps the files. An interrupt on any ends the run on all. */
#ifndef SIM_WORLD_WORLD_H
#define SIM_WORLD_WORLD_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/net/net.h"
#include "sim/record/progress.h"
#include "sim/record/summary.h"
#include "sim/scenario/scenario.h"

struct world;

struct world_options {
    enum kernel_engine engine;
    unsigned partitions; /* 0 and 1 = one */
    struct ranks *ranks; /* NULL = this process alone; else one partition each, and KERNEL_WINDOWS. Borrowed until world_close */
    enum kernel_threads threads;
    sim_time window; /* 0 = network.min_delay */
    /* Folder of results, made if missing: scenario.resolved.yaml, capture.pcapng, and results.segments, of which results_finish
     * (sim/record/results.h) makes the rest after world_close. NULL = no files. */
    const char *out;
    const char *resume; /* a checkpoint of this scenario, from which the run goes on; NULL = it begins */
    enum progress_mode progress; /* on standard error (terminal) or standard output (JSON lines) */
    bool check_every_event;      /* node_check after every event: slow, for tests */
    bool keepalives_one_by_one;  /* each an event, instead of worked out: slow, same results, for tests */
};

/* What world_open says where it is another rank that fails. */
#define WORLD_OTHER_RANK "another rank could not begin"

/* Makes the network and, with start: converged, the overlay. 0, or -1 with a message in error; -2: it is the checkpoint that is refused. The scenario is borrowed until world_close. */
int world_open(struct world **, const struct scenario *, const struct world_options *, char *error, size_t error_cap);
/* Runs warm-up, measured phase and drain, then writes the capture. The first that is true: 4 = a segment could not be written, and the run ended
 * for want of it; 70 = an invariant of the simulator itself is broken; 130 = interrupted: it stopped within a slice, figures cover the part of the
 * measured phase that ran; 1 = a check failed; 4 = a file could not be written (standard error says which, in each case); 0. */
int world_run(struct world *);
const struct summary *world_summary(const struct world *);
/* One line for each `check:` of the scenario and each safety check: passed, or what was found. Returns the number that failed. */
unsigned world_print_checks(const struct world *, FILE *);
/* All that the run had to record stands in its segments. */
bool world_recorded(const struct world *);
struct net *world_net(struct world *);
void world_interrupt(struct world *); /* async-signal-safe */
void world_checkpoint(struct world *); /* asks for a checkpoint at the next whole second; async-signal-safe; on several ranks, of rank 0 */
void world_close(struct world *);

/* What a checkpoint is of; texts to be freed by checkpoint_forget. 0, or -1 with a sentence: no checkpoint, damaged, or of a program that keeps things otherwise. */
struct checkpoint_about {
    char *scenario; /* resolved */
    char *revision; /* of the program that wrote it */
    sim_time now;
    uint64_t digest;
};
int checkpoint_read_about(const char *path, struct checkpoint_about *, char *error, size_t error_cap);
void checkpoint_forget(struct checkpoint_about *);

/* Byte budgets of the simulator (sim/kernel/budget.h): of all layers, in the order of the layers; at most BUDGET_ROWS_MAX rows. Returns their number. */
struct budget;
unsigned world_budgets(const struct scenario *, struct budget *rows);
/* What world.h's run of this scenario will hold when it has run for so long: each row of world_budgets times how many of it there will be, and what is not
 * made of structs. */
struct memory_forecast {
    double identities, lived, online, links, values, events, requests, partitions; /* how many */
    double value_bytes;                                                            /* of one value, its own bytes and rounding */
    double structs;    /* bytes of all rows */
    double moment;     /* what nodes have under way: frames, transactions */
    double slack;      /* room to grow, rounding, holes of freed blocks */
    double flight;     /* datagrams between nodes */
    double fixed;      /* the program, its libraries and tables */
    double total;
};
struct memory_forecast world_memory(const struct scenario *, unsigned partitions);

#endif
