/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: a run that goes on from a checkpoint, on any engine, partitions and ranks, once and several times in a row, leaves what the unbroken run leaves, to the byte: every row
 * with every counter and histogram, nodes, snapshots of the ring, captures, fingerprint and status. Leaves open: random scenarios (test_checkpoint_random.c), the program from
 * outside, kills and damaged files (sim/cli/test/test_resume.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/scenario/read.h"
#include "sim/world/test/on_ranks.h"

static const char *const recorded[] = {"record.nodes=true", "record.ring={nodes: 24, every: 3.5 s}", "record.capture={nodes: 3}"};
#define RECORDED_BY_ALL 2u /* the classic Chord is not captured */

static void in_legs(const char *file, const char *option, const char *other, const struct leg *leg, unsigned legs)
{
    static struct scenario s[1];
    char error[1024];
    const char *with[] = {option, other, recorded[0], recorded[1], recorded[2]};
    unsigned skip = option ? other ? 0 : 1 : 2;
    if (!other)
        with[1] = option;
    if (scenario_load(s, file, with + skip, 5 - skip, error, sizeof error) && scenario_load(s, file, with + skip, 2 + RECORDED_BY_ALL - skip, error, sizeof error))
        fail_msg("%s", error);
    bool same = on_ranks_in_legs(s, leg, legs);
    on_ranks_done();
    assert_true(same);
}
#define IN_LEGS(file, option, other, ...)                                                                              \
    do {                                                                                                               \
        const struct leg leg[] = {__VA_ARGS__};                                                                        \
        in_legs(file, option, other, leg, sizeof leg / sizeof leg[0]);                                                 \
    } while (0)

static void alone(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", NULL, NULL, {.every = SECONDS(70)}, {0});
    IN_LEGS("workloads/det-2.yaml", NULL, NULL, {.every = SECONDS(130)}, {.every = SECONDS(200)}, {0});
}

static void heap_and_partitions(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", NULL, NULL, {.every = SECONDS(100), .partitions = 3}, {.every = SECONDS(230), .engine = KERNEL_HEAP, .partitions = 2}, {.partitions = 2});
    IN_LEGS("workloads/det-3.yaml", NULL, NULL, {.every = SECONDS(60), .engine = KERNEL_HEAP}, {.partitions = 4});
}

static void ranks_1_to_4(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-4.yaml", NULL, NULL, {.every = SECONDS(100)}, {.ranks = 4});
}

static void ranks_4_to_1(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-5.yaml", NULL, NULL, {.every = SECONDS(250), .ranks = 4}, {0});
}

static void ranks_2_to_3_twice(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-6.yaml", NULL, NULL, {.every = SECONDS(72), .ranks = 2}, {.every = SECONDS(225), .ranks = 3}, {.every = SECONDS(251), .partitions = 2}, {.ranks = 2});
}

static void streams_of_new_peers(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-7.yaml", NULL, NULL, {.every = SECONDS(200), .ranks = 3}, {.ranks = 2});
}

static void classic_chord(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-8.yaml", NULL, NULL, {.every = SECONDS(190)}, {.every = SECONDS(200), .ranks = 2}, {0});
}

static void access_lines(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-9.yaml", NULL, NULL, {.every = SECONDS(162), .ranks = 2}, {.partitions = 3});
}

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
    const struct CMUnitTest tests[] = {cmocka_unit_test(alone), cmocka_unit_test(heap_and_partitions), cmocka_unit_test(ranks_1_to_4), cmocka_unit_test(ranks_4_to_1),
                                       cmocka_unit_test(ranks_2_to_3_twice), cmocka_unit_test(streams_of_new_peers), cmocka_unit_test(classic_chord),
                                       cmocka_unit_test(access_lines), cmocka_unit_test(clients), cmocka_unit_test(attackers),
                                       cmocka_unit_test(configurations_that_spread), cmocka_unit_test(ways_of_requests_and_answers), cmocka_unit_test(true_signatures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
