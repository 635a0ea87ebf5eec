/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: tables of any size make a right ring (1-64 neighbours on either side, 1-128 fingers); fingers found by learning (RFC 6940 10.7.4.2, alternative 2);
 * intervals drawn from a law reach the node. Leaves open how good fingers are at scale (sim/world/test/). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/chord/chord.h"
#include "proto/test/overlay.h"

static struct overlay_net *ring_open(const struct overlay *config, unsigned nodes, sim_time settle)
{
    struct overlay_net *o = overlay_open(config, nodes, MILLIS(50), 0);
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < nodes; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(4));
        overlay_start(o, p, &(struct node_opts){.first = false});
    }
    overlay_run(o, overlay_now(o) + settle);
    return o;
}

static struct node_view view(struct overlay_net *o, peer_h p)
{
    struct node_view v;
    struct recorder *r = overlay_node(o, p);
    node_look(r->node, &r->env, &v);
    return v;
}

static void expect_right(struct overlay_net *o, unsigned peers)
{
    unsigned joined, right = overlay_right(o, &joined);
    assert_int_equal(joined, peers);
    assert_int_equal(right, peers);
    for (peer_h p = 0; p < peers; p++)
        assert_null(node_check(overlay_node(o, p)->node, &overlay_node(o, p)->env));
}

static void neighbour_tables_of_any_size_make_a_ring(void **state)
{
    (void)state;
    static const uint8_t sizes[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 3}, {2, 2}, {4, 3}, {3, 8}, {5, 13}, {16, 16}, {1, 64}, {64, 1}, {24, 24}, {64, 64}};
    for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct overlay config = overlay_defaults();
        unsigned peers = sizes[k][0] + sizes[k][1] > 60 ? 40 : 50;
        config.predecessors = sizes[k][0];
        config.successors = sizes[k][1];
        config.bootstrap_count = 2;
        config.bootstrap[1] = 1;
        /* With one successor a peer that has lost it sees nobody between itself and a finger: Updates do not tell, the check finds. */
        config.partition_check = sizes[k][1] == 1 ? SECONDS(300) : 0;
        struct overlay_net *o = ring_open(&config, peers, SECONDS(700)); /* an Update interval at the least */
        expect_right(o, peers);
        overlay_kill(o, 7);
        overlay_kill(o, 23);
        overlay_run(o, overlay_now(o) + SECONDS(900));
        unsigned joined, right = overlay_right(o, &joined);
        if (right != joined) print_message("%u + %u: %u of %u\n", sizes[k][0], sizes[k][1], right, joined);
        assert_int_equal(joined, peers - 2);
        assert_int_equal(right, peers - 2);
        overlay_close(o);
    }
}

static void finger_tables_of_any_size_make_a_ring(void **state)
{
    (void)state;
    for (unsigned fingers = 1; fingers <= 128; fingers += fingers < 4 ? 1 : fingers < 32 ? 7 : 31) {
        struct overlay config = overlay_defaults();
        config.fingers = (uint8_t)fingers;
        struct overlay_net *o = ring_open(&config, 60, SECONDS(300));
        expect_right(o, 60);
        for (peer_h p = 0; p < 60; p++) {
            struct node_view v = view(o, p);
            struct recorder *r = overlay_node(o, p);
            assert_int_equal(v.fingers, fingers);
            assert_true(v.fingers_filled <= fingers);
            for (unsigned i = fingers + 1; i <= 128; i++)
                assert_int_equal(node_finger(r->node, &r->env, i), PEER_NONE);
        }
        overlay_close(o);
    }
    /* The last: 128 entries. */
    struct overlay config = overlay_defaults();
    config.fingers = 128;
    struct overlay_net *o = ring_open(&config, 60, SECONDS(300));
    expect_right(o, 60);
    overlay_close(o);
}

/* ---- learning ---- */

/* Entries beyond the successors that some peer could fill, and those of them that are filled. */
static void entries(struct overlay_net *o, unsigned nodes, unsigned *could, unsigned *are)
{
    *could = *are = 0;
    for (peer_h p = 0; p < nodes; p++) {
        struct recorder *r = overlay_node(o, p);
        if (!r)
            continue;
        struct node_view v = view(o, p);
        struct id self = recorder_id(r, p), last = recorder_id(r, v.successor[v.successors - 1]);
        for (unsigned i = 1; i < chord_entry_of(id_distance(self, last)); i++) {
            bool any = false;
            for (peer_h q = 0; q < nodes; q++)
                any |= q != p && overlay_node(o, q) && chord_entry_of(id_distance(self, recorder_id(r, q))) == i;
            *could += any;
            *are += any && node_finger(r->node, &r->env, i) != PEER_NONE;
        }
    }
}

static unsigned facts_of_all(struct overlay_net *o, unsigned nodes, enum fact what)
{
    unsigned n = 0;
    for (peer_h p = 0; p < nodes; p++)
        n += overlay_node(o, p) ? overlay_facts(o, p, what) : 0;
    return n;
}

/* A third of the peers dies; nobody reacts; the entries are filled again by the periodic search alone. */
static void fingers_are_found_by_either_search(void **state)
{
    (void)state;
    for (unsigned search = 0; search < 3; search++) { /* 2: learning that never gets to select */
        enum { N = 90 };
        struct overlay config = overlay_defaults();
        config.finger_search = search == 0 ? FINGER_SEARCH_PING : FINGER_SEARCH_LEARN;
        config.reactive = false;
        config.update_interval = SECONDS(60);
        config.ping_interval = search == 2 ? SECONDS(100000) : SECONDS(120);
        struct overlay_net *o = ring_open(&config, N, SECONDS(600));
        for (peer_h p = 1; p < N; p += 3)
            overlay_kill(o, p);
        overlay_run(o, overlay_now(o) + SECONDS(90));
        unsigned could, before, after;
        entries(o, N, &could, &before);
        assert_true(before < could * 9 / 10);
        overlay_run(o, overlay_now(o) + SECONDS(1800));
        entries(o, N, &could, &after);
        if (search < 2)
            assert_true(after > could * 9 / 10);
        else
            assert_true(after <= before + could / 20); /* what the others' searches bring aside */
        unsigned joined, right = overlay_right(o, &joined);
        assert_int_equal(right, joined);
        assert_true(facts_of_all(o, N, FACT_FINGER_FILLED) > 0);
        overlay_close(o);
    }
}

/* ---- intervals ---- */

#define LAW_OF_UPDATES 3
#define LAW_OF_PINGS   4

static unsigned updates_in(struct overlay_net *o, unsigned nodes, sim_time span)
{
    uint64_t before = overlay_datagrams(o);
    (void)nodes;
    overlay_run(o, overlay_now(o) + span);
    return (unsigned)(overlay_datagrams(o) - before);
}

/* A law of the host draws each interval anew: the recorder's law k is uniform with mean 2^k s. */
static void intervals_follow_their_laws(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    config.update_interval = SECONDS(8);
    struct overlay_net *o = ring_open(&config, 12, SECONDS(60));
    unsigned fixed = updates_in(o, 12, SECONDS(400));
    overlay_close(o);
    config.update_law = LAW_OF_UPDATES;
    config.update_interval = SECONDS(100000); /* not looked at */
    o = ring_open(&config, 12, SECONDS(60));
    unsigned drawn = updates_in(o, 12, SECONDS(400));
    assert_in_range(drawn, fixed * 8 / 10, fixed * 12 / 10);
    overlay_close(o);
    config.update_law = 0;
    o = ring_open(&config, 12, SECONDS(60));
    assert_true(updates_in(o, 12, SECONDS(400)) < fixed / 10);
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbour_tables_of_any_size_make_a_ring),
        cmocka_unit_test(finger_tables_of_any_size_make_a_ring),
        cmocka_unit_test(fingers_are_found_by_either_search),
        cmocka_unit_test(intervals_follow_their_laws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
