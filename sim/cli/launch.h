/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `run --ranks N`: starts this very program again, N times, under Open MPI's mpirun; and joins the others when this process is one that was started so, by us or by
 * somebody's own mpirun. */
#ifndef SIM_CLI_LAUNCH_H
#define SIM_CLI_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/rank/mpi/plugin.h"

#define LAUNCH_RANKS_MAX 1024u

/* How many ranks this process is one of; 0: mpirun did not start it. */
unsigned launch_started(void);
/* It is the first of those on its machine, which speaks and looks for all of them; how many these are. */
bool launch_is_first_here(unsigned *here);
/* What is missing for ranks, or where mpirun is; for doctor. */
bool launch_possible(char *text, size_t cap);

/* Runs `reloadsim` with these words (words[0] = "run") on so many ranks, waits, and returns the exit status. The first interrupt ends the run at the next instant,
 * the second at once. */
int launch_ranks(unsigned ranks, const char *const *words);

struct party {
    void *library;
    const struct mpi_plugin *plugin;
    struct carrier carrier;
    struct ranks *ranks;
};

/* CLI_DONE, or another status after a complaint. All must have the same program, version and scenario (its digest); window_ns: for the sentence about a rank that is lost. */
int launch_join(struct party *, unsigned long long digest, unsigned long long window_ns);
/* Agrees on rank 0's status, and returns what this process exits with. */
int launch_leave(struct party *, int status);

#endif
