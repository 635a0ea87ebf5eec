/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: peers that join by the protocol form the one right ring, also under loss and after deaths; a registration is found again by everybody and survives
 * its owner; Leave. Leaves open: timing and load, which the simulator measures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/overlay.h"

static void join_all(struct overlay_net *o, unsigned nodes, sim_time gap)
{
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < nodes; p++) {
        overlay_run(o, overlay_now(o) + gap);
        overlay_start(o, p, &(struct node_opts){.first = false});
    }
}

static void report(struct overlay_net *o, unsigned nodes)
{
    for (peer_h p = 0; p < nodes; p++) {
        struct recorder *r = overlay_node(o, p);
        if (!r)
            continue;
        struct node_view v;
        node_look(r->node, &r->env, &v);
        printf("%u state %d pred %u succ %u links %u ready %u fingers %u values %u bytes %zu\n", p, v.state, v.predecessors, v.successors, v.links,
               v.links_ready, v.fingers_valid, v.values, node_bytes(r->node));
    }
}

static void expect_ring(struct overlay_net *o, unsigned nodes, unsigned expected)
{
    unsigned joined, right = overlay_right(o, &joined);
    if (joined != expected || right != expected)
        report(o, nodes);
    assert_int_equal(joined, expected);
    assert_int_equal(right, expected);
}

static void two_peers_form_a_ring(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 2, MILLIS(50), 0);
    join_all(o, 2, SECONDS(1));
    overlay_run(o, SECONDS(10));
    expect_ring(o, 2, 2);
    overlay_close(o);
}

static void sixty_four_peers_form_a_ring(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 64, MILLIS(50), 0);
    join_all(o, 64, SECONDS(1));
    overlay_run(o, SECONDS(120));
    expect_ring(o, 64, 64);
    overlay_close(o);
}

static void a_crowd_joins_under_loss(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 100, MILLIS(50), 0.02);
    join_all(o, 100, MILLIS(100));
    overlay_run(o, SECONDS(300));
    expect_ring(o, 100, 100);
    overlay_close(o);
}

/* Neighbour lists so long that an Update takes three fragments, the middle one without a token. */
static void long_neighbour_lists_cross_in_fragments(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    config.predecessors = config.successors = 64;
    struct overlay_net *o = overlay_open(&config, 70, MILLIS(50), 0.005);
    join_all(o, 70, SECONDS(2));
    overlay_run(o, overlay_now(o) + SECONDS(120));
    expect_ring(o, 70, 70);
    overlay_close(o);
}

static void the_ring_closes_over_the_dead(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 64, MILLIS(50), 0.005);
    join_all(o, 64, SECONDS(1));
    overlay_run(o, SECONDS(120));
    for (peer_h p = 1; p < 64; p += 5)
        overlay_kill(o, p);
    overlay_run(o, SECONDS(300));
    expect_ring(o, 64, 64 - 13);
    overlay_close(o);
}

static unsigned holders(struct overlay_net *o, unsigned nodes, peer_h owner, struct id resource)
{
    unsigned n = 0;
    for (peer_h p = 0; p < nodes; p++) {
        struct recorder *r = overlay_node(o, p);
        n += r && node_holds(r->node, &r->env, resource, 1, owner, NULL);
    }
    return n;
}

static struct id user_resource(struct overlay_net *o, peer_h p)
{
    struct recorder *r = overlay_node(o, 0);
    return r->env.port->user_of(&r->env, p);
}

static void register_all(struct overlay_net *o, unsigned nodes)
{
    static const uint8_t value[] = {2, 0, 22, 0, 0, 1, 16, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    for (peer_h p = 0; p < nodes; p++)
        overlay_request(o, p, &(struct request){.op = REQUEST_STORE, .tag = p, .resource = user_resource(o, p), .kind = 1, .lifetime_s = 3600,
                                                .value = value, .value_len = sizeof value});
    overlay_run(o, overlay_now(o) + SECONDS(20));
}

/* Everybody looks for `target`, one after the other: at once they would overrun the owner's stop-and-wait links. How many got its value. */
static unsigned look_up(struct overlay_net *o, unsigned nodes, peer_h target)
{
    struct id resource = user_resource(o, target);
    unsigned found = 0, values;
    for (peer_h p = 0; p < nodes; p++)
        if (overlay_node(o, p)) {
            overlay_request(o, p, &(struct request){.op = REQUEST_FETCH, .tag = 1000 * (target + 1) + p, .resource = resource, .kind = 1});
            overlay_run(o, overlay_now(o) + MILLIS(400));
        }
    overlay_run(o, overlay_now(o) + SECONDS(20));
    for (peer_h p = 0; p < nodes; p++)
        found += overlay_node(o, p) && overlay_answers(o, p, 1000 * (target + 1) + p, &values) && values == 1;
    return found;
}

static void a_registration_is_found_by_everybody(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 40, MILLIS(50), 0.01);
    join_all(o, 40, SECONDS(1));
    overlay_run(o, SECONDS(120));
    register_all(o, 40);
    for (peer_h p = 0; p < 40; p++)
        assert_int_equal(holders(o, 40, p, user_resource(o, p)), 3);
    assert_int_equal(look_up(o, 40, 7), 40);
    overlay_close(o);
}

/* Kills the owner of one value and then the next holder, with time to repair between. */
static void a_registration_outlives_its_holders(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 40, MILLIS(50), 0);
    join_all(o, 40, SECONDS(1));
    overlay_run(o, SECONDS(120));
    register_all(o, 40);
    struct id resource = user_resource(o, 7);
    unsigned alive = 40;
    for (int round = 0; round < 4; round++) {
        for (peer_h p = 1; p < 40; p++) {
            uint8_t replica = 9;
            struct recorder *r = overlay_node(o, p);
            if (r && p != 7 && node_holds(r->node, &r->env, resource, 1, 7, &replica)) {
                overlay_kill(o, p);
                alive--;
                break;
            }
        }
        overlay_run(o, overlay_now(o) + SECONDS(150));
        assert_int_equal(holders(o, 40, 7, resource), 3);
    }
    assert_int_equal(look_up(o, 40, 7), alive);
    overlay_close(o);
}

/* A value moves to a newcomer that owns its place, and is found there. */
static void a_newcomer_gets_what_it_owns(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 60, MILLIS(50), 0.01);
    join_all(o, 30, SECONDS(1));
    overlay_run(o, SECONDS(60));
    register_all(o, 30);
    for (peer_h p = 30; p < 60; p++) {
        overlay_start(o, p, &(struct node_opts){.first = false});
        overlay_run(o, overlay_now(o) + SECONDS(3));
    }
    overlay_run(o, overlay_now(o) + SECONDS(120));
    expect_ring(o, 60, 60);
    for (peer_h p = 0; p < 30; p++) {
        assert_in_range(holders(o, 60, p, user_resource(o, p)), 3, 4);
        assert_int_equal(look_up(o, 60, p), 60);
    }
    overlay_close(o);
}

static void a_leaver_says_farewell(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 30, MILLIS(50), 0);
    join_all(o, 30, SECONDS(1));
    overlay_run(o, SECONDS(100));
    overlay_request(o, 11, &(struct request){.op = REQUEST_LEAVE});
    overlay_run(o, overlay_now(o) + SECONDS(5));
    assert_int_equal(overlay_facts(o, 11, FACT_LEFT), 1);
    overlay_kill(o, 11);
    overlay_run(o, overlay_now(o) + SECONDS(10)); /* sooner than silence could tell */
    expect_ring(o, 30, 29);
    overlay_close(o);
}

static void a_peer_returns_at_once(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, 30, MILLIS(50), 0);
    join_all(o, 30, SECONDS(1));
    overlay_run(o, SECONDS(100));
    overlay_kill(o, 11);
    overlay_run(o, overlay_now(o) + SECONDS(5));
    overlay_start(o, 11, &(struct node_opts){.first = false}); /* its old links are not known to be dead yet */
    overlay_run(o, overlay_now(o) + SECONDS(120));
    expect_ring(o, 30, 30);
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_peers_form_a_ring),
        cmocka_unit_test(sixty_four_peers_form_a_ring),
        cmocka_unit_test(a_crowd_joins_under_loss),
        cmocka_unit_test(long_neighbour_lists_cross_in_fragments),
        cmocka_unit_test(the_ring_closes_over_the_dead),
        cmocka_unit_test(a_registration_is_found_by_everybody),
        cmocka_unit_test(a_registration_outlives_its_holders),
        cmocka_unit_test(a_newcomer_gets_what_it_owns),
        cmocka_unit_test(a_leaver_says_farewell),
        cmocka_unit_test(a_peer_returns_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
