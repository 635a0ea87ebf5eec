/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins that converged overlays of 1,000 peers behave as those that joined by protocol and have churned for hours, over four seeds, under exponential
 * churn (sessions of 20 minutes, five of them) and under the heavy-tailed law of Kad. Leaves open larger overlays, whose joined start takes
 * longer than a test should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/world/test/agreement.h"

#define SCENARIO(churn)                                                                                                \
    "reloadsim: 1\n"                                                                                                   \
    "name: agreement\n"                                                                                                \
    "overlay:\n"                                                                                                       \
    "  protocol: reload\n"                                                                                             \
    "  peers: 1000\n"                                                                                                  \
    "network: {model: constant, delay: 50 ms, loss: 0.5 %}\n"                                                          \
    "churn: {" churn ", graceful: 30 %}\n"                                                                             \
    "workload:\n"                                                                                                      \
    "  register: {every: 50 min, lifetime: 60 min}\n"                                                                  \
    "  lookup: {every: 60 s, target: online}\n"                                                                        \
    "record: {interval: 10 s}\n"

/* Shares of the joined figure, absolute slack, standard errors. */
static const struct agreement_bound bounds[] = {
    {"lookup.hops.mean", 0.015, 0, 2},
    {"lookup.success", 0, 0.01, 2},
    {"lookup.latency_s.mean", 0.03, 0, 2},
    {"finger.valid_share", 0, 0.015, 2},
    {"links.mean", 0.03, 0, 2},
    {"links.p99", 0.06, 0, 2},
    {"messages.by_class.lookup", 0.02, 0, 2},
    {"messages.by_class.store", 0.06, 0, 2},
    {"messages.by_class.update", 0.05, 0, 2},
    {"messages.by_class.attach", 0.06, 0, 2},
    {"messages.by_class.ping", 0.1, 0, 2},
    {"messages.by_class.join_leave", 0.1, 0, 2},
    {"ring.wrong_successor", 0.2, 0.001, 2},
    {"ring.unreachable_values", 0.2, 0.001, 2},
    {"ring.under_replicated", 0.2, 0.002, 2},
    {"maintenance.bytes_per_node_s", 0.04, 0, 2},
    {NULL, 0, 0, 0},
};

static void short_sessions_agree(void **state)
{
    (void)state;
    static const char text[] = SCENARIO(
        "session: {exponential: {mean: 20 min}}, offline: {exponential: {mean: 20 min}}");
    assert_true(agreement_holds(&(struct agreement){text, "100 min", "5 min", "15 min", 4}, bounds));
}

static void heavy_tailed_sessions_agree(void **state)
{
    (void)state;
    static const char text[] = SCENARIO(
        "session: {weibull: {shape: 0.615, scale: 40 min}}, offline: {weibull: {shape: 0.476, scale: 100 min}}");
    assert_true(agreement_holds(&(struct agreement){text, "5 h", "5 min", "15 min", 4}, bounds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_sessions_agree),
        cmocka_unit_test(heavy_tailed_sessions_agree),
    };
    return cmocka_run_group_tests_name("converged_agrees_long", tests, NULL, NULL);
}
