/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins that what makes a failing random scenario smaller (random_scenario.c) finds what the failure needs and drops the rest. The failure is planted: any plan in which
 * something takes peers away and twelve are there fails, and one with loss fails in another way, which must not lead it astray. Leaves open how a simulation
 * fails: random_scenario_holds takes the same way with real runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/world/test/random_scenario.h"

static void a_planted_failure_becomes_small(void **state)
{
    (void)state;
    unsigned failed = 0, with_faults = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct random_size before, after;
        if (!random_scenario_shrinks(seed, &before, &after))
            continue;
        failed++;
        with_faults += before.troubles > 1 && before.loss;
        assert_in_range(after.peers, 12, 23); /* half of it would not fail */
        assert_int_equal(after.troubles + after.churn, 1);
        assert_false(after.loss);
        assert_true(after.seconds <= before.seconds && after.seconds < 500);
    }
    assert_true(failed > 80 && with_faults > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_failure_becomes_small),
    };
    return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
