/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins how depth, time to recover and "never" are read off a series with a fault in it. Leaves open how the series come about (test_faults.c). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sim/world/aftermath.h"

#define BINS 60u

static double value[BINS];
static uint32_t weight[BINS];

static struct series flat(double level, uint32_t trials, bool higher)
{
    for (unsigned k = 0; k < BINS; k++) {
        value[k] = level;
        weight[k] = trials;
    }
    return (struct series){value, weight, BINS, trials > 1, higher};
}

static void a_dip_has_its_depth_and_its_end(void **state)
{
    (void)state;
    struct series s = flat(0.99, 1000, true);
    bool never;
    for (unsigned k = 20; k < 27; k++)
        value[k] = 0.60 + 0.05 * (k - 20);
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 20, 20, 20, BINS}, 10, &never);
    assert_true(fabs(r.before - 0.99) < 1e-12 && fabs(r.depth - 0.39) < 1e-12);
    assert_true(r.recover_s == 70 && !never);
}

static void a_share_that_should_be_low_rises(void **state)
{
    (void)state;
    struct series s = flat(0.02, 1, false);
    bool never;
    value[21] = 0.30;
    value[22] = 0.10;
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 20, 20, 22, BINS}, 5, &never);
    assert_true(fabs(r.depth - 0.28) < 1e-12);
    assert_true(r.recover_s == 5 && !never); /* counted from where the fault is over */
}

static void what_stays_down_never_recovers(void **state)
{
    (void)state;
    struct series s = flat(1, 1000, true);
    bool never;
    for (unsigned k = 20; k < BINS; k++)
        value[k] = k % 3 == 0 ? 0.9 : 1; /* never three in a row */
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 20, 20, 20, BINS}, 10, &never);
    assert_true(fabs(r.depth - 0.1) < 1e-12 && isnan(r.recover_s) && never);
}

static void what_did_not_fall_has_nothing_to_recover(void **state)
{
    (void)state;
    struct series s = flat(0.95, 100, true);
    bool never = true;
    value[23] = 0.91; /* within twice the standard error, 0.044, and a point */
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 20, 20, 20, BINS}, 10, &never);
    assert_true(fabs(r.depth - 0.04) < 1e-12 && isnan(r.recover_s) && !never);
}

static void a_drop_that_comes_late_is_not_missed(void **state)
{
    (void)state;
    struct series s = flat(1, 1000, true);
    bool never;
    value[30] = value[31] = 0.5; /* ten good bins come first */
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 20, 20, 20, BINS}, 10, &never);
    assert_true(r.depth == 0.5 && r.recover_s == 120 && !never);
}

static void the_next_fault_is_not_ours(void **state)
{
    (void)state;
    struct series s = flat(1, 1000, true);
    bool never;
    value[22] = 0.8;
    for (unsigned k = 40; k < BINS; k++)
        value[k] = 0;
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 20, 20, 20, 40}, 10, &never);
    assert_true(fabs(r.depth - 0.2) < 1e-12 && r.recover_s == 30 && !never);
    r = aftermath_of(&s, &(struct span_of_fault){30, 40, 40, 40, BINS}, 10, &never); /* and what is before is counted from the end of the first */
    assert_true(r.before == 1 && r.depth == 1 && never);
}

static void few_trials_are_put_together(void **state)
{
    (void)state;
    struct series s = flat(1, 2, true);
    bool never;
    value[20] = 0; /* two failures of twenty look-ups: ten bins */
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 20, 20, 20, BINS}, 10, &never);
    assert_true(fabs(r.depth - 0.1) < 1e-12 && r.recover_s == 100 && !never);
    for (unsigned k = 0; k < BINS; k++)
        weight[k] = 0;
    r = aftermath_of(&s, &(struct span_of_fault){0, 20, 20, 20, BINS}, 10, &never); /* nothing known at all */
    assert_true(isnan(r.before) && isnan(r.depth) && isnan(r.recover_s) && !never);
}

static void trials_that_may_have_met_the_fault_are_no_before(void **state)
{
    (void)state;
    struct series s = flat(1, 1000, true);
    bool never;
    value[18] = value[19] = 0.9; /* started before it, ended in it */
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 18, 20, 20, BINS}, 10, &never);
    assert_true(r.before == 1 && r.depth == 0 && !never);
}

static void without_a_before_a_sound_overlay_is_assumed(void **state)
{
    (void)state;
    struct series s = flat(0.7, 1000, true);
    bool never;
    struct summary_series r = aftermath_of(&s, &(struct span_of_fault){0, 0, 0, 0, BINS}, 10, &never);
    assert_true(isnan(r.before) && fabs(r.depth - 0.3) < 1e-12 && never);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dip_has_its_depth_and_its_end),
        cmocka_unit_test(a_share_that_should_be_low_rises),
        cmocka_unit_test(what_stays_down_never_recovers),
        cmocka_unit_test(what_did_not_fall_has_nothing_to_recover),
        cmocka_unit_test(a_drop_that_comes_late_is_not_missed),
        cmocka_unit_test(the_next_fault_is_not_ours),
        cmocka_unit_test(few_trials_are_put_together),
        cmocka_unit_test(trials_that_may_have_met_the_fault_are_no_before),
        cmocka_unit_test(without_a_before_a_sound_overlay_is_assumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
