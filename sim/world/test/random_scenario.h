/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One seed, one scenario: 8 to 200 peers with random laws, loss, faults, table sizes, limits and link options, RELOAD or the classic Chord. It is run with
 * node_check after every event, datagrams are counted in and out, and some intervals after the last fault the eventual properties of the design must
 * hold: one ring, one owner for each id, three copies. Failures are made smaller before they are told: fewer peers and faults, no loss, no churn, less time,
 * plainer settings, as long as the run ends with the same status and one of the same checks fails.
 *
 *     assert_int_equal(random_scenario_holds(7), true);     // else the seed and the smallest scenario that fails are printed
 *
 * SEED=7 in the environment is the way to one of them again (random_scenario_tests). */
#ifndef SIM_WORLD_TEST_RANDOM_SCENARIO_H
#define SIM_WORLD_TEST_RANDOM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool random_scenario_holds(uint64_t seed);
/* What a scenario is made of, as far as it becomes smaller. */
struct random_size {
    unsigned peers, troubles, seconds;
    bool churn, loss;
};
/* Makes the scenario of this seed smaller as long as a planted failure stays: something takes peers away, and there are twelve. false: it has no such failure. Nothing is simulated. */
bool random_scenario_shrinks(uint64_t seed, struct random_size *before, struct random_size *after);
/* The scenario as text, with `more` (lines of YAML, or "") at its end; returns its length. */
#define RANDOM_SCENARIO_MAX 8192u
size_t random_scenario_text(uint64_t seed, const char *more, char text[RANDOM_SCENARIO_MAX]);
/* A cmocka group of the seeds first .. first + count - 1, or of SEED alone when the environment names one. Returns its exit status. */
int random_scenario_tests(uint64_t first, unsigned count);

#endif
