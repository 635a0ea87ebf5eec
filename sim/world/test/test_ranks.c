/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: on 2, 3, 4 and 8 ranks each det-* scenario leaves what it leaves alone, to the byte: every row with every counter and histogram, nodes, snapshots of
 * the ring, captures, fingerprint and status. The ranks are worlds that hold nothing of each other's identities (slice.h) and take turns in one thread (hub.h), so what is
 * shown is that they need nothing but meetings. Leaves open: random scenarios (test_ranks_random.c), MPI itself (sim/rank/test/test_mpi.sh). */
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

static void det_scenario(const char *file, const unsigned *ranks, unsigned n)
{
    static struct scenario s[1];
    char error[1024];
    if (scenario_load(s, file, recorded, 3, error, sizeof error) && scenario_load(s, file, recorded, RECORDED_BY_ALL, error, sizeof error))
        fail_msg("%s", error);
    bool same = true;
    for (unsigned i = 0; same && i < n; i++)
        same = on_ranks_equal(s, ranks[i]);
    on_ranks_done();
    assert_true(same);
}

#define DET(n, ...)                                                                                                    \
    static void det_##n(void **state)                                                                                  \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        static const unsigned ranks[] = {__VA_ARGS__};                                                                 \
        det_scenario("workloads/det-" #n ".yaml", ranks, sizeof ranks / sizeof ranks[0]);                              \
    }
DET(1, 2, 3, 4, 8)
DET(2, 2, 4)
DET(3, 2, 3)
DET(4, 2, 8)
DET(5, 2, 3)
DET(6, 2, 3, 4)
DET(7, 2, 4)
DET(8, 2, 3, 8)
DET(9, 2, 3)

/* What the det scenarios leave out: each option on one of them. */
static void det_with(const char *file, const char *option, const char *other, unsigned ranks)
{
    static struct scenario s[1];
    char error[1024];
    const char *set[] = {recorded[0], recorded[1], recorded[2], option, other};
    if (scenario_load(s, file, set, other ? 5 : 4, error, sizeof error))
        fail_msg("%s", error);
    assert_true(on_ranks_equal(s, ranks));
    on_ranks_done();
}

static void clients(void **state)
{
    (void)state;
    det_with("workloads/det-1.yaml", "overlay.clients=30 %", NULL, 3);
    det_with("workloads/det-2.yaml", "overlay.clients=30 %", NULL, 2);
}

static void attackers(void **state)
{
    (void)state;
    det_with("workloads/det-1.yaml", "overlay.hostile={share: 10 %, every: 2 s}", NULL, 3);
}

static void configurations_that_spread(void **state)
{
    (void)state;
    det_with("workloads/det-1.yaml", "faults=[{at: 40 s, configure: {share: 5 %, set: {overlay.config.chord-update-interval: 70 s}}}]", NULL, 3);
}

static void ways_of_requests_and_answers(void **state)
{
    (void)state;
    det_with("workloads/det-1.yaml", "overlay.routing=iterative", "overlay.way_back=state", 2);
    det_with("workloads/det-1.yaml", "overlay.routing=direct-response", "network.closed=40 %", 3);
    det_with("workloads/det-1.yaml", "overlay.routing=relay-peer", "overlay.way_back=compressed", 2);
    det_with("workloads/det-1.yaml", "network.broken_pairs=5 %", NULL, 2);
}

static void true_signatures(void **state)
{
    (void)state;
    det_with("workloads/det-1.yaml", "overlay.crypto.mode=openssl", NULL, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(det_1), cmocka_unit_test(det_2), cmocka_unit_test(det_3),
                                       cmocka_unit_test(det_4), cmocka_unit_test(det_5), cmocka_unit_test(det_6),
                                       cmocka_unit_test(det_7), cmocka_unit_test(det_8), cmocka_unit_test(det_9),
                                       cmocka_unit_test(clients), cmocka_unit_test(attackers), cmocka_unit_test(configurations_that_spread),
                                       cmocka_unit_test(ways_of_requests_and_answers), cmocka_unit_test(true_signatures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
