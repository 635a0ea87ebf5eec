/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins that peers of a small churning overlay that tunes itself (RFC 7363) know about how large it is and how fast it churns, and that the ring holds. Leaves
 * open the accuracy that field-tested estimators have, which 500 to 1,000 peers show in sim/world/test/long_tuning.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/world/test/estimates.h"

#define SCENARIO(start)                                                                                              \
    "reloadsim: 1\n"                                                                                                  \
    "name: tuning\n"                                                                                                  \
    "overlay: {peers: 150, start: " start ", chord: {self_tuning: true}}\n"                                           \
    "network: {model: constant, delay: 50 ms}\n"                                                                      \
    "churn: {session: {exponential: {mean: 20 min}}, offline: {exponential: {mean: 20 min}}, graceful: 30 %}\n"       \
    "phases: {warmup: 20 min, measure: 5 min}\n"                                                                      \
    "check: [{ring.wrong_successor: \"< 5 %\"}]\n"

static void peers_know_their_overlay(void **state)
{
    (void)state;
    static const char *const scenario[] = {SCENARIO("converged"), SCENARIO("join")};
    for (unsigned k = 0; k < 2; k++) {
        struct estimates e;
        estimates_run(scenario[k], 1200, &e);
        assert_in_range(e.peers, 110, 190);
        assert_true(e.own_size > 0.8 && e.own_size < 1.25);
        assert_true(e.used_size > 0.9 && e.used_size < 1.5); /* a third quartile is above */
        assert_true(e.own_leaves / e.own_size > 0.7 && e.own_leaves / e.own_size < 1.4);
        assert_true(e.own_joins_median > 0.6 && e.own_joins_median < 1.5);
        assert_true(e.interval_s >= 15 && e.interval_s < 20); /* 600 s / 52 is less than the least */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_know_their_overlay),
    };
    return cmocka_run_group_tests_name("tuning", tests, NULL, NULL);
}
