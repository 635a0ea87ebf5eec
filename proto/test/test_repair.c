/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what becomes of a ring whose peers lose each other and find each other again: outages of one peer, of one path, returns before anybody noticed,
 * joins beside the dead. Leaves open: load and timing in large overlays, which the simulator measures. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/chord/chord.h"
#include "proto/test/overlay.h"

static const struct node_opts newcomer = {.first = false};

/* A settled ring; `absent` stays away. */
static struct overlay_net *ring_open(const struct overlay *config, unsigned nodes, peer_h absent)
{
    struct overlay_net *o = overlay_open(config, nodes, MILLIS(50), 0);
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < nodes; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(1));
        if (p != absent)
            overlay_start(o, p, &newcomer);
    }
    overlay_run(o, SECONDS(200));
    return o;
}

static struct node_view view(struct overlay_net *o, peer_h p)
{
    struct node_view v;
    struct recorder *r = overlay_node(o, p);
    node_look(r->node, &r->env, &v);
    return v;
}

/* Milliseconds until the peer has joined, at most `limit`. */
static unsigned joined_after_ms(struct overlay_net *o, peer_h p, sim_time limit)
{
    sim_time start = overlay_now(o);
    while (view(o, p).state != NODE_JOINED && overlay_now(o) < start + limit)
        overlay_run(o, overlay_now(o) + MILLIS(100));
    return (unsigned)((overlay_now(o) - start) / MILLIS(1));
}

static void expect_right(struct overlay_net *o, unsigned peers)
{
    unsigned joined, right = overlay_right(o, &joined);
    assert_int_equal(joined, peers);
    assert_int_equal(right, peers);
}

static unsigned owned_ppb(struct overlay_net *o, const struct overlay *config, peer_h p)
{
    struct recorder *r = overlay_node(o, p);
    return chord_responsible_ppb(&(struct call){.n = r->node, .env = &r->env, .o = config});
}

/* 10.1: the range is that behind the first predecessor, also when the peer lost the ring and found the same predecessor again. */
static void a_peer_that_rejoins_owns_what_it_owned(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = ring_open(&config, 20, PEER_NONE);
    for (peer_h p = 5; p < 9; p++) {
        unsigned before = owned_ppb(o, &config, p);
        peer_h predecessor = view(o, p).predecessor[0];
        for (peer_h other = 0; other < 20; other++)
            if (other != p)
                overlay_cut(o, p, other, true);
        overlay_run(o, overlay_now(o) + SECONDS(90));
        for (peer_h other = 0; other < 20; other++)
            overlay_cut(o, p, other, false);
        joined_after_ms(o, p, SECONDS(300));
        overlay_run(o, overlay_now(o) + SECONDS(60));
        assert_true(overlay_facts(o, p, FACT_JOIN_FAILED) > 0);
        assert_int_equal(view(o, p).predecessor[0], predecessor);
        assert_int_equal(owned_ppb(o, &config, p), before);
    }
    overlay_close(o);
}

/* Neighbours that lose each other, not the ring, find each other again when the path between them has healed. */
static void neighbours_that_lost_each_other_meet_again(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = ring_open(&config, 30, PEER_NONE);
    peer_h successor = view(o, 7).successor[0];
    overlay_cut(o, 7, successor, true);
    overlay_run(o, overlay_now(o) + SECONDS(120));
    assert_int_not_equal(view(o, 7).successor[0], successor);
    overlay_cut(o, 7, successor, false);
    overlay_run(o, overlay_now(o) + 2 * config.update_interval);
    expect_right(o, 30);
    overlay_close(o);
}

/* The peer whose id is the first behind that of p, in the ring without p. */
static peer_h place_of(struct overlay_net *o, unsigned nodes, peer_h p)
{
    struct recorder *r = overlay_node(o, 0);
    peer_h best = PEER_NONE;
    for (peer_h q = 0; q < nodes; q++)
        if (q != p && (best == PEER_NONE || id_compare(id_distance(recorder_id(r, p), recorder_id(r, q)),
                                                       id_distance(recorder_id(r, p), recorder_id(r, best))) < 0))
            best = q;
    return best;
}

/* 10.5: a joiner does not wait for a neighbour beyond the time-out of its Attach, 15 s. */
static void a_joiner_does_not_wait_for_the_dead(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    for (peer_h p = 25; p < 28; p++) {
        struct overlay_net *o = ring_open(&config, 30, p);
        struct node_view v = view(o, place_of(o, 30, p));
        overlay_kill(o, v.successor[0] ? v.successor[0] : v.predecessor[0]); /* 0 is the bootstrap node */
        overlay_run(o, overlay_now(o) + SECONDS(1));
        overlay_start(o, p, &newcomer);
        assert_in_range(joined_after_ms(o, p, SECONDS(300)), 1, 17000);
        assert_int_equal(overlay_facts(o, p, FACT_JOIN_FAILED), 0);
        overlay_close(o);
    }
}

/* Two pairs of neighbours that cannot reach each other, side by side: each knows somebody that the other's list lacks, and there is no cure. They say
 * so once, not with each answer. */
static void neighbours_do_not_teach_each_other_for_ever(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = ring_open(&config, 30, PEER_NONE);
    struct node_view v = view(o, 7);
    overlay_cut(o, 7, v.successor[0], true);
    overlay_cut(o, v.successor[1], v.successor[2], true);
    overlay_run(o, overlay_now(o) + SECONDS(100));
    uint64_t before = overlay_datagrams(o);
    overlay_run(o, overlay_now(o) + SECONDS(100));
    assert_in_range(overlay_datagrams(o) - before, 0, 1000);
    overlay_close(o);
}

/* A peer crashes and is back before anybody has noticed: its old links lead nowhere, and nothing may be routed through them. */
static void a_peer_that_returns_at_once_joins_at_once(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = ring_open(&config, 30, PEER_NONE);
    for (peer_h p = 11; p < 17; p++) {
        overlay_kill(o, p);
        overlay_run(o, overlay_now(o) + SECONDS(1));
        overlay_start(o, p, &newcomer);
        assert_in_range(joined_after_ms(o, p, SECONDS(300)), 1, 9000);
        overlay_run(o, overlay_now(o) + SECONDS(100));
    }
    overlay_close(o);
}

/* 10.7.1 binds the first peer too; but where nobody answers it is the overlay still (6.4.2.1). */
static void the_first_peer_comes_back_too(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    config.bootstrap_count = 2;
    config.bootstrap[1] = 1;
    struct overlay_net *o = ring_open(&config, 20, PEER_NONE);
    for (peer_h other = 1; other < 20; other++)
        overlay_cut(o, 0, other, true);
    overlay_run(o, overlay_now(o) + SECONDS(180));
    assert_int_equal(view(o, 0).state, NODE_JOINED);
    assert_int_equal(view(o, 0).successors, 0);
    for (peer_h other = 1; other < 20; other++)
        overlay_cut(o, 0, other, false);
    overlay_close(o);

    o = ring_open(&config, 20, PEER_NONE);
    for (peer_h other = 1; other < 20; other++)
        overlay_cut(o, 0, other, true);
    overlay_run(o, overlay_now(o) + SECONDS(50)); /* the ring is lost, nobody has been asked for long */
    for (peer_h other = 1; other < 20; other++)
        overlay_cut(o, 0, other, false);
    overlay_run(o, overlay_now(o) + 2 * config.update_interval);
    expect_right(o, 20);
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_rejoins_owns_what_it_owned),
        cmocka_unit_test(neighbours_that_lost_each_other_meet_again),
        cmocka_unit_test(a_joiner_does_not_wait_for_the_dead),
        cmocka_unit_test(a_peer_that_returns_at_once_joins_at_once),
        cmocka_unit_test(the_first_peer_comes_back_too),
        cmocka_unit_test(neighbours_do_not_teach_each_other_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
