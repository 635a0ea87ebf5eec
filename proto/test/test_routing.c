/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: whatever the way of requests and answers, a ring forms by the protocol and each peer's registration is found by others, with loss and after deaths:
 * ways back that are compressed or remembered (RFC 6940 6.1.2), requests that ask their way (6.4.2.4), answers that come straight (RFC 7263, 7264). Leaves open: how long it takes, which the simulator measures (proto/README.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/test/overlay.h"

#define PEERS 40u

static const uint8_t value[] = {2, 0, 22, 0, 0, 1, 16, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};

static struct overlay_net *ring_open(const struct overlay *config, unsigned nodes, double loss)
{
    struct overlay_net *o = overlay_open(config, nodes, MILLIS(50), loss);
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < nodes; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(2));
        overlay_start(o, p, &(struct node_opts){.first = false});
    }
    overlay_run(o, overlay_now(o) + SECONDS(120));
    unsigned joined, right = overlay_right(o, &joined);
    assert_int_equal(joined, nodes);
    assert_int_equal(right, nodes);
    return o;
}

static struct id user_resource(struct overlay_net *o, peer_h p)
{
    struct recorder *r = overlay_node(o, 0);
    return r->env.port->user_of(&r->env, p);
}

/* How many registrations were acknowledged. */
static unsigned register_all(struct overlay_net *o, unsigned nodes)
{
    unsigned done = 0, values;
    for (peer_h p = 0; p < nodes; p++) {
        overlay_request(o, p, &(struct request){.op = REQUEST_STORE, .tag = p, .resource = user_resource(o, p), .kind = 1, .lifetime_s = 3600,
                                                .value = value, .value_len = sizeof value});
        overlay_run(o, overlay_now(o) + MILLIS(300));
    }
    overlay_run(o, overlay_now(o) + SECONDS(20));
    for (peer_h p = 0; p < nodes; p++)
        done += overlay_answers(o, p, p, &values);
    return done;
}

/* Each peer that is up looks for `targets` others, one after the other. How many values came, of how many asked for. */
static unsigned look_up(struct overlay_net *o, unsigned nodes, unsigned targets, unsigned *asked)
{
    unsigned found = 0, values;
    *asked = 0;
    for (unsigned k = 1; k <= targets; k++) {
        for (peer_h p = 0; p < nodes; p++) {
            if (!overlay_node(o, p))
                continue;
            overlay_request(o, p, &(struct request){.op = REQUEST_FETCH, .tag = 1000 * k, .resource = user_resource(o, (p + 7 * k) % nodes), .kind = 1});
            overlay_run(o, overlay_now(o) + MILLIS(300));
        }
        overlay_run(o, overlay_now(o) + SECONDS(20));
        for (peer_h p = 0; p < nodes; p++)
            if (overlay_node(o, p)) {
                ++*asked;
                found += overlay_answers(o, p, 1000 * k, &values) && values == 1;
            }
    }
    return found;
}


/* A ring under this configuration: everybody is found by four others, also when a fifth of the peers has just died. */
static struct overlay_net *expect_found(const struct overlay *config, double loss)
{
    unsigned asked;
    struct overlay_net *o = ring_open(config, PEERS, loss);
    assert_int_equal(register_all(o, PEERS), PEERS);
    unsigned found = look_up(o, PEERS, 4, &asked);
    assert_int_equal(asked, 4 * PEERS);
    assert_int_equal(found, asked);
    return o;
}

static void expect_found_by_survivors(struct overlay_net *o)
{
    unsigned asked, found;
    for (peer_h p = 3; p < PEERS; p += 5)
        overlay_kill(o, p);
    overlay_run(o, overlay_now(o) + SECONDS(90));
    found = look_up(o, PEERS, 3, &asked);
    assert_int_equal(asked, 3 * (PEERS - 8));
    assert_in_range(found, asked * 97 / 100, asked); /* with three copies hardly a value dies */
}

static void every_way_back_is_found(void **state)
{
    (void)state;
    for (unsigned via = VIA_FULL; via <= VIA_STATE; via++) {
        struct overlay config = overlay_defaults();
        config.via = (enum via_keeping)via;
        struct overlay_net *o = expect_found(&config, 0.005);
        expect_found_by_survivors(o);
        overlay_close(o);
    }
}

static void an_asker_finds_its_way_itself(void **state)
{
    (void)state;
    for (unsigned lossy = 0; lossy < 2; lossy++) {
        struct overlay config = overlay_defaults();
        config.routing = ROUTING_ITERATIVE;
        struct overlay_net *o = expect_found(&config, lossy ? 0.005 : 0);
        expect_found_by_survivors(o);
        overlay_close(o);
    }
}

/* RFC 7263, 7264: answers come straight or by a relay; where they cannot, symmetrically after the timer. */
static void answers_come_straight_or_else_symmetrically(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 6; k++) {
        struct overlay config = overlay_defaults();
        config.routing = k % 2 ? ROUTING_RELAY : ROUTING_DIRECT;
        config.via = (enum via_keeping)(k / 2); /* which such requests pass by */
        struct overlay_net *o = expect_found(&config, 0.005);
        for (peer_h p = 1; p < PEERS; p += 2)
            overlay_shut(o, p);
        unsigned asked, found = look_up(o, PEERS, 2, &asked);
        assert_int_equal(found, asked);
        expect_found_by_survivors(o);
        overlay_close(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_back_is_found),
        cmocka_unit_test(an_asker_finds_its_way_itself),
        cmocka_unit_test(answers_come_straight_or_else_symmetrically),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
