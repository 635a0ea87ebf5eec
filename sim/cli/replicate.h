/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim run --replications N: the same scenario under N seeds, each a process of its own, as many at a time as the machine has cores and memory
 * for; then the analysis tells what they say together. Run i (from 1) has the scenario's seed + i - 1 and leaves its results in OUT/rep-0i.
 *
 * The first signal is handed to the runs that go on, which keep what they measured; no more are started. */
#ifndef SIM_CLI_REPLICATE_H
#define SIM_CLI_REPLICATE_H

#include <stdbool.h>
#include <stdint.h>

#define REPLICATIONS_MAX 1000

struct replicate {
    const char *out;    /* the folder of all; exists */
    uint64_t seed;      /* of the first run */
    unsigned runs;      /* how many, 1 to REPLICATIONS_MAX */
    unsigned at_a_time; /* at least 1 */
    char *const *
        common; /* arguments that all runs share: "reloadsim", "run", scenario and options, NULL at the end; not the seed, not the folder */
    bool quiet;
};

/* OUT holds replications beyond `runs` of an earlier time, which would be counted in: true after a complaint. */
bool replicate_crowded(const struct replicate *);
/* All runs. The worst of their statuses: CLI_DONE, or CLI_DIFFERS when a check failed in some, or what ended it early. */
int replicate_all(const struct replicate *);

#endif
