/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what test_checkpoint.c does of the det scenarios, with each option that they leave out: clients, attackers, configurations that spread, other ways of requests and answers,
 * true signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/world/test/on_ranks.h"

#define IN_LEGS(file, option, other, ...)                                                                              \
    do {                                                                                                               \
        const struct leg leg[] = {__VA_ARGS__};                                                                        \
        assert_true(on_ranks_file_in_legs(file, option, other, leg, sizeof leg / sizeof leg[0]));                      \
    } while (0)

static void clients(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", "overlay.clients=30 %", NULL, {.every = SECONDS(150)}, {.ranks = 3});
}

/* They invent Node-IDs, which partitions number. */
static void attackers(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", "overlay.hostile={share: 10 %, every: 2 s}", NULL, {.every = SECONDS(150), .ranks = 3}, {.every = SECONDS(190)},
            {.every = SECONDS(220), .partitions = 4}, {.ranks = 2});
    IN_LEGS("workloads/det-4.yaml", "overlay.hostile={share: 30 %, every: 300 ms, kinds: forged-update}", NULL, {.every = SECONDS(80), .ranks = 3},
            {.every = SECONDS(100), .partitions = 2}, {.every = SECONDS(120), .partitions = 5}, {0});
}

static void configurations_that_spread(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", "faults=[{at: 40 s, configure: {share: 5 %, set: {overlay.config.chord-update-interval: 70 s}}}]", NULL, {.every = SECONDS(165), .ranks = 3},
            {.every = SECONDS(200), .ranks = 2}, {0});
}

static void ways_of_requests_and_answers(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", "overlay.routing=iterative", "overlay.way_back=state", {.every = SECONDS(160)}, {.ranks = 2});
    IN_LEGS("workloads/det-1.yaml", "overlay.routing=direct-response", "network.closed=40 %", {.every = SECONDS(160)}, {.ranks = 2});
    IN_LEGS("workloads/det-1.yaml", "overlay.routing=relay-peer", "overlay.way_back=compressed", {.every = SECONDS(160)}, {.ranks = 2});
}

static void true_signatures(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", "overlay.crypto.mode=openssl", NULL, {.every = SECONDS(170)}, {.ranks = 2});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clients), cmocka_unit_test(attackers), cmocka_unit_test(configurations_that_spread),
                                       cmocka_unit_test(ways_of_requests_and_answers), cmocka_unit_test(true_signatures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
