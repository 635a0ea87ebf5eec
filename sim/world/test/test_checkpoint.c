/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: a run that goes on from a checkpoint, on any engine, partitions and ranks, once and several times in a row, leaves what the unbroken run leaves, to the byte: every row
 * with every counter and histogram, nodes, snapshots of the ring, captures, fingerprint and status. Leaves open: what
 * the det scenarios leave out (test_checkpoint_options.c), random scenarios (test_checkpoint_random.c), the program from
 * outside, kills and damaged files (sim/cli/test/test_resume.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/world/test/on_ranks.h"

#define IN_LEGS(file, ...)                                                                                             \
    do {                                                                                                               \
        const struct leg leg[] = {__VA_ARGS__};                                                                        \
        assert_true(on_ranks_file_in_legs(file, NULL, NULL, leg, sizeof leg / sizeof leg[0]));                         \
    } while (0)

static void alone(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", {.every = SECONDS(70)}, {0});
    IN_LEGS("workloads/det-2.yaml", {.every = SECONDS(130)}, {.every = SECONDS(200)}, {0});
}

static void heap_and_partitions(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-1.yaml", {.every = SECONDS(100), .partitions = 3}, {.every = SECONDS(230), .engine = KERNEL_HEAP, .partitions = 2}, {.partitions = 2});
    IN_LEGS("workloads/det-3.yaml", {.every = SECONDS(60), .engine = KERNEL_HEAP}, {.partitions = 4});
}

static void ranks_1_to_4(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-4.yaml", {.every = SECONDS(100)}, {.ranks = 4});
}

static void ranks_4_to_1(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-5.yaml", {.every = SECONDS(250), .ranks = 4}, {0});
}

static void ranks_2_to_3_twice(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-6.yaml", {.every = SECONDS(72), .ranks = 2}, {.every = SECONDS(225), .ranks = 3}, {.every = SECONDS(251), .partitions = 2}, {.ranks = 2});
}

static void streams_of_new_peers(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-7.yaml", {.every = SECONDS(200), .ranks = 3}, {.ranks = 2});
}

static void classic_chord(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-8.yaml", {.every = SECONDS(190)}, {.every = SECONDS(200), .ranks = 2}, {0});
}

static void access_lines(void **state)
{
    (void)state;
    IN_LEGS("workloads/det-9.yaml", {.every = SECONDS(162), .ranks = 2}, {.partitions = 3});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(alone), cmocka_unit_test(heap_and_partitions), cmocka_unit_test(ranks_1_to_4), cmocka_unit_test(ranks_4_to_1),
                                       cmocka_unit_test(ranks_2_to_3_twice), cmocka_unit_test(streams_of_new_peers), cmocka_unit_test(classic_chord),
                                       cmocka_unit_test(access_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
