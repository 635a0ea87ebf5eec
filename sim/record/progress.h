/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress: one line a second by the wall clock, and nothing in between. It looks at the clock only here, and nothing of it reaches a result. */
#ifndef SIM_RECORD_PROGRESS_H
#define SIM_RECORD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/time.h"

enum progress_mode {
    PROGRESS_OFF,
    PROGRESS_TTY, /* one line on standard error, rewritten in place; silent when that is no terminal */
    PROGRESS_JSON /* one JSON object a line on standard output */
};

struct progress {
    enum progress_mode mode;
    sim_time end; /* of the run */
    double began_s, last_s;
    uint64_t last_events;
    bool shown;
};

struct progress_now {
    sim_time now;
    const char *phase; /* "warm-up", "measure", "drain" */
    uint64_t events, online;
    double lookup_success; /* so far; NaN = none yet */
};

void progress_begin(struct progress *, enum progress_mode, sim_time end);
/* Prints when a second has passed since the last line. */
void progress_tick(struct progress *, const struct progress_now *);
/* A last line with the final state, and the terminal's line ended. */
void progress_finish(struct progress *, const struct progress_now *);

/* Seconds: of the wall clock, and of CPU by all threads of this process. Peak resident memory in bytes. */
double progress_wall_s(void);
double progress_cpu_s(void);
uint64_t progress_peak_rss_bytes(void);

#endif
