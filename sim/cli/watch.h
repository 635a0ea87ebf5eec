/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ctrl-C and SIGTERM during a run: a thread waits for them, so that no handler needs a global variable. The first ends the run at the next instant and
 * keeps its results; the second ends the program at once. SIGUSR2 asks for a checkpoint. */
#ifndef SIM_CLI_WATCH_H
#define SIM_CLI_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct world;

struct watch {
    pthread_t thread;
    bool on_ranks;
    _Atomic(struct world *) world; /* NULL while it is being made: then there is nothing to keep */
};

/* Before any other thread is started, as threads inherit which signals they leave alone. on_ranks: SIGUSR1 too, which mpirun hands on where it would end a run on
 * the others. 0, or -1. */
int watch_begin(struct watch *, bool on_ranks);
void watch_world(struct watch *, struct world *);
void watch_end(struct watch *);

#endif
