/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the protocol on small networks, every node's invariants after every event: a ring made by joins is right at once and its lists within a few rounds; a
 * polite leave is repaired by its messages alone, a crash within rounds; half of the nodes may die at once; lost datagrams delay, no more; look-ups name the
 * responsible node, count the nodes asked, and get round dead fingers; one node alone, two nodes, a node that comes back under its old id.
 * Leaves open path lengths (test_path.c) and churn (test_chord2003.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/chord2003/test/chord_rig.h"

#define ROUND SECONDS(30)

/* n nodes, one every 200 ms. */
static void grow(struct chord_rig *r, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        chord_rig_start(r, i, i == 0);
        chord_rig_run(r, chord_rig_now(r) + MILLIS(200));
    }
}

static struct chord_rig *ring_of(uint32_t n)
{
    struct chord_rig *r = chord_rig_new(n);
    chord_rig_open(r, 4000);
    grow(r, n);
    return r;
}

/* Look-ups of random keys from every node online: each must name the truth. Returns how many. */
static unsigned look_up_all(struct chord_rig *r, unsigned each)
{
    uint32_t from = r->tags;
    for (uint32_t i = 0; i < r->net_config.identities; i++)
        for (unsigned k = 0; k < each && net_online(r->net, i); k++)
            chord_rig_look_up(r, i, chord_rig_key(r->tags));
    chord_rig_run(r, chord_rig_now(r) + SECONDS(16));
    for (uint32_t tag = from; tag < r->tags; tag++)
        assert_int_equal(r->owner[tag], chord_rig_owner(r, chord_rig_key(tag)));
    return r->tags - from;
}

static void test_alone(void **state)
{
    struct chord_rig *r = ring_of(1);
    (void)state;
    chord_rig_run(r, 4 * ROUND);
    assert_int_equal(r->joined, 1);
    assert_int_equal(chord_rig_wrong(r, true), 0);
    uint32_t tag = chord_rig_look_up(r, 0, chord_rig_key(1));
    assert_int_equal(r->owner[tag], 0);
    assert_int_equal(r->hops[1], 1); /* "alone" is no predecessor to judge one's own keys by */
    chord_rig_close(r);
}

static void test_two(void **state)
{
    struct chord_rig *r = ring_of(2);
    (void)state;
    chord_rig_run(r, SECONDS(2));
    assert_int_equal(r->joined, 2);
    assert_int_equal(chord_rig_wrong(r, true), 0);
    look_up_all(r, 20);
    chord_rig_crash(r, 1);
    chord_rig_run(r, chord_rig_now(r) + 3 * ROUND);
    assert_int_equal(chord_rig_wrong(r, true), 0);
    chord_rig_start(r, 1, false); /* the same id again */
    chord_rig_run(r, chord_rig_now(r) + SECONDS(2));
    assert_int_equal(r->joined, 3);
    assert_int_equal(chord_rig_wrong(r, true), 0);
    chord_rig_close(r);
}

static void test_joins(void **state)
{
    struct chord_rig *r = ring_of(100);
    (void)state;
    chord_rig_run(r, chord_rig_now(r) + SECONDS(1));
    assert_int_equal(r->joined, 100);
    assert_int_equal(chord_rig_wrong(r, false), 0); /* by HINT, before any round */
    chord_rig_run(r, chord_rig_now(r) + 5 * ROUND);
    assert_int_equal(chord_rig_wrong(r, true), 0);
    look_up_all(r, 10);
    assert_int_equal(r->dead_hops, 0);
    assert_int_equal(r->dropped, 0);
    chord_rig_close(r);
}

static void test_leave(void **state)
{
    struct chord_rig *r = ring_of(60);
    (void)state;
    chord_rig_run(r, chord_rig_now(r) + 6 * ROUND);
    for (uint32_t i = 10; i < 40; i += 3) {
        chord_rig_leave(r, i);
        chord_rig_run(r, chord_rig_now(r) + SECONDS(1));
        assert_int_equal(chord_rig_wrong(r, false), 0);
    }
    assert_int_equal(r->left, 10);
    look_up_all(r, 10);
    chord_rig_close(r);
}

static void test_crash(void **state)
{
    struct chord_rig *r = ring_of(60);
    (void)state;
    chord_rig_run(r, chord_rig_now(r) + 6 * ROUND);
    chord_rig_crash(r, r->order[7]);
    chord_rig_run(r, chord_rig_now(r) + MILLIS(100));
    assert_true(chord_rig_wrong(r, false) > 0); /* nobody knows yet */
    chord_rig_run(r, chord_rig_now(r) + 3 * ROUND);
    assert_int_equal(chord_rig_wrong(r, false), 0);
    look_up_all(r, 10);
    chord_rig_close(r);
}

static void test_half_dies(void **state)
{
    struct chord_rig *r = chord_rig_new(100);
    (void)state;
    r->config.successors = 10; /* 2^-10 that all of a list die */
    chord_rig_open(r, 4000);
    grow(r, 100);
    chord_rig_run(r, chord_rig_now(r) + 12 * ROUND);
    assert_int_equal(chord_rig_wrong(r, true), 0);
    for (uint32_t i = 2; i < 100; i++)
        if (chord_rig_key(i).hi & 1)
            chord_rig_crash(r, i);
    chord_rig_run(r, chord_rig_now(r) + 4 * ROUND);
    assert_int_equal(chord_rig_wrong(r, false), 0);
    look_up_all(r, 10);
    assert_true(r->dead_hops > 0); /* fingers to the dead are still there */
    assert_int_equal(r->failed, 0);
    uint64_t dead = r->dead_hops;
    chord_rig_run(r, chord_rig_now(r) + 60 * ROUND);
    assert_int_equal(chord_rig_wrong(r, true), 0);
    look_up_all(r, 10);
    assert_true(r->dead_hops - dead < dead / 4); /* and no longer */
    chord_rig_close(r);
}

static void test_back_again(void **state)
{
    struct chord_rig *r = ring_of(40);
    (void)state;
    chord_rig_run(r, chord_rig_now(r) + 6 * ROUND);
    uint64_t joined = r->joined;
    chord_rig_crash(r, r->order[20]);
    chord_rig_start(r, r->order[20], false); /* its neighbours have not noticed that it was gone */
    chord_rig_run(r, chord_rig_now(r) + 2 * ROUND);
    assert_int_equal(r->joined, joined + 1);
    assert_int_equal(chord_rig_wrong(r, false), 0);
    chord_rig_close(r);
}

static void test_loss(void **state)
{
    struct chord_rig *r = chord_rig_new(60);
    (void)state;
    r->net_config.loss = 0.05;
    chord_rig_open(r, 4000);
    grow(r, 60);
    chord_rig_run(r, chord_rig_now(r) + 4 * ROUND);
    assert_true(r->joined >= 60);
    unsigned wrong = 0; /* a round may be spoilt for a node now and then */
    for (unsigned i = 0; i < 20; i++) {
        chord_rig_run(r, chord_rig_now(r) + ROUND);
        wrong += chord_rig_wrong(r, false);
    }
    assert_true(wrong < 20 * 60 / 25);
    chord_rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),      cmocka_unit_test(test_two),   cmocka_unit_test(test_joins),
        cmocka_unit_test(test_leave),      cmocka_unit_test(test_crash), cmocka_unit_test(test_half_dies),
        cmocka_unit_test(test_back_again), cmocka_unit_test(test_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
