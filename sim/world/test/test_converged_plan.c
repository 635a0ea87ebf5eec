/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the tables of a planned overlay: exact neighbours, one edge a link, table sizes, independence from the order of the input; and the static path
 * length by walking the tables, against an oracle of classic Chord. Leaves open: fingers under churn (test_converged_finger.c), and that proto walks the
 * same way (test_path_length.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/kernel/random.h"
#include "sim/world/converged_plan.h"

static const struct law session = {LAW_EXPONENTIAL, 3600, 0};

/* A ring of n random ids; ages exponential when churn is given. order: the input starts there. */
static void plan(struct converged_plan *p, const struct converged_churn *churn, uint32_t n, unsigned predecessors,
                 unsigned successors, unsigned fingers, uint32_t order)
{
    struct converged_peer *peer = malloc(n * sizeof *peer);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t who = (k + order) % n;
        double age_s = churn->any ? law_residual_quantile(&session, random_unit(7, who, STREAM_TEST, 2)) : AGE_EVER;
        struct id id = {random_u64(7, who, STREAM_TEST, 0), random_u64(7, who, STREAM_TEST, 1)};
        peer[k] = (struct converged_peer){id, age_s, who};
    }
    struct converged_rules rules = {7, predecessors, successors, fingers, churn, 36, 3600, NULL, NULL, NULL};
    assert_int_equal(converged_plan_init(p, peer, n, &rules), 0);
}

static bool has_edge(const struct converged_plan *p, uint32_t a, uint32_t b)
{
    uint32_t low = a < b ? a : b, high = a < b ? b : a;
    for (uint64_t k = p->edge_first[low]; k < p->edge_first[low + 1]; k++)
        if (converged_high(p->edge[k]) == high)
            return true;
    return false;
}

static void assert_neighbours(const struct converged_plan *p, uint32_t x)
{
    for (uint32_t k = 1; k <= p->rules.successors && k < p->count; k++) {
        uint32_t y = (x + k) % p->count;
        assert_true(has_edge(p, x, y));
        assert_int_equal(converged_edge(p, x, y).a_successor, k);
        assert_int_equal(converged_edge(p, y, x).b_successor, k);
    }
    for (uint32_t k = 1; k <= p->rules.predecessors && k < p->count; k++) {
        uint32_t y = (x + p->count - k) % p->count;
        assert_true(has_edge(p, x, y));
        assert_int_equal(converged_edge(p, x, y).a_predecessor, k);
        assert_int_equal(converged_edge(p, y, x).b_predecessor, k);
    }
}

static void every_table_entry_has_one_edge_and_no_edge_is_idle(void **state)
{
    (void)state;
    struct converged_churn churn;
    converged_churn_init(&churn, &session);
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 16, 100, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (unsigned successors = 1; successors <= 5; successors += 2) {
            struct converged_plan p;
            plan(&p, &churn, sizes[s], 3, successors, 0, 0);
            uint8_t *used = calloc(p.edges + 1, 1);
            assert_int_equal(p.edge_first[0], 0);
            assert_int_equal(p.edge_first[p.count], p.edges);
            for (uint32_t x = 0; x < p.count; x++) {
                assert_neighbours(&p, x);
                for (uint64_t f = p.finger_first[x]; f < p.finger_first[x + 1]; f++)
                    assert_true(p.finger[f] == PLACE_NONE || (p.finger[f] != x && has_edge(&p, x, p.finger[f])));
            }
            uint32_t a = 0;
            for (uint64_t k = 0; k < p.edges; k++) {
                while (k == p.edge_first[a + 1])
                    a++;
                uint32_t b = converged_high(p.edge[k]);
                bool low_has = false, high_has = false;
                assert_true(a < b);
                assert_true(k == p.edge_first[a] || converged_high(p.edge[k - 1]) < b);
                struct seed_edge e = converged_edge(&p, a, b);
                used[k] = e.a_predecessor || e.a_successor || e.b_predecessor || e.b_successor;
                for (uint64_t f = p.finger_first[a]; f < p.finger_first[a + 1]; f++)
                    low_has |= p.finger[f] == b;
                for (uint64_t f = p.finger_first[b]; f < p.finger_first[b + 1]; f++)
                    high_has |= p.finger[f] == a;
                assert_true(used[k] || low_has || high_has);
                assert_int_equal(!!(p.edge[k] & EDGE_HIGH_IS_FINGER), low_has);
                assert_int_equal(!!(p.edge[k] & EDGE_LOW_IS_FINGER), high_has);
            }
            free(used);
            converged_plan_fini(&p);
        }
    }
}

static void the_table_reaches_the_last_successor(void **state)
{
    (void)state;
    struct converged_churn churn;
    converged_churn_init(&churn, NULL);
    struct converged_plan p;
    plan(&p, &churn, 300000, 3, 3, 0, 0);
    unsigned deeper = 0;
    for (uint32_t x = 0; x < p.count; x++) {
        struct id last = id_distance(p.peer[x].id, p.peer[(x + 3) % p.count].id);
        unsigned size = p.fingers[x];
        assert_true(size >= 16 && id_compare(id_power(128 - size), last) <= 0);
        assert_true(size == 16 || id_compare(id_power(129 - size), last) > 0);
        deeper += size > 16;
    }
    assert_true(deeper > p.count / 2); /* three of 300,000 gaps are about 2^-16.6 of the ring */
    converged_plan_fini(&p);
}

static void the_plan_does_not_depend_on_the_order_of_the_input(void **state)
{
    (void)state;
    struct converged_churn churn;
    converged_churn_init(&churn, &session);
    struct converged_plan p, q;
    plan(&p, &churn, 2000, 3, 3, 0, 0);
    plan(&q, &churn, 2000, 3, 3, 0, 777);
    assert_int_equal(p.edges, q.edges);
    assert_memory_equal(p.edge, q.edge, p.edges * sizeof *p.edge);
    assert_memory_equal(p.finger, q.finger, p.finger_first[p.count] * sizeof *p.finger);
    converged_plan_fini(&p);
    converged_plan_fini(&q);
}

static void the_owner_is_the_first_peer_at_or_after_an_id(void **state)
{
    (void)state;
    struct converged_churn churn;
    converged_churn_init(&churn, NULL);
    struct converged_plan p;
    plan(&p, &churn, 1000, 1, 1, 1, 0);
    for (uint32_t x = 0; x < p.count; x++) {
        assert_int_equal(converged_owner(&p, p.peer[x].id), x);
        assert_int_equal(converged_owner(&p, id_next(p.peer[x].id)), (x + 1) % p.count);
    }
    assert_int_equal(converged_owner(&p, (struct id){0, 0}), 0);
    assert_int_equal(converged_owner(&p, ID_WILDCARD), 0);
    converged_plan_fini(&p);
}

/* ---- Path length. ---- */

static void closer(const struct converged_plan *p, uint32_t x, struct id key, uint32_t y, uint32_t *best)
{
    struct id gone = id_distance(p->peer[x].id, p->peer[y].id);
    if (y == x || id_compare(gone, id_distance(p->peer[x].id, key)) >= 0)
        return;
    if (*best == PLACE_NONE || id_compare(gone, id_distance(p->peer[x].id, p->peer[*best].id)) > 0)
        *best = y;
}

/* RFC 6940 10.3: the peer of the routing table with the largest id between us and the key, else the smallest beyond it: the successor. */
static uint32_t next_hop(const struct converged_plan *p, uint32_t x, struct id key)
{
    uint32_t best = PLACE_NONE;
    for (uint64_t f = p->finger_first[x]; f < p->finger_first[x + 1]; f++)
        if (p->finger[f] != PLACE_NONE)
            closer(p, x, key, p->finger[f], &best);
    for (uint32_t k = 1; k <= p->rules.successors; k++)
        closer(p, x, key, (x + k) % p->count, &best);
    for (uint32_t k = 1; k <= p->rules.predecessors; k++)
        closer(p, x, key, (x + p->count - k) % p->count, &best);
    return best == PLACE_NONE ? (x + 1) % p->count : best;
}

static double path_length(uint32_t n, unsigned neighbours, unsigned fingers)
{
    struct converged_churn churn;
    converged_churn_init(&churn, NULL);
    struct converged_plan p;
    plan(&p, &churn, n, neighbours, neighbours, fingers, 0);
    enum { LOOKUPS = 20000 };
    uint64_t links = 0;
    for (uint32_t k = 0; k < LOOKUPS; k++) {
        struct id key = {random_u64(8, k, STREAM_TEST, 0), random_u64(8, k, STREAM_TEST, 1)};
        uint32_t x = (uint32_t)random_below(8, k, STREAM_TEST, 2, n), owner = converged_owner(&p, key);
        for (; x != owner; links++) {
            assert_true(links < UINT64_C(100) * LOOKUPS);
            x = next_hop(&p, x, key);
        }
    }
    converged_plan_fini(&p);
    print_message("  %u peers, %u + %u neighbours: %.3f links\n", n, neighbours, neighbours, (double)links / LOOKUPS);
    return (double)links / LOOKUPS;
}

static void assert_length(double measured, double oracle)
{
    assert_true(measured > oracle - 0.05 && measured < oracle + 0.05);
}

static void static_paths_are_as_long_as_those_of_chord(void **state)
{
    (void)state;
    assert_length(path_length(4096, 1, 128), 6.86);
    assert_length(path_length(65536, 1, 128), 8.86);
    assert_length(path_length(4096, 3, 128), 6.69);
    assert_length(path_length(65536, 3, 128), 8.69);
    assert_length(path_length(65536, 3, 0), 8.69); /* auto leaves out only entries that the neighbours cover */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_entry_has_one_edge_and_no_edge_is_idle),
        cmocka_unit_test(the_table_reaches_the_last_successor),
        cmocka_unit_test(the_plan_does_not_depend_on_the_order_of_the_input),
        cmocka_unit_test(the_owner_is_the_first_peer_at_or_after_an_id),
        cmocka_unit_test(static_paths_are_as_long_as_those_of_chord),
    };
    return cmocka_run_group_tests_name("converged_plan", tests, NULL, NULL);
}
