/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins that a small converged overlay behaves as one that joined by protocol and has churned for five session lengths: same hops, links, valid
 * fingers, success and messages by class. Leaves open what 250 peers and two seeds cannot tell; long_converged_agrees.c looks at 1,000 and more of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/world/test/agreement.h"

static const char scenario[] =
    "reloadsim: 1\n"
    "name: agreement\n"
    "overlay:\n"
    "  protocol: reload\n"
    "  peers: 250\n"
    "network: {model: constant, delay: 50 ms}\n"
    "churn: {session: {exponential: {mean: 20 min}}, offline: {exponential: {mean: 20 min}}, graceful: 30 %}\n"
    "workload:\n"
    "  register: {every: 50 min, lifetime: 60 min}\n"
    "  lookup: {every: 60 s, target: online}\n"
    "record: {interval: 10 s}\n";

static void a_small_converged_overlay_is_like_a_joined_one(void **state)
{
    (void)state;
    struct agreement a = {scenario, "100 min", "3 min", "10 min", 2};
    static const struct agreement_bound bounds[] = {
        {"lookup.hops.mean", 0.03, 0, 2},
        {"lookup.success", 0, 0.02, 2},
        {"finger.valid_share", 0, 0.02, 2},
        {"links.mean", 0.05, 0, 2},
        {"messages.by_class.update", 0.1, 0, 2},
        {"messages.by_class.attach", 0.1, 0, 2},
        {"messages.by_class.store", 0.15, 0, 2},
        {"messages.by_class.lookup", 0.05, 0, 2},
        {NULL, 0, 0, 0},
    };
    assert_true(agreement_holds(&a, bounds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_converged_overlay_is_like_a_joined_one),
    };
    return cmocka_run_group_tests_name("converged_agrees", tests, NULL, NULL);
}
