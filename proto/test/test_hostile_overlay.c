/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: an overlay of 48 peers of which every eighth changes, withholds, repeats and replays what it sends (RFC 6940 13.6): honest peers stay joined, none
 * breaks an invariant or exceeds its limits (the recorder looks after each call), and look-ups among the honest mostly succeed. Leaves open: peers
 * that lie in well-formed messages (test_hostile_ring.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/test/overlay.h"

#define NODES 48u

static bool hostile(peer_h p)
{
    return p % 8 == 5;
}

static struct id user_resource(struct overlay_net *o, peer_h p)
{
    struct recorder *r = overlay_node(o, p);
    return r->env.port->user_of(&r->env, p);
}

static void honest_peers_find_each_other_among_hostile_ones(void **state)
{
    (void)state;
    static const uint8_t value[] = {2, 0, 22, 0, 0, 1, 16, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    struct overlay config = overlay_defaults();
    struct overlay_net *o = overlay_open(&config, NODES, MILLIS(50), 0.005);
    unsigned asked = 0, found = 0, joined = 0, spoilt = 0;
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < NODES; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(1));
        overlay_start(o, p, &(struct node_opts){.first = false});
    }
    overlay_run(o, overlay_now(o) + SECONDS(60));
    for (peer_h p = 0; p < NODES; p++)
        if (hostile(p))
            overlay_turn(o, p);
    overlay_run(o, overlay_now(o) + SECONDS(300));
    for (peer_h p = 0; p < NODES; p++)
        if (!hostile(p))
            overlay_request(o, p, &(struct request){.op = REQUEST_STORE, .tag = p, .resource = user_resource(o, p), .kind = 1, .lifetime_s = 3600,
                                                    .value = value, .value_len = sizeof value});
    overlay_run(o, overlay_now(o) + SECONDS(30));
    for (unsigned round = 0; round < 4; round++) {
        for (peer_h p = 0; p < NODES; p++) {
            peer_h target = (p * 7 + round * 11 + 1) % NODES;
            if (hostile(p) || hostile(target))
                continue;
            overlay_request(o, p, &(struct request){.op = REQUEST_FETCH, .tag = 1000 + round, .resource = user_resource(o, target), .kind = 1});
            overlay_run(o, overlay_now(o) + MILLIS(200));
        }
        overlay_run(o, overlay_now(o) + SECONDS(20));
        for (peer_h p = 0; p < NODES; p++) {
            peer_h target = (p * 7 + round * 11 + 1) % NODES;
            unsigned values;
            if (hostile(p) || hostile(target))
                continue;
            asked++;
            found += overlay_answers(o, p, 1000 + round, &values) && values == 1;
        }
    }
    for (peer_h p = 0; p < NODES; p++) {
        struct recorder *r = overlay_node(o, p);
        struct node_view v;
        node_look(r->node, &r->env, &v);
        joined += v.state == NODE_JOINED;
        spoilt += overlay_facts(o, p, FACT_DROPPED);
        assert_true(r->block_bytes + r->work_bytes < 200000);
    }
    print_message("%u of %u look-ups among honest peers found their value; %u messages dropped; %u of %u joined\n", found, asked, spoilt, joined, NODES);
    assert_true(joined >= NODES - 1);
    assert_true(spoilt > 50);
    assert_true(found * 100 > asked * 90);
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_peers_find_each_other_among_hostile_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
