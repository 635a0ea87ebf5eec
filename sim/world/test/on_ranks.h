/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same scenario alone and on several ranks: complete worlds side by side in this process, each with its slice, that share nothing but meetings (sim/rank/hub.h).
 * Everything that a run leaves must be equal: status, fingerprint, figures, each segment but the head, the capture. What differs is told: the first row,
 * and the first window that differs.
 *
 *     assert_true(on_ranks_equal(&scenario, 3));
 */
#ifndef SIM_WORLD_TEST_ON_RANKS_H
#define SIM_WORLD_TEST_ON_RANKS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/kernel/kernel.h"
#include "sim/scenario/scenario.h"

/* A run in several legs: each ends with a checkpoint, from which the next goes on. */
struct leg {
    unsigned ranks, partitions; /* 0 = one; one of both */
    enum kernel_engine engine;
    sim_time every; /* of its checkpoints: the next leg goes on from the last one */
};
/* A leg that makes none goes on to the end for nothing: the next goes on from where it began. The last leg, which goes to the end, leaves what the unbroken run alone leaves. */
bool on_ranks_in_legs(const struct scenario *, const struct leg *, unsigned legs);
/* Compares with the run alone of the same scenario, which is made once and kept until the next scenario comes. */
bool on_ranks_equal(const struct scenario *, unsigned ranks);
/* The same of a random scenario (random_scenario.h) on 2, 3, 4 or 8 ranks, as its seed falls. */
bool on_ranks_random(uint64_t seed);
/* The same of a file with up to two settings (NULL: none), recording all that there is to record. */
bool on_ranks_file_in_legs(const char *file, const char *set, const char *other, const struct leg *, unsigned legs);
/* A random scenario in two to four legs, of ranks, partitions, engine and checkpoints as its seed falls. */
bool on_ranks_random_in_legs(uint64_t seed);
/* A cmocka group of the seeds first .. first + count - 1, or of SEED alone when the environment names one. Returns its exit status. */
int on_ranks_tests(uint64_t first, unsigned count);
int on_ranks_tests_in_legs(uint64_t first, unsigned count);
/* Removes what is kept. */
void on_ranks_done(void);

#endif
